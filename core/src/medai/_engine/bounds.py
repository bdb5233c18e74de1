"""Bounds of a recipe's numbers, which their types do not say."""

from __future__ import annotations

from medai.api import Recipe, Split, Train
from medai.errors import UsageError

LAST = "last"
"""Of `train.select`: the weights at the end are kept, whatever validation says."""
_AT_LEAST_ONE = ("batch", "steps", "epochs", "validate_every", "save_every", "patience")


def check_bounds(recipe: Recipe) -> None:
    """Raise UsageError for a number that no training or split can have."""
    _check_split(recipe.protocol.split)
    if recipe.train is not None:
        _check_train(recipe.train)


def _check_train(train: Train) -> None:
    for name in _AT_LEAST_ONE:
        value = getattr(train, name)
        if value is not None and value < 1:
            raise UsageError(f"train.{name} = {value}: at least 1 is wanted")
    if train.warmup < 0:
        raise UsageError(f"train.warmup = {train.warmup}: 0 or more is wanted")
    if train.clip is not None and train.clip <= 0:
        raise UsageError(f"train.clip = {train.clip}: more than 0 is wanted")
    if train.select == LAST and train.patience is not None:
        raise UsageError(f"train.patience = {train.patience}: train.select = {LAST!r} keeps the last weights, which no figure decides")


def _check_split(split: Split) -> None:
    for name in ("valid", "test"):
        value = getattr(split, name)
        if isinstance(value, float | int) and not 0 <= value <= 1:
            raise UsageError(f"protocol.split.{name} = {value}: a fraction from 0 to 1, or the groups' names, are wanted")
    if split.gap < 0:
        raise UsageError(f"protocol.split.gap = {split.gap}: 0 or more is wanted")
    for rule in split.without:
        if not rule.partition("=")[0]:
            raise UsageError(f"protocol.split.without: {rule!r} names no attribute: name=value, or a name, is wanted")

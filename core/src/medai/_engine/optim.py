"""Optimisers and schedules of torch, by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler

from medai._engine.construct import check
from medai._words import nearest
from medai.api import Train, Use
from medai.errors import UsageError

# What a schedule calls the number of its steps; a recipe may leave it to the run.
_TOTALS = ("T_max", "total_steps", "total_iters")


def build_optimizer(use: Use, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """A `torch.optim` class by name.

    Raises:
        UsageError: the name or a parameter is unknown or refused.
    """
    known = {name: kind for name, kind in vars(torch.optim).items() if _is_a(kind, Optimizer)}
    del known["LBFGS"]  # it asks for the loss anew several times within one step
    kind = _by_name("optimizer", use.id, known)
    optimizer: Optimizer = _built(use, kind, list(parameters), "params")
    return optimizer


def build_schedule(train: Train, optimizer: Optimizer, total: int) -> lr_scheduler.LRScheduler | None:
    """The schedule of a recipe over `total` advances, behind its warm-up; None when there is neither."""
    after = None
    if train.schedule is not None:
        known = {name: kind for name, kind in vars(lr_scheduler).items() if _is_a(kind, lr_scheduler.LRScheduler) and name[0] != "_"}
        del known["ReduceLROnPlateau"]  # it follows a validation figure, not the steps
        kind = _by_name("schedule", train.schedule.id, known)
        missing = [name for name in _TOTALS if name in inspect.signature(kind).parameters and name not in train.schedule.params]
        params: Mapping[str, object] = {**train.schedule.params, **dict.fromkeys(missing, max(1, total - train.warmup))}
        if "max_lr" in inspect.signature(kind).parameters and "max_lr" not in params:
            params = {**params, "max_lr": optimizer.param_groups[0]["lr"]}
        after = _built(Use(train.schedule.id, params), kind, optimizer, "optimizer")
    if not train.warmup:
        return after
    rise = lr_scheduler.LambdaLR(optimizer, _Rise(train.warmup))
    if after is None:
        return rise
    return lr_scheduler.SequentialLR(optimizer, [rise, after], milestones=[train.warmup])


class _Rise:
    """A factor that rises linearly from 1/n to 1 over n advances."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, advance: int) -> float:
        return min(1.0, (advance + 1) / self.count)


def _by_name(what: str, name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise UsageError(f"unknown {what} {name!r}{nearest(name, known)}")
    return known[name]


def _built(use: Use, kind: Any, first: object, first_name: str) -> Any:
    given = {key: value for key, value in use.params.items() if key != first_name}
    checked = check(use.id, kind, given, injected={first_name: first})
    try:
        return kind(first, **checked)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise UsageError(f"{use.id}: {error}") from error


def _is_a(value: object, parent: type) -> bool:
    return isinstance(value, type) and issubclass(value, parent) and value is not parent

"""Numbers that no training and no split can have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from medai._engine.bounds import check_bounds
from medai._engine.configure import Request, configure
from medai.api import Protocol, Recipe, Split, Train, use
from medai.errors import UsageError

RECIPE = Recipe(name="one", task="restoration", model=use("a/net"), data={}, train=Train(steps=1))


def trained(**given: Any) -> Recipe:
    return replace(RECIPE, train=Train(**given))


def split(**given: Any) -> Recipe:
    return replace(RECIPE, protocol=Protocol(split=Split(**given)))


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("name", ["batch", "steps", "epochs", "validate_every", "save_every", "patience"])
def test_counts_are_at_least_one(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=rf"^train\.{name} = {value}: at least 1"):
        check_bounds(trained(**{name: value}))
    check_bounds(trained(**{name: 1}))


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (trained(warmup=-1), r"train\.warmup = -1"),
        (trained(clip=0.0), r"train\.clip = 0\.0"),
        (trained(clip=-1.0), r"train\.clip = -1\.0"),
        (trained(select="last", patience=3), r"train\.patience = 3: train\.select = 'last'"),
        (split(valid=1.5), r"protocol\.split\.valid = 1\.5"),
        (split(valid=-0.1), r"protocol\.split\.valid = -0\.1"),
        (split(test=1.5), r"protocol\.split\.test = 1\.5"),
        (split(test=-0.1), r"protocol\.split\.test = -0\.1"),
        (split(test=float("nan")), r"protocol\.split\.test = nan"),
        (split(gap=-1), r"protocol\.split\.gap = -1"),
    ],
)
def test_other_bounds(recipe: Recipe, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_bounds(recipe)


@pytest.mark.parametrize(
    "recipe",
    [
        trained(warmup=0, clip=0.1, patience=None, save_every=None, select="last"),
        split(valid=0.0, test=1.0, gap=0),
        split(valid=("p1",), test=("p2",)),
        replace(RECIPE, train=None),
    ],
)
def test_what_is_within_them(recipe: Recipe) -> None:
    check_bounds(recipe)


def test_a_configuration_is_checked() -> None:
    with pytest.raises(UsageError, match=r"train\.batch = 0"):
        configure(Request("enginetoys/denoise", assignments=("train.batch=0",)))


def test_what_is_left_out_names_an_attribute() -> None:
    with pytest.raises(UsageError, match=r"protocol\.split\.without: '=normal' names no attribute"):
        check_bounds(split(without=("=normal",)))

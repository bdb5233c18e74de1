"""An author is told what his plugin uses that goes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from medai import _deprecated
from medai._deprecated import Deprecation
from medai_sdk import check_plugin
from medai_sdk.contract.watching.sources import deprecated_uses

_TIMES = {"warns": "0.2", "fails": "0.4", "gone": "0.5"}
GOING = (
    Deprecation(kind="name", owner="medai.io", name="load_image", instead="read_image", **_TIMES),
    Deprecation(kind="parameter", owner="medai.api.Train", name="max_steps", advice="write steps", **_TIMES),
    Deprecation(kind="hook", name="medai_networks", instead="medai_models", **_TIMES),
)
SOURCE = """
import medai.io
from medai.io import load_image
from medai import io as files
from medai.api import Train, use

def medai_networks():
    return [Train(max_steps=3), use("toys/old")]

files.load_image, medai.io.load_image, load_image
other.load_image
dict(max_steps=3)
"""


def told(version: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    monkeypatch.setattr(_deprecated, "TABLE", GOING)
    monkeypatch.setattr(_deprecated, "VERSION", version)
    return sorted(deprecated_uses(ast.parse(SOURCE), {"toys/old": "toys/new"}))


@pytest.mark.parametrize("version", ["0.2", "0.4"])
def test_each_kind_of_use_is_told_with_its_line(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    assert told(version, monkeypatch) == [
        (3, "medai.io.load_image: use read_image"),
        (7, "the hook medai_networks: use medai_models"),
        (8, "max_steps of medai.api.Train: write steps"),
        (8, "toys/old is called toys/new now"),
        (10, "medai.io.load_image: use read_image"),
        (10, "medai.io.load_image: use read_image"),
    ]


def test_what_does_not_go_yet_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("0.1", monkeypatch) == [(8, "toys/old is called toys/new now")]


RENAMED = """
from medai.api import LossSpec, Protocol, Recipe, Slot, hookimpl, use

@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="torch.nn:MSELoss", summary="squares", task="restoration", former_names={"squares": "2.0"})]

@hookimpl
def medai_recipes():
    model, loss = use("other/net"), use("renamed/squares")
    return [Recipe(name="run", task="restoration", model=model, loss=loss, data={"images": Slot(folder=use("other/images"))})]
"""


def test_the_check_names_an_id_that_was_renamed(distribution: Callable[..., Path]) -> None:
    distribution("medai-renamed", RENAMED)
    (found,) = check_plugin("renamed", only=["plugin.uses-nothing-deprecated"]).outcomes
    assert (found.status, found.level, found.breaks) == ("failed", "advice", False)
    assert found.reason == "medai_renamed/plugin.py, line 10: renamed/squares is called renamed/mse now"

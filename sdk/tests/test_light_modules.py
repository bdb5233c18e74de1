"""A light module may ask whether a heavy library is there; it may not import it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medai_sdk import check_plugin

SOURCE = """
from importlib.util import find_spec

from medai.api import LossSpec, hookimpl

HERE = {asked}


@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="torch.nn:MSELoss", summary="The mean squared error.", task="restoration")]
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ('find_spec("torch") is not None', ""),
        ('find_spec("no_such_library") is not None', ""),
        # A part can be asked for only behind the whole, which is then imported.
        ('find_spec("packaging.version") is not None', "it imports packaging"),
        ('__import__("packaging")', "it imports packaging"),
    ],
)
def test_to_ask_whether_a_library_is_there_is_no_import(distribution: Callable[..., Path], asked: str, told: str) -> None:
    distribution("medai-asks", SOURCE.format(asked=asked))
    (found,) = check_plugin("asks", only=["plugin.imports-light"]).outcomes
    assert (found.status, found.reason[: len(told)]) == ("failed" if told else "passed", told)

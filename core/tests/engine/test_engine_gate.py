"""What a figure may move by, and how two predictions are compared."""

from __future__ import annotations

import math

import pytest
import torch

from medai._engine.gate import Change, Gate, _difference
from medai.tasks import Boxes, Image, Label

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("run", "exported", "passed"),
    [
        (34.2, 34.2 + 0.034, True),  # a thousandth of the figure
        (34.2, 34.2 + 0.035, False),
        (-34.2, -34.2 - 0.034, True),
        (0.9, 0.9 - 0.0008, True),
        (0.9, 0.9 - 0.001, False),
        (0.001, 0.001 + 0.00009, True),  # below 0.1, a thousandth of 0.1
        (0.001, 0.0012, False),
        (0.0, 0.0, True),
        (NAN, NAN, True),
        (NAN, 0.5, False),
        (0.5, NAN, False),
        (INF, INF, True),
        (INF, 60.0, False),
        (60.0, INF, False),
        (INF, -INF, False),
    ],
)
def test_a_figure_may_move_by_the_tolerance_times_itself(run: float, exported: float, passed: bool) -> None:
    assert Change.of("x", run, exported, 0.001).passed is passed


def test_a_tolerance_of_nothing_wants_the_same_figure() -> None:
    assert Change.of("x", 0.9, 0.9, 0).passed and not Change.of("x", 0.9, math.nextafter(0.9, 1), 0).passed


def test_a_record_says_what_changed() -> None:
    change = Change.of("psnr", 30.0, 29.0, 0.001)
    assert change.as_record() == {
        "figure": "psnr", "run": 30.0, "exported": 29.0, "allowed": pytest.approx(0.03), "change": -1.0, "passed": False,
    }  # fmt: skip
    assert Gate(0.001, (change,), 3).as_record()["passed"] and not Gate(0.001, reason="it moved").as_record()["passed"]


def test_predictions_are_compared_by_their_numbers() -> None:
    first, second = Image(torch.zeros(1, 2, 2), "HU"), Image(torch.tensor([[[0.0, -3.0], [1.0, 2.0]]]), "HU")
    assert _difference(first, second) == 3.0
    boxes = [Boxes(torch.zeros(n, 4), torch.zeros(n, dtype=torch.int64), torch.full((n,), 0.5)) for n in (0, 2)]
    assert _difference(boxes[0], boxes[0]) == 0.0 and _difference(boxes[0], boxes[1]) is None
    assert _difference(Label(1), Label(1)) is None

"""Values are compared and spoilt without knowing what they mean."""

from __future__ import annotations

import math

import pytest
import torch

from medai.tasks import Batch, Boxes, Image, Label, Mask
from medai.tasks.detection import Detection
from medai.tasks.segmentation import Segmentation
from medai_sdk.contract.trials.comparing import copied, difference
from medai_sdk.contract.trials.spoiling import degenerate, untied, worse_answers
from medai_sdk.stub import samples


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (Label(1), Label(1), 0.0),
        (Label(1), Label(3), 2 / 3),
        (Mask(torch.zeros(2, 2, dtype=torch.int64)), Mask(torch.ones(2, 2, dtype=torch.int64)), 1.0),
        (Image(torch.zeros(1, 2, 2), "HU"), Image(torch.zeros(1, 2, 2), "0..1"), math.inf),
        (torch.zeros(2), torch.zeros(3), math.inf),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64), math.inf),
        (torch.tensor([math.nan, math.inf]), torch.tensor([math.nan, math.inf]), 0.0),
        (torch.tensor([math.nan]), torch.tensor([1.0]), math.inf),
        ({"a": [1.0, 2.0], "b": 0.0}, {"b": 0.0, "a": [1.0, 2.5]}, 0.2),
        ({"a": 1.0}, {"b": 1.0}, math.inf),
        ("one", "two", math.inf),
        (None, 1.0, math.inf),
    ],
)
def test_the_largest_difference_beside_the_largest_value(first: object, second: object, wanted: float) -> None:
    assert difference(first, second) == pytest.approx(wanted)


def test_what_is_small_beside_the_least_is_small() -> None:
    assert difference(1e-9, -1e-9) == 2.0
    assert difference(1e-9, -1e-9, least=1.0) == pytest.approx(2e-9)
    assert difference(torch.tensor([1000.0, math.inf]), torch.tensor([999.0, math.inf]), least=1.0) == pytest.approx(1e-3)


def test_a_copy_shares_nothing() -> None:
    (sample,) = samples("segmentation", n=1)
    copy = copied(sample)
    copy.inputs.pixels.zero_()
    assert difference(sample.inputs.pixels, copy.inputs.pixels) > 0


def test_worse_answers_are_sound_and_not_those_that_agree() -> None:
    task, given = Detection(), list(samples("detection", n=3))
    perfect = task.perfect(given)
    found = list(worse_answers(task, given, perfect))
    assert {"another case's answer", "one answer for all cases", "answers emptied"} <= {word for word, _ in found}
    for _, answers in found:
        assert difference(answers, perfect) > 0
        for sample, answer in zip(given, answers, strict=True):
            task.check_prediction(answer, sample)


def test_a_case_with_nothing_in_it_is_one_that_the_task_takes() -> None:
    (boxes,) = samples("detection", n=1)
    (mask,) = samples("segmentation", n=1)
    emptied = dict(degenerate(Detection(), boxes))["emptied"]
    assert isinstance(emptied.reference, Boxes)
    assert len(emptied.reference) == 0
    found = dict(degenerate(Segmentation(), mask))
    # A mask without pixels is none.
    assert list(found) == ["zeroed"]
    assert int(found["zeroed"].reference.labels.max()) == 0
    assert Batch.of([found["zeroed"]]).reference is not None


def test_equally_sure_answers_are_told_apart() -> None:
    task, given = Detection(), list(samples("detection", n=3))
    scores = [float(answer.scores.max()) for answer in untied(task, given, task.perfect(given))]
    assert scores == pytest.approx([1.0, 0.99, 0.98])

"""Stub data: the same for the same seed, good samples of their task, and worth learning from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from medai._engine.models import build_task
from medai.errors import UsageError
from medai.tasks import Image, Row, Sample
from medai_sdk.contract.trials.comparing import differs
from medai_sdk.stub import INPUTS_OF, batch, output, samples

KINDS = [(task, kind) for task, kinds in INPUTS_OF.items() for kind in kinds]
each_kind = pytest.mark.parametrize(("task", "kind"), KINDS)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"hard": True},
    {"channels": 3, "classes": 4, "unit": "HU"},
    {"classes": 1},
    {"size": (1, 1)},
    {"size": (3, 9, 7), "hard": True},
]


@each_kind
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_task_takes_them_and_a_module_could_answer(task: str, kind: str, options: dict[str, Any]) -> None:
    if task == "detection" and len(options.get("size", ())) == 3:
        with pytest.raises(UsageError, match="no detection of images of size"):
            list(samples(task, kind, **options))
        return
    asked, held = build_task(task), list(samples(task, kind, n=6, **options))
    for sample, answer in zip(held, asked.perfect(held), strict=True):
        asked.check(sample)
        asked.check_prediction(answer, sample)
    given = batch(task, kind, n=2, **options)
    raw = output(task, given)
    assert all(each.requires_grad for each in ([part.boxes for part in raw] if isinstance(raw, list) else [raw]))
    for sample, answer in zip(held, asked.predictions(raw, given), strict=False):
        asked.check_prediction(answer, sample)


@each_kind
def test_a_seed_says_all_and_patients_have_several_cases(task: str, kind: str) -> None:
    first, again, other = (list(samples(task, kind, n=6, seed=seed)) for seed in (1, 1, 2))
    assert not differs(first, again)
    assert all(differs(one.inputs, two.inputs) for one, two in zip(first, other, strict=True))
    assert not differs(list(samples(task, kind, n=3, seed=1)), first[:3])
    assert [first[place].case.group for place in (0, 2, 4)] == [first[place].case.group for place in (1, 3, 5)]
    assert len({sample.case.group for sample in first}) == 3
    assert len({sample.case.id for sample in first}) == 6


@pytest.mark.parametrize("size", [(24, 32), (4, 24, 32)])
def test_images_lie_in_the_patient(size: tuple[int, ...]) -> None:
    for sample in samples("segmentation", size=size, unit="HU", n=2):
        assert sample.inputs.unit == "HU"
        assert float(sample.inputs.pixels.min()) < -500
        assert tuple(sample.inputs.pixels.shape[1:]) == size
        origin = sample.origin
        assert origin is not None and origin.affine is not None
        assert np.allclose(np.linalg.norm(origin.affine[:3, : len(size)], axis=0), origin.spacing)
        assert origin.orientation == ("PL" if len(size) == 2 else "SPL")


def test_every_other_hard_case_has_nothing_to_find() -> None:
    def pair(task: str, kind: str = "image") -> list[Sample[Any, Any]]:
        return list(samples(task, kind, n=2, hard=True))

    masks = [bool(sample.reference.labels.any()) for sample in pair("segmentation")]
    boxes = [len(sample.reference) > 0 for sample in pair("detection")]
    pairs = [len(sample.reference.pairs) > 0 for sample in pair("base-pairing", "sequence")]
    rows = [not bool(sample.inputs.values.isnan().any()) for sample in pair("regression", "row")]
    noise = [not torch.equal(sample.inputs.pixels, sample.reference.pixels) for sample in pair("restoration")]
    assert [masks, boxes, pairs, rows, noise] == [[True, False]] * 5


def _brightest(sample: Sample[Image, Any]) -> float:
    return float(sample.inputs.pixels.quantile(0.97))


def _nearest_centre(held: list[Sample[Row, Any]]) -> Callable[[Sample[Row, Any]], float]:
    rows = torch.stack([sample.inputs.values for sample in held])
    labels = torch.tensor([sample.reference.index for sample in held])
    centres = torch.stack([rows[labels == index].mean(0) for index in range(3)])
    return lambda sample: float((centres - sample.inputs.values).norm(dim=1).argmin())


def test_references_can_be_told_from_the_inputs() -> None:
    images = list(samples("classification", n=30, classes=3))
    by_class = [[_brightest(each) for each in images if each.reference.index == index] for index in range(3)]
    assert max(by_class[0]) < min(by_class[1])
    assert max(by_class[1]) < min(by_class[2])
    rows = list(samples("clustering", "row", n=60, classes=3))
    said = _nearest_centre(rows[:30])
    assert sum(said(each) == each.reference.index for each in rows[30:]) >= 28
    for each in samples("regression", n=4, classes=2):
        left, right = each.inputs.pixels.chunk(2, -1)
        assert torch.allclose(torch.stack([left.mean(), right.mean()]), each.reference.values, atol=0.03)
    for each in samples("segmentation", n=4):
        inside = each.reference.labels > 0
        assert float(each.inputs.pixels[0][inside].mean()) > 0.3 + float(each.inputs.pixels[0][~inside].mean())
    for each in samples("base-pairing", "sequence", n=4):
        pairs = {each.inputs.letters[i] + each.inputs.letters[j] for i, j in each.reference.pairs}
        assert pairs and pairs <= {"AU", "UA", "CG", "GC"}


@pytest.mark.parametrize(("task", "kind"), [("segmentation", "row"), ("keypoints", "image")])
def test_what_there_is_not_is_said(task: str, kind: str) -> None:
    with pytest.raises(UsageError, match=f"no stub data for {task} of {kind}; there is for restoration of image; classification of"):
        list(samples(task, kind))

"""The embedded pictures: the same for the same seed, and with answers that are true of them."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import UsageError
from medai.tasks import Boxes, Image, Label, Mask, Sample, Value
from medai_standard.datasets.scenes import Scenes

SMALL: dict[str, Any] = {"patients": 6, "pictures": 2, "size": 64}


def samples(dataset: Scenes) -> list[Sample[Any, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [dataset.read(case, np.random.default_rng(0)) for case in dataset.cases()]


def test_every_task_is_asked_of_the_same_pictures() -> None:
    asked = {name: samples(Scenes(name, **SMALL)) for name in ("label", "mask", "boxes", "image", "value")}
    for name, kind in (("label", Label), ("mask", Mask), ("boxes", Boxes), ("image", Image), ("value", Value)):
        assert len(asked[name]) == 12 and all(isinstance(sample.reference, kind) for sample in asked[name])
        for sample, other in zip(asked[name], asked["label"], strict=True):
            assert sample.case == other.case and torch.equal(sample.inputs.pixels, other.inputs.pixels)
    for mask, boxes, image, value in zip(*(asked[name] for name in ("mask", "boxes", "image", "value")), strict=True):
        pixels = mask.inputs.pixels[0]
        assert mask.inputs.unit == image.reference.unit == "0..1" and float(pixels.min()) >= 0 and float(pixels.max()) <= 1
        assert 1 <= len(boxes.reference) <= 3 and set(boxes.reference.labels.tolist()) == {0}
        inside = torch.zeros(64, 64, dtype=torch.bool)
        for x0, y0, x1, y1 in boxes.reference.boxes.long().tolist():
            part = mask.reference.labels[y0:y1, x0:x1]
            inside[y0:y1, x0:x1] = True
            # Every edge of a box touches its lesion.
            assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
        assert not mask.reference.labels[~inside].any() and set(mask.reference.labels.unique().tolist()) == {0, 1}
        lesion = mask.reference.labels.bool()
        assert float(image.reference.pixels[0][lesion].mean()) < float(image.reference.pixels[0][~lesion].mean())
        assert value.reference.names == ("area",)
        assert float(value.reference.values) == pytest.approx(int(lesion.sum()) * (4 / 64) ** 2)
        assert mask.origin is not None and mask.origin.spacing == (40 / 64, 40 / 64)


def test_boxes_are_asked_of_one_class_or_of_the_two_kinds() -> None:
    one, two, label = (Scenes(name, **SMALL) for name in ("boxes", "kinds", "label"))
    assert one.facts == {"model.classes": 1, "protocol.options.classes": ["lesion"]}
    assert two.facts == {"model.classes": 2, "protocol.options.classes": ["benign", "malignant"]}
    seen = set()
    for plain, kinds, whole in zip(samples(one), samples(two), samples(label), strict=True):
        assert torch.equal(plain.inputs.pixels, kinds.inputs.pixels) and torch.equal(plain.reference.boxes, kinds.reference.boxes)
        assert kinds.reference.labels.dtype == torch.int64 and set(kinds.reference.labels.tolist()) == {whole.reference.index}
        seen |= set(kinds.reference.labels.tolist())
    assert seen == {0, 1}


def test_a_patient_has_lesions_of_one_kind_and_both_kinds_are_there() -> None:
    found: dict[str, set[int]] = {}
    for sample in samples(Scenes("label", **SMALL)):
        found.setdefault(sample.case.group, set()).add(sample.reference.index)
    assert len(found) == 6 and all(len(kinds) == 1 for kinds in found.values())
    assert set.union(*found.values()) == {0, 1}


def test_the_seed_alone_decides() -> None:
    first, again, other = (samples(Scenes("mask", **SMALL, seed=seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a.inputs.pixels, b.inputs.pixels) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a.inputs.pixels, b.inputs.pixels) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("given", [{"patients": 0}, {"pictures": 0}, {"lesions": 0}, {"size": 16}])
def test_parameters_out_of_range(given: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Scenes("label", **given)

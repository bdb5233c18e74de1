"""Mosaic: what is drawn in four images lies in the joined one where the answer says; and flips and turns to the pixel."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Boxes, Case, Image, Label, Mask, Origin, Sample
from medai_standard.views.flips import Flips
from medai_standard.views.mosaic import Mosaic
from medai_standard.views.rotations import Rotations

SIZES = ((60, 80), (90, 70), (64, 64), (120, 50), (33, 41))


class Drawn:
    """Images of several sizes, each with a rectangle in a channel of its own, whose number is its class too."""

    facts = {"model.classes": 5}

    def __init__(self, answer: str = "boxes", refused: tuple[int, ...] = (), depth: bool = False) -> None:
        self.answer, self.refused, self.depth = answer, refused, depth
        self.asked: list[int] = []

    def cases(self) -> list[Case]:
        return [Case(f"case-{number}", f"patient-{number}") for number in range(len(SIZES))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        number = int(case.id[-1])
        self.asked.append(number)
        if number in self.refused:
            raise DataError(f"{case.id} is damaged")
        (height, width), (x0, y0, x1, y1) = SIZES[number], rectangle(number)
        pixels, labels = torch.zeros(len(SIZES), height, width), torch.zeros(height, width, dtype=torch.int64)
        pixels[number, y0:y1, x0:x1], labels[y0:y1, x0:x1] = 1, number + 1
        origin = Origin(affine=np.diag([0.5, 0.25, 1.0, 1.0]), spacing=(0.5, 0.25))
        image = Image(pixels[:, None] if self.depth else pixels, "0..1", origin)
        answers: dict[str, Any] = {
            "boxes": Boxes(torch.tensor([[x0, y0, x1, y1]], dtype=torch.float32), torch.tensor([number])),
            "mask": Mask(labels),
            "image": replace(image, pixels=1 - pixels),
            "label": Label(1),
        }
        return Sample(case, image, answers.get(self.answer), origin)


def rectangle(number: int) -> tuple[int, int, int, int]:
    height, width = SIZES[number]
    return width // 5, height // 4, width * 3 // 4, height * 4 // 5


def seen(view: Any, seed: int = 0, number: int = 0) -> Sample[Any, Any]:
    sample: Sample[Any, Any] = view.read(view.cases()[number], np.random.default_rng(seed))
    return sample


def boxes_of(sample: Sample[Any, Any]) -> Boxes:
    assert isinstance(sample.reference, Boxes)
    return sample.reference


def around(shown: torch.Tensor) -> list[float]:
    """The box x0 y0 x1 y1 of what is true."""
    rows, columns = shown.any(1).nonzero()[:, 0], shown.any(0).nonzero()[:, 0]
    return [float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1]


def once(source: Drawn) -> set[int]:
    """The images that are in the last mosaic once, so that a channel has one rectangle at most."""
    return {number for number in source.asked if source.asked.count(number) == 1}


class TestMosaic:
    @pytest.mark.parametrize("size", [200, (160, 240)])
    def test_boxes_enclose_what_is_drawn_to_half_a_pixel(self, size: Any) -> None:
        looked = cut = 0
        height, width = (size, size) if isinstance(size, int) else size
        for seed in range(60):
            source = Drawn()
            sample = seen(Mosaic(source, size), seed, seed % 5)
            assert sample.inputs.pixels.shape == (5, height, width) and type(sample.inputs.pixels) is torch.Tensor
            found = boxes_of(sample)
            for box, label in zip(found.boxes, found.labels.tolist(), strict=True):
                if label in once(source):
                    shown = torch.tensor(around(sample.inputs.pixels[label] > 0.5))
                    assert float((box - shown).abs().max()) <= 0.5 + 1e-3
                    looked += 1
                    # Where a part ends, whole pixels end: there is nothing between.
                    cut += int(bool(sample.inputs.pixels[label].max(0).values.max() > 0) and bool((box == box.round()).any()))
        assert looked > 100 and cut > 10

    def test_a_box_of_which_less_than_three_tenths_are_left_is_dropped_and_no_other(self) -> None:
        x0, y0, x1, y1 = rectangle(3)
        kept: list[float] = []
        dropped: list[float] = []
        for seed in range(120):
            source = Drawn()
            sample = seen(Mosaic(source, 200, margin=0.05), seed, 3)
            if 3 not in once(source):
                continue
            assert sample.inputs.spacing is not None
            # Its pixels are half a millimetre high and a quarter wide; the mosaic's say by how much it is smaller.
            whole = (y1 - y0) * 0.5 / sample.inputs.spacing[0] * (x1 - x0) * 0.25 / sample.inputs.spacing[1]
            left = float((sample.inputs.pixels[3] > 0.5).sum()) / whole
            (kept if 3 in boxes_of(sample).labels else dropped).append(left)
        assert min(kept) > 0.27 and max(dropped) < 0.33 and len(dropped) > 3 and len(kept) > 20

    def test_masks_and_images_are_joined_as_the_input_is(self) -> None:
        for seed in range(10):
            mask, image, plain = (seen(Mosaic(Drawn(answer), 150), seed) for answer in ("mask", "image", "boxes"))
            assert torch.equal(mask.inputs.pixels, image.inputs.pixels) and torch.equal(mask.inputs.pixels, plain.inputs.pixels)
            assert isinstance(image.reference, Image) and isinstance(mask.reference, Mask)
            torch.testing.assert_close(image.reference.pixels, 1 - image.inputs.pixels)
            labels = mask.reference.labels
            assert labels.dtype == torch.int64 and labels.shape == (150, 150)
            for number in range(len(SIZES)):
                pixels = mask.inputs.pixels[number]
                assert bool((pixels[labels == number + 1] > 0.25).all()) and bool((labels[pixels > 0.75] == number + 1).all())

    def test_all_that_is_drawn_comes_from_rng(self) -> None:
        first, again, other = (seen(Mosaic(Drawn(), 100), seed) for seed in (1, 1, 2))
        assert torch.equal(first.inputs.pixels, again.inputs.pixels) and torch.equal(boxes_of(first).boxes, boxes_of(again).boxes)
        assert not torch.equal(first.inputs.pixels, other.inputs.pixels)
        drawn = set()
        for seed in range(30):
            source = Drawn()
            seen(Mosaic(source, 100), seed)
            assert source.asked[0] == 0 and len(source.asked) == 4
            drawn |= set(source.asked[1:])
        assert drawn == {0, 1, 2, 3, 4}

    def test_as_often_as_said_and_otherwise_the_image_as_it_is(self) -> None:
        shapes = [tuple(seen(Mosaic(Drawn(), 100, probability=0.25), seed).inputs.pixels.shape) for seed in range(200)]
        assert set(shapes) == {(5, 100, 100), (5, 60, 80)} and 30 < shapes.count((5, 100, 100)) < 70
        sample = seen(Mosaic(Drawn(), 100, probability=0))
        assert boxes_of(sample).boxes.tolist() == [list(rectangle(0))] and sample.inputs.unit == "0..1"

    def test_the_case_keeps_its_own_place_in_the_patient(self) -> None:
        own, looked = np.array(rectangle(2)), 0
        for seed in range(40):
            source = Drawn()
            sample = seen(Mosaic(source, 200), seed, 2)
            assert sample.case.id == "case-2" and sample.origin is not None and sample.origin.affine is not None
            if 2 not in once(source) or 2 not in boxes_of(sample).labels:
                continue
            x0, y0, x1, y1 = boxes_of(sample).boxes[boxes_of(sample).labels == 2][0].tolist()
            corners = sample.origin.affine @ np.array([[y0 - 0.5, x0 - 0.5, 0, 1], [y1 - 0.5, x1 - 0.5, 0, 1]]).T
            rows, columns = corners[0] / 0.5 + 0.5, corners[1] / 0.25 + 0.5
            # Cut along one axis at most, the other is whole.
            whole = [np.allclose(rows, own[[1, 3]], atol=1e-3), np.allclose(columns, own[[0, 2]], atol=1e-3)]
            assert any(whole) and rows[0] > own[1] - 0.01 and rows[1] < own[3] + 0.01
            assert columns[0] > own[0] - 0.01 and columns[1] < own[2] + 0.01
            looked += 1
        assert looked > 5

    def test_a_partner_that_cannot_be_read_is_replaced_and_the_case_itself_is_not(self) -> None:
        for seed in range(10):
            view = Mosaic(Drawn(refused=(1, 3)), 100)
            assert not {1, 3} & set(boxes_of(seen(view, seed)).labels.tolist())
            with pytest.raises(DataError, match="case-1 is damaged"):
                seen(view, seed, 1)
        alone = seen(Mosaic(Drawn(refused=(1, 2, 3, 4)), 100))
        assert set(boxes_of(alone).labels.tolist()) == {0} and len(boxes_of(alone)) > 1

    def test_unlabelled_images_are_joined_and_never_with_others(self) -> None:
        assert seen(Mosaic(Drawn("none"), 100)).reference is None

        class Half(Drawn):
            def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
                sample = super().read(case, rng)
                return sample if case.id in ("case-0", "case-4") else replace(sample, reference=None)

        for seed in range(10):
            assert set(boxes_of(seen(Mosaic(Half(), 100), seed)).labels.tolist()) <= {0, 4}

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(DataError, match="case case-0: Mosaic joins boxes, masks and images, not Label"):
            seen(Mosaic(Drawn("label"), 100))
        with pytest.raises(DataError, match=r"case case-0: Mosaic takes images in two dimensions, not \(5, 1, 60, 80\)"):
            seen(Mosaic(Drawn("none", depth=True), 100))

        class Mixed(Drawn):
            def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
                sample = super().read(case, rng)
                return sample if case.id == "case-0" else replace(sample, inputs=replace(sample.inputs, pixels=sample.inputs.pixels[:3]))

        with pytest.raises(DataError, match=r"case case-0 has channels 5, case case-[1-4] 3: .* standard/channels"):
            seen(Mosaic(Mixed(), 100), 1)

    @pytest.mark.parametrize("given", [{"size": 1}, {"probability": 1.5}, {"margin": 0}, {"margin": 0.6}])
    def test_parameters_out_of_range(self, given: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            Mosaic(Drawn(), **given)


class Fixed:
    """A generator that draws what it is told."""

    def __init__(self, angle: float) -> None:
        self.angle = angle

    def uniform(self, low: float, high: float) -> float:
        return self.angle


@pytest.mark.parametrize(("horizontal", "vertical"), [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_flips_move_boxes_exactly(horizontal: float, vertical: float) -> None:
    for number in range(len(SIZES)):
        sample = seen(Flips(Drawn(), horizontal, vertical), number=number)
        assert boxes_of(sample).boxes.tolist() == [around(sample.inputs.pixels[number] > 0.5)]


@pytest.mark.parametrize("angle", [90.0, -90.0, 180.0, 0.0])
def test_quarter_turns_move_boxes_exactly(angle: float) -> None:
    view = Rotations(Drawn(), 180)
    sample = view.read(view.cases()[2], Fixed(angle))  # type: ignore[arg-type]
    shown = torch.tensor(around(sample.inputs.pixels[2] > 0.5))
    torch.testing.assert_close(boxes_of(sample).boxes[0], shown, atol=1e-3, rtol=0)


@pytest.mark.parametrize("angle", [-30.0, -7.5, 4.0, 19.0, 30.0])
def test_a_turned_box_is_the_smallest_around_what_is_drawn(angle: float) -> None:
    view = Rotations(Drawn(), 180)
    sample = view.read(view.cases()[2], Fixed(angle))  # type: ignore[arg-type]
    # The tip of a turned rectangle fills less than a pixel: half a pixel for it, and half for interpolation.
    shown = torch.tensor(around(sample.inputs.pixels[2] > 0.02))
    torch.testing.assert_close(boxes_of(sample).boxes[0], shown, atol=1.0, rtol=0)
    x0, y0, x1, y1 = boxes_of(sample).boxes[0].tolist()
    left, top, right, low = rectangle(2)
    assert (x1 - x0) * (y1 - y0) > (right - left) * (low - top)

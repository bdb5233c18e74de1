"""Views: what is drawn in an image moves with it, and so does its place in the patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Boxes, Case, Image, Label, Mask, Origin, Row, Sample, Value
from medai_standard.views.crops import Crops, Patches
from medai_standard.views.flips import Flips
from medai_standard.views.intensity import Channels, Intensity, Noise
from medai_standard.views.letterbox import Letterbox
from medai_standard.views.rotations import Rotations

HEIGHT, WIDTH = 60, 80
AFFINE = np.array([[0.0, -0.5, 0.1, 12], [-0.8, 0, 0.2, 40], [0.1, 0.05, 3, -7], [0, 0, 0, 1]])
ORIGIN = Origin((Path("scan.png"),), AFFINE, (float(np.linalg.norm(AFFINE[:3, 0])), float(np.linalg.norm(AFFINE[:3, 1]))))
SPATIAL: tuple[Callable[[Any], Any], ...] = (
    lambda source: Flips(source, 1.0, 0.0),
    lambda source: Flips(source, 0.0, 1.0),
    lambda source: Flips(source, 1.0, 1.0),
    lambda source: Rotations(source, 20.0),
    lambda source: Crops(source, 0.8),
    lambda source: Patches(source, 50, 2),
    lambda source: Letterbox(source, 128),
    lambda source: Letterbox(source, (40, 96)),
)
NAMES = ("across", "down", "both", "turned", "crop", "patch", "larger", "smaller")


class One:
    """A source of one sample: an L, which no flip or turn maps to itself."""

    single_subject = True
    facts = {"model.classes": 2}

    def __init__(self, answer: str = "mask", depth: int = 0, colours: int = 1) -> None:
        labels = torch.zeros(HEIGHT, WIDTH, dtype=torch.int64)
        labels[20:44, 30:36] = 1
        labels[38:44, 30:50] = 1
        pixels = labels.float()[None].expand(colours, -1, -1).clone()
        if depth:
            labels, pixels = labels.expand(depth, -1, -1).clone(), pixels[:, None].expand(-1, depth, -1, -1).clone()
        box = Boxes(torch.tensor([[30.0, 20, 50, 44]]), torch.tensor([1]))
        image = Image(pixels, "0..1", ORIGIN if not depth else None)
        answers = {"mask": Mask(labels), "boxes": box, "image": replace(image, pixels=pixels.clone()), "label": Label(1)}
        self.sample = Sample(Case("a", "p", whole="w"), image, answers.get(answer, Value(torch.tensor([2.0]), ("mm",))))

    def cases(self) -> list[Case]:
        return [self.sample.case]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return self.sample


def seen(view: Any, seed: int = 3) -> Sample[Any, Any]:
    return view.read(view.cases()[0], np.random.default_rng(seed))


def around(mask: torch.Tensor) -> torch.Tensor:
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    return torch.tensor([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=torch.float32)


@pytest.mark.parametrize("make", SPATIAL, ids=NAMES)
class TestSpatial:
    def test_a_mask_lies_where_the_image_shows_it(self, make: Callable[[Any], Any]) -> None:
        sample = seen(make(One("mask")))
        assert sample.reference.labels.dtype == torch.int64 and sample.reference.labels.shape == sample.inputs.pixels.shape[1:]
        both = (sample.inputs.pixels[0] > 0.5).long()
        # Interpolated and nearest differ by at most the pixels along an edge.
        assert int((both != sample.reference.labels).sum()) <= 0.15 * int(both.sum())
        assert int(both.sum()) > 0 and not torch.equal(both, One().sample.reference.labels)

    def test_a_box_encloses_what_the_image_shows(self, make: Callable[[Any], Any]) -> None:
        sample = seen(make(One("boxes")))
        shown = around(sample.inputs.pixels[0] > 0.5)
        if isinstance(make(One()), Rotations):  # the smallest box around a turned box
            assert bool(
                (sample.reference.boxes[:, :2] <= shown[:, :2] + 1).all() and (sample.reference.boxes[:, 2:] >= shown[:, 2:] - 1).all()
            )
        else:
            torch.testing.assert_close(sample.reference.boxes, shown, atol=1.0, rtol=0)
        assert sample.reference.labels.tolist() == [1] and sample.reference.boxes.dtype == torch.float32
        assert type(sample.reference.boxes) is torch.Tensor and type(sample.inputs.pixels) is torch.Tensor

    def test_an_answer_that_is_an_image_moves_alike(self, make: Callable[[Any], Any]) -> None:
        sample = seen(make(One("image")))
        assert torch.equal(sample.inputs.pixels, sample.reference.pixels)
        assert sample.reference.origin is not None and np.array_equal(sample.reference.origin.affine, sample.inputs.origin.affine)

    @pytest.mark.parametrize("answer", ["label", "value"])
    def test_classes_and_numbers_stay(self, make: Callable[[Any], Any], answer: str) -> None:
        source = One(answer)
        assert seen(make(source)).reference is source.sample.reference

    def test_a_point_keeps_its_place_in_the_patient(self, make: Callable[[Any], Any]) -> None:
        sample = seen(make(One()))
        old, new = (_centre(image.pixels[0], image.affine) for image in (One().sample.inputs, sample.inputs))
        assert np.linalg.norm(old - new) < 0.35  # millimetres; pixels are 0.5 and 0.8 mm
        affine = sample.inputs.affine
        assert sample.inputs.spacing == pytest.approx([np.linalg.norm(affine[:3, axis]) for axis in (0, 1)], rel=0.02)
        assert sample.origin.files == ORIGIN.files and np.array_equal(sample.origin.affine, affine)

    def test_a_volume_moves_in_every_plane_alike(self, make: Callable[[Any], Any]) -> None:
        volume, plane = seen(make(One("mask", depth=3))), seen(make(One("mask")))
        for number in range(3):
            torch.testing.assert_close(volume.inputs.pixels[:, number], plane.inputs.pixels)
            assert torch.equal(volume.reference.labels[number], plane.reference.labels)

    def test_it_depends_on_the_generator_alone(self, make: Callable[[Any], Any]) -> None:
        first, second = seen(make(One()), 5), seen(make(One()), 5)
        assert torch.equal(first.inputs.pixels, second.inputs.pixels)

    def test_group_whole_and_what_the_source_says_are_kept(self, make: Callable[[Any], Any]) -> None:
        view = make(One())
        case = seen(view).case
        assert (case.group, case.whole) == ("p", "w") and view.cases()[0].group == "p"
        assert view.single_subject and view.facts == {"model.classes": 2}


def _centre(pixels: torch.Tensor, affine: Any) -> Any:
    """The centre of what is bright, in patient millimetres."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    weights = (pixels.numpy() - 0.5).clip(0)  # what a letterbox fills in counts for nothing
    weights = weights / weights.sum()
    return (affine @ [(rows * weights).sum(), (columns * weights).sum(), 0, 1])[:3]


def test_flips_happen_as_often_as_said() -> None:
    flipped = [not torch.equal(seen(Flips(One(), 0.25), seed).inputs.pixels, One().sample.inputs.pixels) for seed in range(400)]
    assert 60 < sum(flipped) < 140


def test_a_box_that_is_nearly_cut_off_is_dropped() -> None:
    source = One("boxes")
    kept = [len(seen(Patches(source, 24), seed).reference) for seed in range(60)]
    assert set(kept) == {0, 1}
    for seed in range(60):
        boxes = seen(Patches(source, 24), seed).reference.boxes
        assert bool((boxes >= 0).all() and (boxes <= 24).all())
        assert not len(boxes) or float((boxes[:, 2:] - boxes[:, :2]).prod()) >= 0.3 * 20 * 24


def test_patches_are_cases_of_their_own() -> None:
    view = Patches(One(), 32, 3)
    assert [case.id for case in view.cases()] == ["a#0", "a#1", "a#2"] and {case.whole for case in view.cases()} == {"w"}
    sample = view.read(view.cases()[1], np.random.default_rng(0))
    assert sample.case.id == "a#1" and sample.inputs.pixels.shape == (1, 32, 32)
    with pytest.raises(DataError, match="60 x 80 has no patch of 64 x 64"):
        seen(Patches(One(), 64))


def test_a_patch_larger_than_its_image_is_filled() -> None:
    for answer in ("mask", "image", "boxes"):
        whole, found = One(answer).sample, seen(Patches(One(answer), 70, fill=-1.0))  # of 60 x 80
        assert found.inputs.pixels.shape == (1, 70, 70) and bool((found.inputs.pixels[:, 60:] == -1).all())
        lefts = [left for left in range(11) if torch.equal(found.inputs.pixels[:, :60], whole.inputs.pixels[:, :, left : left + 70])]
        assert len(lefts) == 1
        if answer == "mask":
            assert found.reference.labels.shape == (70, 70) and not found.reference.labels[60:].any()
            assert torch.equal(found.reference.labels[:60], whole.reference.labels[:, lefts[0] : lefts[0] + 70])
        if answer == "image":
            assert bool((found.reference.pixels[:, 60:] == -1).all())
        if answer == "boxes":
            assert bool((found.reference.boxes <= 70).all())


def test_intensity_keeps_the_unit_and_changes_an_image_answer_alike() -> None:
    source = One("image")
    source.sample = replace(source.sample, inputs=Image(torch.linspace(-900, 900, 60).expand(1, 40, -1).clone(), "HU"))
    source.sample = replace(source.sample, reference=source.sample.inputs)
    sample = seen(Intensity(source, 0.3, 0.5))
    assert sample.inputs.unit == "HU" and torch.equal(sample.inputs.pixels, sample.reference.pixels)
    assert not torch.equal(sample.inputs.pixels, source.sample.inputs.pixels)
    assert float(seen(Intensity(One(), 0.3, 0.5)).inputs.pixels.max()) <= 1  # 0..1 stays there


def test_noise_is_over_the_input_alone() -> None:
    source = One("image")
    source.sample = replace(source.sample, inputs=replace(source.sample.inputs, unit="HU"))
    strengths = []
    for seed in range(40):
        sample = seen(Noise(source, 0.5), seed)
        assert torch.equal(sample.reference.pixels, source.sample.reference.pixels)
        strengths.append(float((sample.inputs.pixels - source.sample.inputs.pixels).std() / source.sample.inputs.pixels.std()))
    assert max(strengths) < 0.55 and 0.15 < np.mean(strengths) < 0.35


def test_channels() -> None:
    colour = One("image", colours=3)
    colour.sample.inputs.pixels[1:] = 0  # red alone
    sample = seen(Channels(colour, 1))
    assert sample.inputs.pixels.shape == sample.reference.pixels.shape == (1, HEIGHT, WIDTH)
    assert float(sample.inputs.pixels.max()) == pytest.approx(0.299) and float(sample.reference.pixels.max()) == pytest.approx(1)
    assert seen(Channels(One("mask", depth=2), 3)).inputs.pixels.shape == (3, 2, HEIGHT, WIDTH)
    assert seen(Channels(One(), 1)).inputs.origin is ORIGIN
    with pytest.raises(DataError, match="2 channels"):
        seen(Channels(One(colours=2), 1))


def test_what_is_no_image_is_refused() -> None:
    source = One()
    source.sample = replace(source.sample, inputs=Row(torch.zeros(2), ("a", "b")), reference=None)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="Flips takes images, not Row"):
        seen(Flips(source))


def test_an_unlabelled_sample_passes() -> None:
    source = One()
    source.sample = replace(source.sample, reference=None)
    for make in SPATIAL:
        assert seen(make(source)).reference is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: Flips(One(), 1.5),
        lambda: Rotations(One(), 0),
        lambda: Crops(One(), 0),
        lambda: Patches(One(), 0),
        lambda: Letterbox(One(), (0, 4)),
        lambda: Intensity(One(), 1.0),
        lambda: Noise(One(), 0),
        lambda: Channels(One(), 2),
    ],
)
def test_parameters_out_of_range_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(UsageError):
        make()

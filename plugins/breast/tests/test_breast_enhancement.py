"""Enhancement by a segmentation: lesions stand out, and nothing else of a sample changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.api import build
from medai.errors import DataError, UsageError
from medai.tasks import Case, Image, Mask, Row, Sample
from medai_breast.views.segmentation_enhancement import SegmentationEnhancement


class One:
    """A source of one sample."""

    facts = {"model.classes": 2}

    def __init__(self, pixels: torch.Tensor, unit: str = "0..1") -> None:
        self.sample: Sample[Any, Any] = Sample(Case("a", "p"), Image(pixels, unit), Mask(torch.zeros(pixels.shape[1:], dtype=torch.int64)))

    def cases(self) -> list[Case]:
        return [self.sample.case]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return self.sample


def seen(source: Any, number: int = 0, **options: float) -> Sample[Any, Any]:
    view = SegmentationEnhancement(source, **options)
    sample: Sample[Any, Any] = view.read(view.cases()[number], np.random.default_rng(number))
    return sample


def scene(size: int = 96, number: int = 0) -> Sample[Any, Any]:
    source: Any = build("standard/scenes", reference="mask", patients=6, pictures=2, size=size)
    sample: Sample[Any, Any] = source.read(source.cases()[number], np.random.default_rng(0))
    return sample


def stands_out(pixels: torch.Tensor, lesion: torch.Tensor) -> float:
    """How much darker a lesion is than what is around it within a fifth of the picture, in deviations of both."""
    reach = 2 * (lesion.shape[0] // 10) + 1
    near = lesion[None, None].float()
    for size in ((reach, 1), (1, reach)):
        near = torch.nn.functional.max_pool2d(near, size, stride=1, padding=(size[0] // 2, size[1] // 2))
    near = near[0, 0] > 0
    inside, around = pixels[0][lesion], pixels[0][near & ~lesion]
    return float((around.mean() - inside.mean()) / ((inside.var() + around.var()) / 2).sqrt())


def test_lesions_stand_out_more() -> None:
    before, after = [], []
    for number in range(12):
        sample = scene(number=number)
        assert isinstance(sample.reference, Mask)
        source = One(sample.inputs.pixels)
        lesion = sample.reference.labels > 0
        before.append(stands_out(sample.inputs.pixels, lesion))
        after.append(stands_out(seen(source).inputs.pixels, lesion))
    assert np.median(after) > np.median(before) and np.mean(np.array(after) > np.array(before)) > 0.7


def test_the_image_alone_changes_and_stays_in_its_range() -> None:
    pixels = scene().inputs.pixels
    kept = pixels.clone()
    source = One(pixels)
    first, again = seen(source), seen(source)
    assert torch.equal(first.inputs.pixels, again.inputs.pixels) and torch.equal(pixels, kept)
    assert not torch.equal(first.inputs.pixels, pixels)
    assert first.reference is source.sample.reference and first.case is source.sample.case
    assert first.inputs.unit == "0..1" and first.inputs.pixels.shape == pixels.shape and first.inputs.pixels.dtype == torch.float32
    assert float(first.inputs.pixels.min()) >= 0 and float(first.inputs.pixels.max()) <= 1
    assert SegmentationEnhancement(source).facts == {"model.classes": 2}


def test_grey_as_three_channels_is_enhanced_as_grey_and_colour_keeps_its_differences() -> None:
    pixels = 0.25 + scene().inputs.pixels / 2
    grey = seen(One(pixels)).inputs.pixels
    torch.testing.assert_close(seen(One(pixels.expand(3, -1, -1).clone())).inputs.pixels, grey.expand(3, -1, -1), atol=1e-4, rtol=0)
    red = pixels.expand(3, -1, -1).clone()
    red[0] += 0.05
    found = seen(One(red)).inputs.pixels
    inside = (found > 0).all(0) & (found < 1).all(0)
    torch.testing.assert_close((found[0] - found[1])[inside], torch.full_like(found[0], 0.05 * 0.8)[inside], atol=1e-4, rtol=0)


def test_detail_and_contrast_are_options() -> None:
    source = One(scene().inputs.pixels)
    flat, steep = seen(source, detail=0.0).inputs.pixels, seen(source, contrast=6.0).inputs.pixels
    usual = seen(source).inputs.pixels
    assert float(_rough(flat)) < 0.5 * float(_rough(usual)) and float(steep.std()) > float(usual.std())


def _rough(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels[..., 1:] - pixels[..., :-1]).abs().mean()


@pytest.mark.parametrize("shape", [(1, 5, 5), (1, 1, 7), (3, 300, 40)])
def test_any_size_is_taken(shape: tuple[int, ...]) -> None:
    pixels = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    found = seen(One(pixels)).inputs.pixels
    assert found.shape == shape and bool(found.isfinite().all())


def test_an_even_image_stays_as_it_is() -> None:
    pixels = torch.full((1, 40, 60), 0.3)
    found = seen(One(pixels)).inputs.pixels
    assert torch.equal(found, pixels) and found is not pixels


def test_what_is_no_image_in_two_dimensions_in_0_to_1_is_refused() -> None:
    with pytest.raises(DataError, match=r"case a: .* in two dimensions in 0..1, not \(1, 20, 20\) in HU"):
        seen(One(torch.zeros(1, 20, 20), "HU"))
    with pytest.raises(DataError, match=r"not \(1, 3, 20, 20\) in 0..1"):
        seen(One(torch.zeros(1, 3, 20, 20)))
    source = One(torch.zeros(1, 20, 20))
    source.sample = replace(source.sample, inputs=Row(torch.zeros(2), ("a", "b")), reference=None)
    with pytest.raises(DataError, match="not Row"):
        seen(source)


@pytest.mark.parametrize("options", [{"contrast": 0.0}, {"detail": -0.1}])
def test_parameters_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SegmentationEnhancement(One(torch.zeros(1, 20, 20)), **options)


@pytest.mark.realdata
def test_lesions_of_busi_stand_out_more(real_data: Path) -> None:
    before, after = [], []
    for place in sorted((real_data / "breast-ultrasound" / "Dataset_BUSI_with_GT").glob("[bm]*/*_mask.png"))[::8]:
        picture, mask = (Picture.open(path).convert("L") for path in (place.with_name(place.name.replace("_mask", "")), place))
        pixels, lesion = torch.from_numpy(np.array(picture)).float()[None] / 255, torch.from_numpy(np.array(mask)) > 127
        before.append(stands_out(pixels, lesion))
        after.append(stands_out(seen(One(pixels)).inputs.pixels, lesion))
    if not before:
        pytest.skip("no breast-ultrasound in the real data")
    assert np.median(after) > 1.1 * np.median(before)

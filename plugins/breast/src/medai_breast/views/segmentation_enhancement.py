"""More contrast where a rough segmentation finds dark regions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, mean
from skimage.filters import threshold_otsu
from skimage.segmentation import felzenszwalb
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Image, Sample, View

Floats = np.ndarray[Any, np.dtype[np.float64]]

_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""
_LONGER = 160
"""Pixels along the longer side at which an image is segmented: speckle is no region of its own there, a small lesion still is."""
_SCALE, _SMOOTHED, _REGION = 50, 1.5, 60
"""Of the segmentation: how far regions may differ and still be joined, Gaussian smoothing before it, least pixels of a region."""
_AROUND = 0.25
"""What is dark is told by what lies around within this part of the shorter side, as much as by the whole image: depth darkens too."""
_FLAT = 0.02
"""Least deviation of regions by which they are compared, so that an even image is not torn apart."""
_LOW, _SPAN = 0.1, 0.8
"""Regions become these values at the lowest, and so much more at the highest: detail has room on both sides."""


class SegmentationEnhancement(View):
    """A view that applies always: ultrasound images in which what is darker than its surroundings stands out.

    After Wang and Yao 2022 (doi:10.1038/s41598-022-18747-y), who enhance the contrast of breast ultrasound by a segmentation and find
    lesions in it by FCOS, better than after other enhancements. Their abstract says no more; which segmentation and what is done with it
    here is this plugin's own: Felzenszwalb and Huttenlocher's graph-based regions (2004) of a smaller image; each region's mean level,
    set apart from a level in the middle between Otsu's threshold and its surroundings by a logistic curve; and on it the image's own
    detail, so that edges, texture and shadows stay.

    The same image is made of an image each time. Answers are not touched, for nothing moves.

    Args:
        source: images in two dimensions in 0..1, grey or colour; colours are segmented by their luminance.
        contrast: steepness of the curve, in deviations of the regions' levels.
        detail: which part of the difference between a pixel and its region is kept.
    """

    def __init__(self, source: Dataset[Image, Any], contrast: float = 2.0, detail: float = 0.8) -> None:
        if not contrast > 0:
            raise UsageError(f"contrast = {contrast}: more than 0 is wanted")
        if not detail >= 0:
            raise UsageError(f"detail = {detail}: 0 or more is wanted")
        super().__init__(source)
        self.contrast, self.detail = contrast, detail

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample with its image enhanced.

        Raises:
            DataError: the source cannot read it, or it holds no image in two dimensions in 0..1.
        """
        sample = self.source.read(case, rng)
        image = sample.inputs
        if not isinstance(image, Image) or image.pixels.ndim != 3 or image.unit != "0..1":
            raise DataError(f"case {case.id}: SegmentationEnhancement takes images in two dimensions in 0..1, not {_told(image)}")
        return replace(sample, inputs=replace(image, pixels=self._enhanced(image.pixels)))

    def _enhanced(self, pixels: torch.Tensor) -> torch.Tensor:
        grey = torch.einsum("c,chw->hw", torch.tensor(_LUMA), pixels) if len(pixels) == 3 else pixels.mean(0)
        level = _levels(_smaller(grey))
        if np.ptp(level) == 0:
            return pixels.clone()
        middle = (threshold_otsu(level) + gaussian_filter(level, _AROUND * min(level.shape))) / 2
        apart = _LOW + _SPAN / (1 + np.exp(self.contrast * (middle - level) / max(level.std(), _FLAT)))
        old, new = (_larger(each, grey.shape) for each in (level, apart))
        return (new + self.detail * (pixels - old)).clamp(0, 1)


def _levels(grey: Floats) -> Floats:
    """The mean of each region, in its pixels."""
    regions = felzenszwalb(grey, scale=_SCALE, sigma=_SMOOTHED, min_size=_REGION)
    return np.asarray(mean(grey, regions, np.arange(regions.max() + 1)))[regions]


def _smaller(grey: torch.Tensor) -> Floats:
    """At most `_LONGER` pixels along the longer side."""
    factor = min(1.0, _LONGER / max(grey.shape))
    size = [max(1, round(side * factor)) for side in grey.shape]
    small = functional.interpolate(grey[None, None], size, mode="bilinear", antialias=True)[0, 0]
    return np.asarray(small.double().numpy())


def _larger(level: Floats, shape: torch.Size) -> torch.Tensor:
    """Regions in the image's own size, with soft edges: those of the smaller image are not exact."""
    soft = torch.from_numpy(gaussian_filter(level, 1.0)).float()
    return functional.interpolate(soft[None, None], shape, mode="bilinear")[0, 0]


def _told(image: Any) -> str:
    return f"{tuple(image.pixels.shape)} in {image.unit}" if isinstance(image, Image) else type(image).__name__

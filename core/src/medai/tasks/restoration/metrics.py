"""PSNR, SSIM and RMSE of a case, in the unit of its reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch

from medai.errors import DataError, UsageError
from medai.tasks._records import Sample
from medai.tasks.inputs import Image

Window = tuple[float, float]
Region = tuple[int, int, int, int]

HIGHEST_PSNR = 100.0
"""dB given to an image that equals its reference, whose PSNR is infinite, and the most that any image is given."""

_PEAKS = {"0..1": 1.0, "HU": 4095.0}
_TAPS, _SIGMA = 11, 1.5
_K1, _K2 = 0.01, 0.03


class _Quality:
    """A figure per case; of several cases, the mean of those that are finite.

    Args:
        window: lowest and highest value that count, in the reference's unit: both images are clipped to it, and the peak is its width.
            None: nothing is clipped, and the peak is 1 for the unit `0..1`, 4095 for HU (the range of 12 bits, -1024 to 3071), and for
            any other unit the range of the case's reference, which makes cases hard to compare.
        roi: the rows and columns that count (row, column, height, width); None: all. Of a volume, in every plane.
        label: put before the figure's name with a hyphen (`lung-psnr`), so that one metric may be used twice.
    """

    name = ""

    def __init__(self, window: Window | None = None, roi: Region | None = None, label: str = "") -> None:
        if window is not None and not window[0] < window[1]:
            raise UsageError(f"window {window}: its first value must be below its second")
        if roi is not None and (min(roi[:2]) < 0 or min(roi[2:]) < 1):
            raise UsageError(f"roi {roi}: row and column from 0, height and width from 1")
        self._window = window
        self._roi = roi
        self._figure = f"{label}-{self.name}" if label else self.name

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> float:
        """The figure of one case.

        Raises:
            DataError: it has no reference, the shapes differ, or the region of interest leaves the image.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference to compare with")
        first, second = self._prepared(prediction.pixels), self._prepared(sample.reference.pixels)
        if first.shape != second.shape:
            raise DataError(f"case {sample.case.id}: a prediction of {tuple(first.shape)} for a reference of {tuple(second.shape)}")
        return self._measure(first, second, self._peak(sample.reference))

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The mean over cases; NaN where none is finite."""
        finite = [part for part in parts if math.isfinite(part)]
        return {self._figure: math.fsum(finite) / len(finite) if finite else math.nan}

    def _measure(self, first: torch.Tensor, second: torch.Tensor, peak: float) -> float:
        raise NotImplementedError

    def _prepared(self, pixels: torch.Tensor) -> torch.Tensor:
        # In double precision: squares of HU would cost float32 the digits that tell two good images apart.
        values = pixels.detach().cpu().double()
        if self._roi is not None:
            row, column, height, width = self._roi
            if row + height > values.shape[-2] or column + width > values.shape[-1]:
                raise DataError(f"the region of interest {self._roi} leaves an image of {values.shape[-2]} x {values.shape[-1]}")
            values = values[..., row : row + height, column : column + width]
        return values if self._window is None else values.clamp(*self._window)

    def _peak(self, reference: Image) -> float:
        if self._window is not None:
            return self._window[1] - self._window[0]
        return _PEAKS.get(reference.unit) or float(reference.pixels.max() - reference.pixels.min())


class Rmse(_Quality):
    """Root of the mean squared error, in the reference's unit."""

    better: Literal["higher", "lower"] = "lower"
    name = "rmse"

    def _measure(self, first: torch.Tensor, second: torch.Tensor, peak: float) -> float:
        return float((first - second).square().mean().sqrt())


class Psnr(_Quality):
    """Peak signal-to-noise ratio in dB, 20 log10(peak / RMSE), at most 100 dB, which is also the figure of an image that equals its
    reference; NaN where the peak is 0 (a constant reference of an unknown unit)."""

    better: Literal["higher", "lower"] = "higher"
    name = "psnr"

    def _measure(self, first: torch.Tensor, second: torch.Tensor, peak: float) -> float:
        error = float((first - second).square().mean().sqrt())
        if peak <= 0:
            return math.nan
        return HIGHEST_PSNR if error == 0 else min(HIGHEST_PSNR, 20 * math.log10(peak / error))


class Ssim(_Quality):
    """Structural similarity: Gaussian window of 11 taps and sigma 1.5 along each axis (three of a volume), K1 0.01, K2 0.03, moments
    of the population, the mean over the positions where the window fits and over channels.

    It equals scikit-image's `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=peak)`.
    NaN where an axis is shorter than the window or the peak is 0. After Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """

    better: Literal["higher", "lower"] = "higher"
    name = "ssim"

    def _measure(self, first: torch.Tensor, second: torch.Tensor, peak: float) -> float:
        if peak <= 0 or min(first.shape[1:]) < _TAPS:
            return math.nan
        maps = torch.stack([first, second, first * first, second * second, first * second])
        mean1, mean2, square1, square2, product = _smooth(maps)
        variance1, variance2, covariance = square1 - mean1**2, square2 - mean2**2, product - mean1 * mean2
        c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
        top = (2 * mean1 * mean2 + c1) * (2 * covariance + c2)
        return float((top / ((mean1**2 + mean2**2 + c1) * (variance1 + variance2 + c2))).mean())


def _smooth(maps: torch.Tensor) -> torch.Tensor:
    """(K, C, ...) averaged under the Gaussian along each spatial axis, where it fits."""
    offsets = torch.arange(_TAPS, dtype=maps.dtype) - _TAPS // 2
    gaussian = torch.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights: list[float] = (gaussian / gaussian.sum()).tolist()
    for axis in range(2, maps.ndim):
        length = maps.shape[axis] - _TAPS + 1
        # A sum of shifted views: on the CPU several times quicker than a convolution in double precision.
        smoothed = maps.narrow(axis, 0, length) * weights[0]
        for shift in range(1, _TAPS):
            smoothed.add_(maps.narrow(axis, shift, length), alpha=weights[shift])
        maps = smoothed
    return maps

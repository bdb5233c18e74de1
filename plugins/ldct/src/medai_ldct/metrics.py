"""Metrics of the study that are not those of `medai`: squared errors, figures of a region, and the dose of the input."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from medai.errors import DataError
from medai.tasks import Image, Sample
from medai.tasks.planes import plane_of, window_of
from medai.tasks.restoration import Psnr, Rmse, Ssim
from medai.tasks.restoration.region import busiest_region

Window = tuple[float, float]
Region = tuple[int, int, int, int]


class Mse:
    """Mean squared error of a case, in the square of the reference's unit; of several cases, the mean.

    The study's equation 1 prints the difference without its square, and compares with the noisy image; what is meant is the square, and
    the answer.

    Args:
        window: lowest and highest value that count, to which both images are clipped; None: nothing is clipped.
        roi: the rows and columns that count (row, column, height, width); None: all.
    """

    better: Literal["higher", "lower"] = "lower"

    def __init__(self, window: Window | None = None, roi: Region | None = None) -> None:
        self._rmse = Rmse(window=window, roi=roi)

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> float:
        """The figure of one case.

        Raises:
            DataError: as `medai/rmse`.
        """
        return self._rmse.case(prediction, sample) ** 2

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The mean over cases; NaN where none is finite."""
        return {"mse": _mean(parts)}


class RoiAverage:
    """PSNR in dB and SSIM in a region of interest of each case, `roi-psnr` and `roi-ssim`; of several cases, the means.

    The study shows such averages (Figures 2 and 3) and marks its regions in pictures alone. Here the region is the square with most
    structure in the reference, the one that pictures enlarge: a fifth of the shorter side, 40 pixels at least.

    Args:
        window: lowest and highest value that count, as of `medai/psnr`; None: for HU -160..240.
        roi: one region for all cases (row, column, height, width); None: each case has its own.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, window: Window | None = None, roi: Region | None = None) -> None:
        Psnr(window=window, roi=roi)  # what these parameters may not be is refused there
        self._window, self._roi = window, roi

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> tuple[float, float]:
        """PSNR and SSIM of one case.

        Raises:
            DataError: it has no reference, the shapes differ, or the region leaves the image.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference to compare with")
        window = self._window or window_of(sample.reference)
        roi = self._roi or _busiest(sample.reference, window)
        return Psnr(window=window, roi=roi).case(prediction, sample), Ssim(window=window, roi=roi).case(prediction, sample)

    def total(self, parts: Sequence[tuple[float, float]]) -> Mapping[str, float]:
        """The means over cases; NaN where none is finite."""
        return {"roi-psnr": _mean([psnr for psnr, _ in parts]), "roi-ssim": _mean([ssim for _, ssim in parts])}


class DoseMeasures:
    """What dose the inputs were taken at, as their data say: the mean over cases of the fraction of the full dose, and where the data say
    more, of mAs, CTDIvol in mGy, dose-length product in mGy cm and effective dose in mSv.

    It is of the input alone: every answer has the same. So figures of quality can stand beside the dose at which they were had.
    """

    better: Literal["higher", "lower"] = "lower"

    _NAMES: Mapping[str, str] = {
        "dose": "dose",
        "mas": "mAs",
        "ctdi-vol": "CTDIvol",
        "dlp": "DLP",
        "effective-dose": "effective-dose",
    }

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> tuple[float, ...]:
        """The case's figures; NaN where its data do not say.

        Raises:
            DataError: its data say no dose.
        """
        said = sample.case.attributes
        if "dose" not in said:
            raise DataError(f"case {sample.case.id} says no dose: its data set gives no attribute `dose`")
        return tuple(float(said.get(key, math.nan)) for key in self._NAMES.values())

    def total(self, parts: Sequence[tuple[float, ...]]) -> Mapping[str, float]:
        """The means over those cases that say it; NaN where none does."""
        return {name: _mean([part[place] for part in parts]) for place, name in enumerate(self._NAMES)}


def _busiest(reference: Image, window: Window) -> Region:
    plane = plane_of(reference.pixels)
    return busiest_region(plane.mean(axis=2) if plane.ndim == 3 else plane, window)


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan

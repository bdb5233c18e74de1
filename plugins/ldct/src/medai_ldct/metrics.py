"""Metrics of the study that are not those of `medai`: squared errors, figures of a region, the dose of the input, what a network costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from medai.api import build
from medai.errors import DataError
from medai.tasks import Batch, Image, Sample
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


class Params:
    """`params`, the parameters of a network, and `params-trainable`, those of them that are trained; NaN of what is no torch module.

    The study calls its column trainable parameters; for its WGAN it prints those of the frozen VGG-19 too.
    """

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The two counts; the batch is not looked at."""
        found = build("medai/parameters").measure(model, batch)
        return {"params": found["parameters"], "params-trainable": found["parameters-trainable"]}


class Macs:
    """Multiply-accumulate operations in thousand millions for slices of some sizes, such as `macs-g-512`; NaN of what is no torch module.

    No one size of input gives the study's column: RED-CNN's 4.3 is near its 4.66 for 64 x 64, EDCNN's 5.2 near its 5.29 for 256 x 256.

    Args:
        sizes: pixels along each side, a figure for each.
    """

    def __init__(self, sizes: tuple[int, ...] = (512, 64)) -> None:
        self._counts = {f"macs-g-{size}": build("medai/macs", size=(size,)) for size in sizes}

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The operations of one answer to the batch, its images drawn to each size."""
        return {name: count.measure(model, batch)["macs"] / 1e9 for name, count in self._counts.items()}


class CpuTime:
    """`cpu-ms`, milliseconds for a slice on the processor, with quartiles `cpu-ms-low` and `cpu-ms-high`; the study's are of an Intel
    i9-10900X.

    Args:
        size: pixels along each side of the slice.
        threads: of torch; None: as many as there are.
        repeats: how many answers are timed; None: as many as fit in two seconds, at least 3.
    """

    def __init__(self, size: int = 512, threads: int | None = None, repeats: int | None = None) -> None:
        self._latency = build("medai/latency", size=(size,), device="cpu", threads=threads, repeats=repeats)

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The times of one answer to the batch, its images drawn to the size."""
        return _times("cpu-ms", self._latency.measure(model, batch))


class GpuTime:
    """`gpu-ms`, milliseconds for a slice on the GPU, with quartiles `gpu-ms-low` and `gpu-ms-high`; NaN where there is no CUDA. The
    study's are of an NVIDIA RTX 3090.

    Args:
        size: pixels along each side of the slice.
        repeats: how many answers are timed; None: as many as fit in two seconds, at least 3.
    """

    def __init__(self, size: int = 512, repeats: int | None = None) -> None:
        self._latency = build("medai/latency", size=(size,), device="cuda", repeats=repeats)

    def measure(self, model: Any, batch: Batch[Any, Any]) -> Mapping[str, float]:
        """The times of one answer to the batch, its images drawn to the size."""
        if not torch.cuda.is_available():
            return _times("gpu-ms", {})
        return _times("gpu-ms", self._latency.measure(model, batch))


def _times(name: str, found: Mapping[str, float]) -> Mapping[str, float]:
    return {f"{name}{part}": found.get(f"latency-ms{part}", math.nan) for part in ("", "-low", "-high")}


def _busiest(reference: Image, window: Window) -> Region:
    plane = plane_of(reference.pixels)
    return busiest_region(plane.mean(axis=2) if plane.ndim == 3 else plane, window)


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan

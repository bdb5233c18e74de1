"""Metrics of the study that are not those of `medai`: squared errors, figures of a region, the dose of the input, what a network costs."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import torch

from medai.api import build
from medai.errors import DataError
from medai.tasks import Batch, Image, Sample
from medai.tasks.planes import window_of
from medai.tasks.restoration import Psnr, Rmse, Ssim

Window = tuple[float, float]
Region = tuple[int, int, int, int]
Parts = tuple[float, float, float, float]
"""Row, column, height and width as parts of the image."""

STUDY_WINDOW: Window = (-160.0, 240.0)
_REGIONS = Path(__file__).with_name("regions.csv")
_KINDS: Mapping[str, type[Psnr | Ssim | Rmse]] = {"psnr": Psnr, "ssim": Ssim, "rmse": Rmse}


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


class StudyPsnr(Psnr):
    """`medai/psnr` in the study's window (eq. 2): its undenoised rows satisfy PSNR = 20 log10(400 / RMSE), so that the peak is the window's
    width, not the printed 2^n - 1.

    Args:
        window: lowest and highest value that count, in HU.
        roi: the rows and columns that count (row, column, height, width); None: all.
        label: put before the figure's name with a hyphen.
    """

    def __init__(self, window: Window | None = STUDY_WINDOW, roi: Region | None = None, label: str = "") -> None:
        super().__init__(window, roi, label)


class StudySsim(Ssim):
    """`medai/ssim` in the study's window (eq. 3 to 6, of which eq. 5 is printed wrong); the study gives no constants, these are the usual.

    Args:
        window: lowest and highest value that count, in HU.
        roi: the rows and columns that count (row, column, height, width); None: all.
        label: put before the figure's name with a hyphen.
    """

    def __init__(self, window: Window | None = STUDY_WINDOW, roi: Region | None = None, label: str = "") -> None:
        super().__init__(window, roi, label)


class StudyRmse(Rmse):
    """`medai/rmse` in HU in the study's window (eq. 7).

    Args:
        window: lowest and highest value that count, in HU.
        roi: the rows and columns that count (row, column, height, width); None: all.
        label: put before the figure's name with a hyphen.
    """

    def __init__(self, window: Window | None = STUDY_WINDOW, roi: Region | None = None, label: str = "") -> None:
        super().__init__(window, roi, label)


class RoiAverage:
    """PSNR in dB, SSIM or RMSE in a region of interest of each case: `roi-psnr`, `roi-ssim` or `roi-rmse`; of several cases, the mean.

    The study marks its region, the aorta, in a picture alone (Table 5, Figures 2 and 3). Here the regions stand in a file: CSV with the
    columns `case`, `row`, `column`, `height` and `width`. `case` is a case's id or a pattern of ids (`*`), the first that fits counts;
    the rest are parts of the image's rows and columns, from 0 to 1. The plugin's own file names one square for every slice, in front of
    the spine and about the middle, where the abdominal aorta lies.

    Args:
        figure: what is measured.
        window: lowest and highest value that count, as of `medai/psnr`; None: for HU -160..240.
        regions: the file; None: the plugin's own.

    Raises:
        DataError: the file cannot be read, or a line of it is no region.
    """

    def __init__(self, figure: Literal["psnr", "ssim", "rmse"] = "psnr", window: Window | None = None, regions: Path | None = None) -> None:
        self.better: Literal["higher", "lower"] = "lower" if figure == "rmse" else "higher"
        self._figure, self._window = figure, window
        self._regions = _read_regions(regions or _REGIONS)
        _KINDS[figure](window=window)  # what a window may not be is refused there

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> float:
        """The figure of one case; NaN where no line of the file fits it.

        Raises:
            DataError: it has no reference, or the shapes differ.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference to compare with")
        region = next((found for pattern, found in self._regions if fnmatchcase(sample.case.id, pattern)), None)
        if region is None:
            return math.nan
        roi = _in_pixels(region, sample.reference.pixels.shape[-2:])
        return _KINDS[self._figure](window=self._window or window_of(sample.reference), roi=roi).case(prediction, sample)

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The mean over cases; NaN where none is finite."""
        return {f"roi-{self._figure}": _mean(parts)}


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


def _read_regions(path: Path) -> list[tuple[str, Parts]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the regions of interest cannot be read: {error}", path) from error
    return [_region(line, path, number) for number, line in enumerate(lines, start=2)]


def _region(line: Mapping[str, str | None], path: Path, number: int) -> tuple[str, Parts]:
    try:
        row, column, height, width = (float(line[name] or "") for name in ("row", "column", "height", "width"))
        pattern = line["case"] or ""
    except (KeyError, ValueError):
        raise DataError(f"line {number}: case, row, column, height and width are wanted, as parts of the image from 0 to 1", path) from None
    if not (0 <= row < row + height <= 1 and 0 <= column < column + width <= 1):
        raise DataError(f"line {number}: the region leaves the image, of which its numbers are parts from 0 to 1", path)
    return pattern, (row, column, height, width)


def _in_pixels(parts: Parts, shape: Sequence[int]) -> Region:
    rows, columns = shape
    row, column, height, width = parts
    return int(row * rows), int(column * columns), max(1, round(height * rows)), max(1, round(width * columns))


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan

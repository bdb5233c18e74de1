"""Images and masks as NIfTI, NRRD and PNG."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medai.errors import DataError
from medai.io import write_image
from medai.tasks import Image, Mask, Sample
from medai_standard.exporters.naming import Names


class Nifti:
    """Every image or mask as `.nii.gz` on its input's grid, in physical units, the unit noted; a mask holds its classes."""

    suffix = ".nii.gz"

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """An image or a mask whose place is known.

        Raises:
            DataError: it is something else.
        """
        _image_of(prediction)
        if sample.origin is None or sample.origin.affine is None:
            raise DataError(f"its place in the patient is not known, so that {self.suffix} would put it anywhere", _file(sample))

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the images, a file for each case.

        Raises:
            DataError: a prediction is neither an image nor a mask, or its place is not known.
        """
        names, files = Names(), []
        for sample, prediction in rows:
            self.check(sample, prediction)
            files.append(write_image(folder / f"{names.of(sample.case.id)}{self.suffix}", _image_of(prediction), sample.origin))
        return files


class Nrrd(Nifti):
    """Every image or mask as `.nrrd` on its input's grid, in physical units, the unit noted; a mask holds its classes."""

    suffix = ".nrrd"


class Png:
    """Every plane as `.png`: an image between the ends of a window; a mask with a palette, whose indices are the classes, black the
    background; a volume is a folder.

    Args:
        window: lowest and highest value, which become black and white; needed for units other than `0..1`.
        bits: 8, or 16 for grey images.
    """

    def __init__(self, window: tuple[float, float] | None = None, bits: int = 8) -> None:
        self._window, self._bits = window, bits

    def check(self, sample: Sample[Any, Any], prediction: Any) -> None:
        """An image that the window fits, or a mask of classes up to 255.

        Raises:
            DataError: it is something else.
        """
        image = _image_of(prediction)
        if isinstance(prediction, Mask) and int(prediction.labels.max()) > 255:
            raise DataError("its classes go beyond 255, which a palette cannot hold", _file(sample))
        if isinstance(prediction, Image) and image.unit != "0..1" and self._window is None:
            raise DataError(
                f"its unit is {image.unit or 'not known'}: say which values to show, as in --set window=[-160,240]", _file(sample)
            )

    def write(self, rows: Iterable[tuple[Sample[Any, Any], Any]], folder: Path) -> list[Path]:
        """Write the pictures; of a volume, `0001.png` and on in a folder of its name.

        Raises:
            DataError: a prediction is neither an image nor a mask, or the window does not fit.
        """
        names, files = Names(), []
        for sample, prediction in rows:
            self.check(sample, prediction)
            image, name = _image_of(prediction), names.of(sample.case.id)
            if image.pixels.ndim == 3:
                files.append(self._write(folder / f"{name}.png", image, prediction))
                continue
            for place, pixels in enumerate(image.pixels.unbind(1), start=1):
                files.append(self._write(folder / name / f"{place:04d}.png", Image(pixels, image.unit), prediction))
        return files

    def _write(self, path: Path, image: Image, prediction: Any) -> Path:
        if isinstance(prediction, Mask):
            return write_image(path, image)
        return write_image(path, image, window=self._window, bits=self._bits)


def _image_of(prediction: Any) -> Image:
    if isinstance(prediction, Mask):
        return Image(prediction.labels[None].float(), "label")
    if isinstance(prediction, Image):
        return prediction
    raise DataError(f"an answer of type {type(prediction).__name__} is neither an image nor a mask")


def _file(sample: Sample[Any, Any]) -> Path | None:
    return sample.origin.files[0] if sample.origin is not None and sample.origin.files else None

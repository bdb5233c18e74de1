"""Images as a viewer shows them: DICOM through the window that its header names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import torch

from medai.io import open_images, read_image, window
from medai.tasks import Case, Image, Sample

_TAGS = (
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("BitsStored", "PixelRepresentation", "PhotometricInterpretation"),
)
_DARK = 0.1
"""Of the range of a file: an image whose brightest pixel is below it shows nothing."""


def read_shown(path: Path) -> Image:
    """An image of a file, as `medai.io.read_image` gives it; grey DICOM of 0..1 through the first window of its header, if there is one.

    Raises:
        DataError: as `medai.io.read_image`.
    """
    return _windowed(read_image(path), path)


class ImagesToPredict:
    """Files and folders as `medai.io.open_images` takes them, grey DICOM through its window. Of an image that is all dark is warned.

    Raises:
        DataError: as `medai.io.open_images`.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._source = open_images(paths)

    def cases(self) -> Sequence[Case]:
        """A case per file."""
        return self._source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The image, without a reference.

        Raises:
            DataError: it cannot be read.
        """
        sample = self._source.read(case, rng)
        image, origin = sample.inputs, sample.origin
        if image.unit != "0..1" or origin is None:
            return sample
        image = _windowed(image, origin.files[0])
        if (brightest := float(image.pixels.max())) < _DARK:
            name = case.id if origin.attributes else origin.files[0].name
            warnings.warn(
                f"{name}: its brightest pixel is at {100 * brightest:.1f} % of the range of the file, and so dark it is answered: values "
                "of few bits in a file of more have to be scaled to its range first",
                stacklevel=2,
            )
        return replace(sample, inputs=image)


def _windowed(image: Image, path: Path) -> Image:
    # DICOM alone has attributes of a header.
    if image.unit != "0..1" or len(image.pixels) != 1 or image.origin is None or not image.origin.attributes:
        return image
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=list(_TAGS))
    centre, width = (_number(header, keyword) for keyword in ("WindowCenter", "WindowWidth"))
    function = str(header.get("VOILUTFunction") or "LINEAR")
    # LINEAR is of whole numbers, the first and the last of which are black and white (DICOM PS3.3, C.11.2.1.2).
    if centre is not None and width is not None and function == "LINEAR":
        centre, width = centre - 0.5, width - 1
    bits = header.get("BitsStored")
    if centre is None or width is None or width <= 0 or not bits or header.get("ModalityLUTSequence"):
        return image
    first, last = (_place(value, header, int(bits)) for value in (centre - width / 2, centre + width / 2))
    low, high = min(first, last), max(first, last)
    if function == "SIGMOID":
        return replace(image, pixels=torch.sigmoid(4 * (image.pixels - (low + high) / 2) / (high - low)))
    return window(image, low, high)


def _place(value: float, header: pydicom.Dataset, bits: int) -> float:
    """Where a value of the header lies in 0..1 as the image is read: over the range of stored values, and turned about where the brightest
    is stored as the least."""
    slope = _number(header, "RescaleSlope") or 1.0
    stored = (value - (_number(header, "RescaleIntercept") or 0.0)) / slope
    place = (stored + (2 ** (bits - 1) if header.get("PixelRepresentation") else 0)) / (2**bits - 1)
    turned = (header.get("PhotometricInterpretation") == "MONOCHROME1") != (slope < 0)
    return 1 - place if turned else place


def _number(header: pydicom.Dataset, keyword: str) -> float | None:
    """The first of an element's numbers; None where there is none."""
    value = header.get(keyword)
    if value is None or value == "":
        return None
    try:
        found = float(value if isinstance(value, int | float | str) else value[0])
    except (TypeError, ValueError, IndexError):
        return None
    return found if np.isfinite(found) else None

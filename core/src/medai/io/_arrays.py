"""`.npy` arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io._faults import check_size, image_of, reading
from medai.tasks import Image, Origin

AIR = -1024.0
"""HU of what lies outside the field of view."""


def read_array(path: Path, modality: str | None = None) -> Image:
    """A plane or a volume from a `.npy` file; objects (pickles) are refused."""
    with reading(path, ".npy"):
        # Mapped, so that the size is known, and too short a file found, before anything is read.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            raise DataError("not an array of numbers", path)
        if array.ndim not in (2, 3):
            raise DataError(f"an image has 2 or 3 axes, this array has {array.ndim}", path)
        check_size(array.shape, path)
        image = image_of(array[None], "", Origin((path,)))
    return as_ct(image, modality)


def as_ct(image: Image, modality: str | None) -> Image:
    """The image in HU with the floor of air when it was declared to be CT; else as it is."""
    return Image(image.pixels.clamp_(min=AIR), "HU", image.origin) if modality == "CT" else image

"""PNG, JPEG and BMP, and what TIFF shares with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import ExifTags
from PIL import Image as Picture

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader
from medai.io._label_pictures import UNIT, holds_labels
from medai.io._stored import require_room
from medai.tasks import Origin

GREY = {"1": 1.0, "L": 255.0, "I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0, "LA": 255.0}
"""Grey modes of pillow, and their white."""

COLOUR = ("RGB", "RGBA", "P", "PA", "YCbCr", "CMYK")
"""Colour modes that are given as red, green and blue."""

_TURNED = range(5, 9)  # orientations that lay rows along columns


def open_picture(path: Path) -> ImageFile:
    """A grey picture as (1, H, W), a colour picture as (3, H, W), in 0..1; an alpha channel is dropped. What was written as labels is
    read as labels (1, H, W)."""
    with Picture.open(path, formats=("PNG", "JPEG", "BMP")) as file:
        require_mode(file.mode, (*GREY, *COLOUR, "I"), path)
        labelled = holds_labels(file)
        channels = 1 if labelled else channels_of(file.mode)
        check_size((channels, file.height, file.width), path)
        require_room(file.height * ((file.width + 7) // 8), path.stat().st_size, "picture", path)
        orientation = _orientation(file)
        size = (file.width, file.height) if orientation in _TURNED else (file.height, file.width)

    def pixels() -> Array:
        with Picture.open(path, formats=("PNG", "JPEG", "BMP")) as file:
            if labelled:
                return upright(np.asarray(file, dtype=np.float32)[None], orientation)
            # Older releases of pillow open a grey PNG of 16 bits in the mode I.
            values = np.asarray(file, dtype=np.float32)[None] / 65535 if file.mode == "I" else values_of(file)
        return upright(values, orientation)

    return ImageFile(ImageHeader((channels, *size), UNIT if labelled else "0..1", Origin((path,))), pixels)


def channels_of(mode: str) -> int:
    """1 for a grey mode, 3 for a colour mode."""
    return 3 if mode in COLOUR else 1


def require_mode(mode: str, modes: tuple[str, ...], path: Path) -> None:
    """Refuse a mode of pillow that none of the readers knows.

    Raises:
        DataError: the mode is not one of `modes`.
    """
    if mode not in modes:
        raise DataError(f"a picture of mode {mode} is not read", path)


def values_of(picture: Picture.Image) -> Array:
    """The values of a grey or colour picture in 0..1, float32 (C, H, W)."""
    if picture.mode in COLOUR:
        return np.asarray(picture.convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / 255
    grey = picture.convert("L") if picture.mode == "LA" else picture
    return np.asarray(grey, dtype=np.float32)[None] / GREY[picture.mode]


def upright(values: Array, orientation: int) -> Array:
    """Pixels (..., H, W) as their camera's orientation (EXIF 2.3, tag 274) wants them shown."""
    turned = np.swapaxes(values, -1, -2) if orientation in _TURNED else values
    if orientation in (3, 4, 7, 8):
        turned = turned[..., ::-1, :]
    return turned[..., ::-1] if orientation in (2, 3, 6, 7) else turned


def _orientation(file: Picture.Image) -> int:
    # Not `getexif`, which decodes a whole PNG to see whether the tags come behind the pixels.
    tags = Picture.Exif()
    tags.load(file.info.get("exif", b""))
    value = tags.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) else 1

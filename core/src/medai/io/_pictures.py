"""PNG and JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from medai.errors import DataError
from medai.io._faults import check_size, image_of, reading
from medai.tasks import Image, Origin

_GREY = {"1": 1.0, "L": 255.0, "I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0}
_TO_COLOUR = ("RGB", "RGBA", "P", "PA", "YCbCr", "CMYK")


def read_picture(path: Path, modality: str | None = None) -> Image:
    """A grey picture as (1, H, W), a colour picture as (3, H, W), in 0..1; an alpha channel is dropped."""
    if modality == "CT":
        raise DataError("not a CT: a picture of 0..1 has no HU", path)
    with reading(path, "a picture"), Picture.open(path, formats=("PNG", "JPEG")) as file:
        check_size((len(file.getbands()), file.height, file.width), path)
        picture = file.convert("L") if file.mode == "LA" else file
        if picture.mode in _GREY:
            pixels = (np.asarray(picture, dtype=np.float32) / _GREY[picture.mode])[None]
        elif picture.mode in _TO_COLOUR:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.float32).transpose(2, 0, 1) / 255
        elif picture.mode == "I":
            # Older releases of pillow open a grey PNG of 16 bits in this mode.
            pixels = (np.asarray(picture, dtype=np.float32) / 65535)[None]
        else:
            raise DataError(f"a picture of mode {picture.mode} is not read", path)
        return image_of(pixels, "0..1", Origin((path,)))

"""One image into one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from medai.errors import DataError
from medai.io._atomic import replacing
from medai.io._nifti import write_nifti
from medai.io._read import suffix_of
from medai.tasks import Image, Origin


def write_image(path: Path | str, image: Image, origin: Origin | None = None) -> Path:
    """Write an image so that the file is whole or not there; the suffix of `path` says how.

    - `.npy`: float32, without the channel axis when there is one channel; values alone.
    - `.nii`, `.nii.gz`: one channel; the affine of `origin`, else of the image, which is needed; the unit is noted in the header.
    - `.png`: a plane of unit `0..1`, 8 bits, values outside the range clipped.

    Raises:
        DataError: the suffix is unknown, or the format cannot hold this image.
        EnvironmentFault: the disk is full or the folder may not be written.
    """
    path = Path(path)
    kind, origin = suffix_of(path), origin or image.origin
    with replacing(path) as temporary:
        if kind == ".npy":
            pixels = image.pixels.detach().cpu().numpy().astype(np.float32)
            np.save(temporary, pixels[0] if pixels.shape[0] == 1 else pixels, allow_pickle=False)
        elif kind in (".nii", ".nii.gz"):
            if origin is None or origin.affine is None or image.pixels.shape[0] != 1:
                raise DataError("NIfTI is written from one channel with an affine", path)
            write_nifti(temporary, image, origin.affine)
        elif kind == ".png":
            _picture(image, path).save(temporary, format="PNG")
        else:
            raise DataError("an image is written as .npy, .nii, .nii.gz or .png", path)
    return path


def _picture(image: Image, path: Path) -> Picture.Image:
    if image.pixels.ndim != 3 or image.pixels.shape[0] not in (1, 3) or image.unit != "0..1":
        raise DataError("PNG is written from a grey or colour plane of unit 0..1", path)
    values = (image.pixels.detach().cpu().clamp(0, 1) * 255).round().to(dtype=image.pixels.dtype).numpy().astype(np.uint8)
    return Picture.fromarray(values[0] if values.shape[0] == 1 else values.transpose(1, 2, 0))

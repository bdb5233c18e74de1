"""One image into one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from medai.errors import DataError, UsageError
from medai.io._atomic import replacing
from medai.io._grids import Affine
from medai.io._label_pictures import UNIT, label_note, label_picture
from medai.io._metaimage import write_metaimage
from medai.io._nifti import write_nifti
from medai.io._nrrd import write_nrrd
from medai.io._read import suffix_of
from medai.io._tiff import write_tiff
from medai.tasks import Image, Origin

_Writer = Callable[[Path, Image, Affine | None, tuple[float, ...]], None]

_ON_A_GRID: dict[str, _Writer] = {".nii": write_nifti, ".nii.gz": write_nifti, ".nrrd": write_nrrd, ".mha": write_metaimage}
_ONE_CHANNEL = (".nii", ".nii.gz", ".tif", ".tiff")


def write_image(
    path: Path | str, image: Image, origin: Origin | None = None, *, window: tuple[float, float] | None = None, bits: int = 8
) -> Path:
    """Write an image so that the file is whole or not there; the suffix of `path` says how.

    - `.nii`, `.nii.gz`, `.nrrd`, `.mha`: float32 (of unit `label`, whole numbers) on the grid of `origin`, else of the image: with its
      affine; without one, with its spacing alone. The unit is noted and read again. NIfTI holds one channel;
      MetaImage no sheared axes (a tilted gantry).
    - `.npy`: float32, without the channel axis when there is one channel; values alone.
    - `.tif`: float32, one channel, a page for each plane; values and unit, no place.
    - `.png`: a grey or colour plane of unit `0..1`, or of any unit between the ends of a `window`; values outside are clipped. A plane
      of unit `label` without a window has a palette, black for 0 and a colour for each other label, whose indices are the labels.

    A volume of one plane, (C, 1, H, W), is read again as a plane, (C, H, W): these formats cannot tell the two apart. `.npy` alone can.

    Args:
        path: the file; what stood there is replaced.
        image: (C, H, W) or (C, D, H, W).
        origin: where it lies; default: its own.
        window: of `.png`: the values that become black and white; default 0 and 1, for the unit `0..1` alone.
        bits: of `.png`: 8, or 16 for grey.

    Raises:
        DataError: the suffix is unknown, or the format cannot hold this image.
        UsageError: a window that is no range, or bits other than 8 and 16.
        EnvironmentFault: the disk is full or the folder may not be written.
    """
    path = Path(path)
    kind, origin = suffix_of(path), origin or image.origin or Origin()
    if kind in _ONE_CHANNEL and image.pixels.shape[0] != 1:
        raise DataError(f"{kind} is written from one channel, this image has {image.pixels.shape[0]}", path)
    with replacing(path) as temporary:
        if kind in _ON_A_GRID:
            _require_grid(image, origin, path)
            try:
                _ON_A_GRID[kind](temporary, image, origin.affine, origin.spacing)
            except DataError as error:
                raise DataError(error.reason, path) from error
        elif kind == ".npy":
            pixels = image.pixels.detach().cpu().numpy().astype(np.float32)
            np.save(temporary, pixels[0] if pixels.shape[0] == 1 else pixels, allow_pickle=False)
        elif kind in (".tif", ".tiff"):
            write_tiff(temporary, image)
        elif kind == ".png" and image.unit == UNIT and window is None:
            label_picture(image, path).save(temporary, format="PNG", pnginfo=label_note())
        elif kind == ".png":
            _picture(image, window, bits, path).save(temporary, format="PNG")
        else:
            raise DataError(f"an image is written as {', '.join(_ON_A_GRID)}, .npy, .tif or .png", path)
    return path


def _require_grid(image: Image, origin: Origin, path: Path) -> None:
    axes = image.pixels.ndim - 1
    if axes not in (2, 3):
        raise DataError(f"an image has 2 or 3 axes, this one has {axes}", path)
    if origin.affine is None and origin.spacing and len(origin.spacing) != axes:
        raise DataError(f"{len(origin.spacing)} spacings for {axes} axes", path)


def _picture(image: Image, window: tuple[float, float] | None, bits: int, path: Path) -> Picture.Image:
    if image.pixels.ndim != 3 or image.pixels.shape[0] not in (1, 3) or (window is None and image.unit != "0..1"):
        raise DataError("PNG is written from a grey or colour plane of unit 0..1, or of another unit with a window", path)
    low, high = (0.0, 1.0) if window is None else window
    if not high > low:
        raise UsageError(f"a window from {low:g} to {high:g} is no range")
    if bits not in (8, 16) or (bits == 16 and image.pixels.shape[0] != 1):
        raise UsageError(f"PNG is written in 8 bits, or grey in 16, not {'colour in ' if bits == 16 else ''}{bits}")
    top = 2**bits - 1
    shown = ((image.pixels.detach().cpu().double() - low) / (high - low)).clamp(0, 1).mul(top).round().numpy()
    values = shown.astype(np.uint8 if bits == 8 else np.uint16)
    return Picture.fromarray(values[0] if values.shape[0] == 1 else np.ascontiguousarray(values.transpose(1, 2, 0)))

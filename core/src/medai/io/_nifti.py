"""NIfTI: `.nii` and `.nii.gz`.

A NIfTI array has its fastest axis first (columns, rows, slices); here the slowest is first, so reading reverses the axes, and the affine's
columns with them, and writing reverses them back: nothing is resampled or flipped, and what is written lies on the grid that was read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from medai.errors import DataError
from medai.io._arrays import as_ct
from medai.io._faults import check_size, image_of, reading
from medai.tasks import Image, Origin

Affine = np.ndarray[Any, np.dtype[np.float64]]

_NOTE = "medai unit="


def read_nifti(path: Path, modality: str | None = None) -> Image:
    """A plane (1, H, W) or a volume (1, D, H, W)."""
    with reading(path, "NIfTI"):
        file = nib.load(path)
        if not isinstance(file, nib.Nifti1Image):
            raise DataError("not a NIfTI image", path)
        header: Any = file.header
        check_size(file.shape, path)
        shape = _plain(file.shape)
        if len(shape) not in (2, 3):
            raise DataError(f"an image has 2 or 3 axes, this one has {len(shape)}: {' x '.join(map(str, file.shape))}", path)
        if header.get_data_dtype().kind not in "fiu":
            raise DataError(f"not an array of real numbers: {header.get_data_dtype()}", path)
        if file.affine is None or not np.isfinite(file.affine).all():
            raise DataError("its affine is not finite", path)
        pixels = file.get_fdata(dtype=np.float32).reshape(shape).T[None]
        affine = _reversed(np.asarray(file.affine, dtype=np.float64), len(shape))
        spacing = tuple(float(step) for step in np.linalg.norm(affine[:3, : len(shape)], axis=0))
        return as_ct(image_of(pixels, _unit(header), Origin((path,), affine, spacing)), modality)


def write_nifti(path: Path, image: Image, affine: Affine) -> None:
    """Write an image of one channel on its grid, float32, its unit noted in the header's description."""
    axes = image.pixels.ndim - 1
    array = image.pixels[0].detach().cpu().numpy().astype(np.float32).T
    make: Any = nib.Nifti1Image  # untyped
    file = make(array[..., None] if axes == 2 else array, _reversed(affine, axes))
    header = file.header
    header.set_xyzt_units("mm")
    header["descrip"] = f"{_NOTE}{image.unit}".encode()[:79]
    file.to_filename(path)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without the axes of length 1 that stand behind the second."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _unit(header: Any) -> str:
    note = bytes(header["descrip"]).rstrip(b"\0").decode("latin-1")
    return note.removeprefix(_NOTE) if note.startswith(_NOTE) else ""


def _reversed(affine: Affine, axes: int) -> Affine:
    """The affine for indices in reverse order; of a plane, the column of the normal stays last."""
    order = [*range(axes)[::-1], *range(axes, 4)]
    return affine[:, order]

"""NIfTI-1 and NIfTI-2: `.nii` and `.nii.gz`.

The header is nibabel's; the pixels are read here, because nibabel reads an extension of any claimed size, and does not look at the
checksum of a packed file.
"""

from __future__ import annotations

import io
import logging
import math
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.volumeutils import apply_read_scaling

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader, note_of, numbers_of, unit_in
from medai.io._grids import Affine, affine_of, millimetres, plain, require_axes, reversed_axes, spacing_of
from medai.io._stored import Packing, Stored, unpacked
from medai.tasks import Image, Origin

# nibabel prints what is odd in a header; what is wrong with it is an exception as well.
_SILENT = logging.Logger("medai.io")
_SILENT.addHandler(logging.NullHandler())
_HEADERS = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_LARGEST_EXTENSION = 1 << 26  # bytes in front of the pixels; whole DICOM headers and surfaces are a few megabytes
_MILLIMETRES = {"meter": 1e3, "micron": 1e-3}


def open_nifti(path: Path) -> ImageFile:
    """A plane (1, H, W) or a volume (1, D, H, W)."""
    with path.open("rb") as file:
        packing: Packing = "gzip" if file.read(2) == b"\x1f\x8b" else "raw"
        file.seek(0)
        with unpacked(file, packing) as stream:
            header = _header(stream.read(max(_HEADERS)), path)
    whole = tuple(int(size) for size in header.get_data_shape())
    shape = plain(whole)
    require_axes(shape, path)
    check_size(shape, path)
    dtype = header.get_data_dtype()
    if dtype.kind not in "fiu":
        raise DataError(f"not an array of real numbers: {dtype}", path)
    skip = int(header.get_data_offset())
    if not header.single_vox_offset <= skip <= _LARGEST_EXTENSION:
        raise DataError(f"its pixels cannot begin at byte {skip}", path)
    slope, intercept = header.get_slope_inter()
    stored = Stored(path, dtype, math.prod(shape), skip=skip, packing=packing)

    def pixels() -> Array:
        values = stored.values()
        scaled = values if slope is None else apply_read_scaling(values, slope, intercept)
        return np.asarray(scaled).reshape(1, *shape[::-1])

    return ImageFile(ImageHeader((1, *shape[::-1]), _unit(header), _origin(header, len(shape), path)), pixels)


def write_nifti(path: Path, image: Image, affine: Affine | None, spacing: tuple[float, ...]) -> None:
    """Write an image of one channel on its grid, its unit noted in the header's description."""
    axes = image.pixels.ndim - 1
    array = numbers_of(image)[0].T
    make: Any = nib.Nifti1Image  # untyped
    file = make(array[..., None] if axes == 2 else array, None if affine is None else reversed_axes(affine, axes))
    header = file.header
    if affine is None:
        # Without an affine the codes of both transforms are 0: its place is not known.
        header.set_zooms([*spacing[::-1], 1.0][:3] if spacing else [1.0, 1.0, 1.0])
    header.set_xyzt_units("mm")
    header["descrip"] = note_of(image.unit).encode()[:79]
    file.to_filename(path)


def _header(start: bytes, path: Path) -> Any:
    for size, kind in _HEADERS.items():
        make: Any = kind  # untyped
        if len(start) >= size and size in (int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")):
            header = make.from_fileobj(io.BytesIO(start[:size] + bytes(4)), check=False)
            header.check_fix(_SILENT)
            if bytes(header["magic"])[:2] not in (b"n+", b"ni"):
                raise DataError("not NIfTI: its header has another magic number", path)
            return header
    raise DataError("not NIfTI, or truncated in its header", path)


def _origin(header: Any, axes: int, path: Path) -> Origin:
    scale = _MILLIMETRES.get(header.get_xyzt_units()[0], 1.0)
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        steps = np.asarray(header.get_zooms()[:axes], dtype=np.float64) * scale
        return Origin((path,), None, millimetres(steps[::-1], path))
    best = np.asarray(header.get_best_affine(), dtype=np.float64)[:3] * scale
    affine = reversed_axes(affine_of(best[:, :3], best[:, 3], path), axes)
    return Origin((path,), affine, spacing_of(affine, axes))


def _unit(header: Any) -> str:
    return unit_in(bytes(header["descrip"]).rstrip(b"\0").decode("utf-8", errors="replace"))

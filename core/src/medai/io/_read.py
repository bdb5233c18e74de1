"""One file, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from medai.errors import DataError
from medai.io import _arrays, _dicom, _matlab, _metaimage, _nifti, _nrrd, _pictures, _tiff
from medai.io._faults import LARGEST, check_size, image_of, reading
from medai.io._files import ImageFile, ImageHeader, as_ct
from medai.tasks import Image

__all__ = ["LARGEST", "image_header", "known_kind", "read_image"]


class _Format(NamedTuple):
    """What a file is called in messages, how it is opened, and whether it may hold several arrays, of which a key names one."""

    kind: str
    open: Callable[..., ImageFile]
    several: bool = False


_NIFTI, _PICTURE = _Format("NIfTI", _nifti.open_nifti), _Format("a picture", _pictures.open_picture)
_NRRD, _METAIMAGE = _Format("NRRD", _nrrd.open_nrrd), _Format("MetaImage", _metaimage.open_metaimage)
_TIFF = _Format("TIFF", _tiff.open_tiff)

_BY_SUFFIX = {
    ".nii": _NIFTI,
    ".nii.gz": _NIFTI,
    ".nrrd": _NRRD,
    ".nhdr": _NRRD,
    ".mha": _METAIMAGE,
    ".mhd": _METAIMAGE,
    ".npy": _Format(".npy", _arrays.open_array),
    ".npz": _Format(".npz", _arrays.open_arrays, several=True),
    ".mat": _Format("MATLAB", _matlab.open_matlab, several=True),
    ".png": _PICTURE,
    ".jpg": _PICTURE,
    ".jpeg": _PICTURE,
    ".bmp": _PICTURE,
    ".tif": _TIFF,
    ".tiff": _TIFF,
}
SUFFIXES = tuple(_BY_SUFFIX)


def read_image(path: Path | str, modality: str | None = None, key: str | None = None) -> Image:
    """Read one image file in physical units.

    | file | pixels | unit |
    |---|---|---|
    | DICOM, known by its content | (C, H, W); several frames (C, frames, H, W) | CT `HU`; MR, PT, NM as stored; others `0..1` |
    | NIfTI, NRRD, MetaImage | (C, H, W) or (C, D, H, W); the file's axes in reverse order | as `write_image` noted, else none |
    | `.mat` (MATLAB v5 to v7) | (rows, columns) as (1, H, W), (rows, columns, slices) as (1, slices, H, W) | none |
    | `.npy`, `.npz` | (H, W) as (1, H, W), (D, H, W) as (1, D, H, W) | none |
    | `.png`, `.jpg`, `.bmp` | grey (1, H, W), colour (3, H, W); alpha dropped; upright as EXIF says | `0..1`; `label` as written |
    | `.tif` | a page as a picture, several of one kind (C, pages, H, W) | `0..1`; of floats, signed and long integers none |

    By suffix: NIfTI `.nii`, `.nii.gz`; NRRD `.nrrd`, `.nhdr`; MetaImage `.mha`, `.mhd`; a plane may be kept as a volume of one slice.
    Colours of 16 bits are cut to 8 by their decoder, grey is not.

    Frames of an enhanced DICOM file that make one evenly spaced volume are sorted by position, (C, D, H, W) with an affine; others (films,
    several times or echoes in one file, of which `list_series` makes volumes) stay in the file's order, with no affine and the spacing of
    rows and columns alone. Colours are RGB, palettes looked up; `0..1` is the range that stored values may take (`MONOCHROME1` turned
    about, padding 0), MR, PT, NM and doses are rescaled. `Origin.attributes` has what is kept of the header (`KEPT`), `calibrations` the
    regions of an ultrasound picture, whose scale is the spacing where they agree.

    CT is in HU after the rescale; pixel padding, and whatever is below -1024, is air at -1024 HU. Formats that do not name their
    modality (all but DICOM) are in HU when `modality` is `"CT"`, with the same floor; what is of `0..1` is then refused.

    Where a file says how its axes lie in the patient, `Image.origin` has the affine; where it gives distances alone, the spacing. Pixels
    in a file of their own (`.nhdr`, `.mhd`) are read from the folder of the header and nowhere else.

    Args:
        path: the file.
        modality: what the file must hold, as DICOM writes it (`"CT"`); None: anything.
        key: the name of the array in a `.mat` or `.npz` file; None: the only one, or `I` of a `.mat`, `image` of a `.npz` file.

    Raises:
        DataError: not an image, another modality, truncated, NaN or infinite pixels, an absurd size (`LARGEST`), more or fewer axes, or
            compressed in a way that no installed package decodes, which names the transfer syntax and the package to install.
        MemoryFault: too little memory to decode it.
    """
    path = Path(path)
    _require_file(path)
    with reading(path, "an image"):
        if _dicom.is_dicom(path):
            _require_no_key(key, path)
            return _dicom.read_dicom(path, modality)
    form = _format(path)
    with reading(path, form.kind):
        header, pixels = _opened(path, form, key)
        return as_ct(image_of(pixels(), header.unit, header.origin), modality)


def image_header(path: Path | str, key: str | None = None) -> ImageHeader:
    """Shape, unit and place of an image file of any kind but DICOM, from its header: no pixels are decoded.

    Headers of DICOM files are listed by `list_slices`.

    Args:
        path: the file.
        key: as for `read_image`.

    Raises:
        DataError: not an image, or its header is damaged or claims an absurd size.
    """
    path = Path(path)
    _require_file(path)
    form = _format(path)
    with reading(path, form.kind):
        return _opened(path, form, key).header


def known_kind(path: Path) -> bool:
    """Whether `read_image` would try to read this file by its suffix."""
    return suffix_of(path) in _BY_SUFFIX


def suffix_of(path: Path) -> str:
    """The suffix in lower case; `.nii.gz` counts as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else Path(name).suffix


def _require_file(path: Path) -> None:
    """Refuse what has no end (a device) or no beginning (a pipe) before it is opened."""
    if path.is_dir():
        raise DataError("is a folder, not an image file", path)
    if path.exists() and not path.is_file():
        raise DataError("is a device or a pipe, not an image file", path)
    if path.exists() and not path.stat().st_size:
        raise DataError("is an empty file", path)


def _require_no_key(key: str | None, path: Path) -> None:
    if key is not None:
        raise DataError(f"holds one image, so that the key {key!r} means nothing", path)


def _format(path: Path) -> _Format:
    found = _BY_SUFFIX.get(suffix_of(path))
    if found is None:
        raise DataError("not an image: neither DICOM nor one of " + ", ".join(SUFFIXES), path)
    return found


def _opened(path: Path, form: _Format, key: str | None) -> ImageFile:
    if not form.several:
        _require_no_key(key, path)
    file: ImageFile = form.open(path, key) if form.several else form.open(path)
    check_size(file.header.shape, path)
    return file

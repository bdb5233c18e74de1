"""One file, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from medai.errors import DataError
from medai.io import _arrays, _dicom, _nifti, _pictures
from medai.io._faults import LARGEST, reading
from medai.tasks import Image

__all__ = ["LARGEST", "known_kind", "read_image"]

Reader = Callable[[Path, str | None], Image]

_BY_SUFFIX: dict[str, Reader] = {
    ".nii": _nifti.read_nifti,
    ".nii.gz": _nifti.read_nifti,
    ".npy": _arrays.read_array,
    ".png": _pictures.read_picture,
    ".jpg": _pictures.read_picture,
    ".jpeg": _pictures.read_picture,
}


def read_image(path: Path | str, modality: str | None = None) -> Image:
    """Read one image file in physical units.

    | file | pixels | unit |
    |---|---|---|
    | DICOM, known by its content | (C, H, W); several frames (C, frames, H, W) | CT `HU`; MR, PT, NM as stored; others `0..1` |
    | `.nii`, `.nii.gz` | a plane (1, H, W), a volume (1, D, H, W); the file's axes in reverse order | as `write_image` noted, else none |
    | `.npy` | (H, W) as (1, H, W), (D, H, W) as (1, D, H, W) | none |
    | `.png`, `.jpg` | grey (1, H, W), colour (3, H, W) | `0..1` |

    CT is in HU after the rescale; pixel padding, and whatever is below -1024, is air at -1024 HU. Formats that do not name their
    modality (NIfTI, `.npy`) are in HU when `modality` is `"CT"`, with the same floor.

    Args:
        path: the file.
        modality: what the file must hold, as DICOM writes it (`"CT"`); None: anything.

    Raises:
        DataError: not an image, another modality, truncated, NaN or infinite pixels, an absurd size (`LARGEST`), or compressed in a
            way that no installed package decodes, which names the transfer syntax and the package to install.
        MemoryFault: too little memory to decode it.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("is a folder, not an image file", path)
    with reading(path, "an image"):
        reader = _dicom.read_dicom if _dicom.is_dicom(path) else _BY_SUFFIX.get(suffix_of(path))
        if reader is None:
            raise DataError("not an image: neither DICOM nor one of " + ", ".join(_BY_SUFFIX), path)
        return reader(path, modality)


def known_kind(path: Path) -> bool:
    """Whether `read_image` would try to read this file by its suffix."""
    return suffix_of(path) in _BY_SUFFIX


def suffix_of(path: Path) -> str:
    """The suffix in lower case; `.nii.gz` counts as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else Path(name).suffix

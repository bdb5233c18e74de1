"""NumPy's arrays: `.npy`, and `.npz`, which is a zip file of them."""

from __future__ import annotations

import math
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader, chosen
from medai.io._stored import Stored, Stream, read, require_room
from medai.tasks import Origin

_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What NumPy writes. Others can pack without bound, or need a module that may be missing.
_PACKED = {zipfile.ZIP_STORED: "raw", zipfile.ZIP_DEFLATED: "zlib"}


def open_array(path: Path) -> ImageFile:
    """A plane or a volume from a `.npy` file; objects (pickles) are refused."""
    with path.open("rb") as file:
        shape, fortran, dtype = _header(file, path)
        start = file.tell()
    stored = Stored(path, dtype, math.prod(shape), start)
    return ImageFile(ImageHeader((1, *shape), "", Origin((path,))), lambda: _shaped(stored.values(), shape, fortran))


def open_arrays(path: Path, key: str | None) -> ImageFile:
    """The array of a `.npz` file that `key` names; without a key the only one, or the one named `image`."""
    with zipfile.ZipFile(path) as archive:
        entry = _entry(archive, key, path)
        with archive.open(entry) as file:
            shape, _, _ = _header(file, path)
    return ImageFile(ImageHeader((1, *shape), "", Origin((path,))), lambda: _from_archive(path, entry.filename))


def _entry(archive: zipfile.ZipFile, key: str | None, path: Path) -> zipfile.ZipInfo:
    # Names are compared and never used as paths, so that it does not matter whether one leads elsewhere.
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist() if entry.filename.endswith(".npy")}
    entry = entries[chosen(list(entries), key, "image", path)]
    if entry.compress_type not in _PACKED:
        raise DataError(f"packed by method {entry.compress_type}, which NumPy does not write", path)
    require_room(entry.file_size, min(entry.compress_size, os.path.getsize(path)), _PACKED[entry.compress_type], path)
    return entry


def _from_archive(path: Path, name: str) -> Array:
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        shape, fortran, dtype = _header(file, path)
        wanted = math.prod(shape) * dtype.itemsize
        require_room(wanted, archive.getinfo(name).file_size, "raw", path)
        content = read(file, wanted, path)
        file.read(1)  # at the end the checksum is looked at
    return _shaped(np.frombuffer(content, dtype), shape, fortran)


def _header(file: Stream, path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis is the fastest, and type."""
    readable: Any = file
    version = np.lib.format.read_magic(readable)
    if version not in _READ_HEADER:
        raise DataError(f"of version {version[0]}.{version[1]} of the format, which holds no plain numbers", path)
    shape, fortran, dtype = _READ_HEADER[version](readable)
    if dtype.kind not in "fiu":
        raise DataError("not an array of numbers", path)
    if len(shape) not in (2, 3):
        raise DataError(f"an image has 2 or 3 axes, this array has {len(shape)}", path)
    check_size(shape, path)
    return shape, fortran, dtype


def _shaped(values: Array, shape: tuple[int, ...], fortran: bool) -> Array:
    return values.reshape(shape, order="F" if fortran else "C")[None]

"""NRRD: `.nrrd`, and `.nhdr` with the pixels in a file of its own.

SimpleITK's reader ends the process on some damaged files, so the format is read here.
"""

from __future__ import annotations

import gzip
import math
import re
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io._files import Array, ImageFile, ImageHeader, data_file, numbers_of, one_line
from medai.io._grids import LPS, Affine, plain, require_axes, reversed_axes
from medai.io._nrrd_header import LARGEST, Header, header_of
from medai.io._stored import Packing, Stored
from medai.tasks import Image

_LARGEST_SKIP = 1 << 26  # bytes; skipping packed ones takes time
_MOST_LINES = 10_000
_PACKINGS: dict[str, Packing] = {
    "raw": "raw",
    "gzip": "gzip",
    "gz": "gzip",
    "bzip2": "bzip2",
    "bz2": "bzip2",
    "text": "text",
    "txt": "text",
    "ascii": "text",
}
_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
_NAMES = {"u1": "uint8", "u2": "uint16", "u4": "uint32", "f4": "float"}  # of what is written
_UNIT = "medai unit"


def open_nrrd(path: Path) -> ImageFile:
    """A plane (C, H, W) or a volume (C, D, H, W); an axis that is not one of space holds the channels."""
    header = header_of(path)
    sizes, channels = header.sizes, header.channels
    spatial = [axis for axis in range(len(sizes)) if axis != channels]
    shape = plain(tuple(sizes[axis] for axis in spatial))
    require_axes(shape, path)
    whole = (1 if channels is None else sizes[channels], *shape[::-1])
    stored = _stored(header, math.prod(sizes))

    def pixels() -> Array:
        array = stored.values().reshape(sizes[::-1]).T  # axes in the file's order, the fastest first
        order = [*([] if channels is None else [channels]), *reversed(spatial)]
        return array.transpose(order).reshape(whole)

    return ImageFile(ImageHeader(whole, one_line(header.pairs.get(_UNIT, "")), header.origin(spatial[: len(shape)])), pixels)


def write_nrrd(path: Path, image: Image, affine: Affine | None, spacing: tuple[float, ...]) -> None:
    """Write an image on its grid, packed by gzip, its unit a key/value pair; channels are the fastest axis."""
    pixels = numbers_of(image)
    several, axes = pixels.shape[0] > 1, pixels.ndim - 1
    # A plane in space is a volume of one slice, which keeps the step to the next.
    sizes = [*pixels.shape[:0:-1], *([1] if axes == 2 and affine is not None else [])]
    lines = ["NRRD0005", f"type: {_NAMES[pixels.dtype.str[1:]]}", f"dimension: {len(sizes) + several}", "encoding: gzip", "endian: little"]
    lines.append(" ".join(["sizes:", *([str(pixels.shape[0])] if several else []), *map(str, sizes)]))
    lines.append(" ".join(["kinds:", *(["vector"] if several else []), *["domain"] * len(sizes)]))
    if affine is not None:
        place = LPS @ reversed_axes(affine, axes)
        directions = [_vector(place[:3, axis]) for axis in range(3)]
        lines.append("space: left-posterior-superior")
        lines.append(" ".join(["space directions:", *(["none"] if several else []), *directions]))
        lines.append(f"space origin: {_vector(place[:3, 3])}")
    elif spacing:
        lines.append(" ".join(["spacings:", *(["nan"] if several else []), *(repr(float(step)) for step in spacing[::-1])]))
    if image.unit:
        lines.append(f"{_UNIT}:={one_line(image.unit)}")
    content = np.moveaxis(pixels, 0, -1) if several else pixels
    path.write_bytes("\n".join([*lines, "", ""]).encode() + gzip.compress(content.tobytes(), 6, mtime=0))


def _vector(values: Affine) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


def _stored(header: Header, count: int) -> Stored:
    kind, encoding = " ".join(header.need("type").lower().split()), header.need("encoding").lower()
    if kind not in _TYPES or encoding not in _PACKINGS:
        raise DataError(f"type {kind[:40]!r} in encoding {encoding[:40]!r} is not read", header.path)
    endian = header.get("endian", "little").lower()
    if endian not in ("little", "big"):
        raise DataError(f"its endian is {endian[:40]!r}", header.path)
    dtype, packing = np.dtype(_TYPES[kind]).newbyteorder("<" if endian == "little" else ">"), _PACKINGS[encoding]
    name = header.get("data file")
    if re.match(r"list\b", name, re.IGNORECASE) or "%" in name:
        raise DataError("its pixels are in several files, which is not read", header.path)
    path, start = (data_file(header.path, name), 0) if name else (header.path, header.end)
    start = _behind_lines(path, start, header)
    skip = header.whole("byte skip", "0")
    if skip == -1 and packing == "raw":
        # The pixels are the last bytes of the file.
        return Stored(path, dtype, count, max(start, path.stat().st_size - count * dtype.itemsize), 0, packing)
    if not 0 <= skip <= _LARGEST_SKIP:
        raise DataError(f"a byte skip of {skip}", header.path)
    return Stored(path, dtype, count, start, skip, packing)


def _behind_lines(path: Path, start: int, header: Header) -> int:
    lines = header.whole("line skip", "0")
    if not 0 <= lines <= _MOST_LINES:
        raise DataError(f"a line skip of {lines}", header.path)
    with path.open("rb") as file:
        file.seek(start)
        for _ in range(lines):
            file.readline(LARGEST)
        return file.tell()

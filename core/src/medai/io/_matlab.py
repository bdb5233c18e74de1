"""MATLAB's `.mat` files of version 5 (which MATLAB calls v6 and v7): arrays of real numbers with two or three axes.

Format: MAT-File Format, The MathWorks, chapter 1. SciPy's reader ends the process on some damaged files, so the few pages of the format
that arrays of numbers need are read here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader, chosen
from medai.io._stored import Inflating, Stream, read, require_room, skip
from medai.tasks import Origin

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_OF_NUMBERS = range(6, 16)  # classes double to uint64; those before are cells, structures, objects, text and sparse matrices
_COMPLEX = 0x08
_LONGEST_NAME = 63
_MOST_VARIABLES = 10_000

Order = Literal["<", ">"]


@dataclass(frozen=True)
class _Variable:
    """A variable: where its element begins, its size, and whether it may be an image: real numbers, two or three axes."""

    name: str
    place: int
    shape: tuple[int, ...]
    numeric: bool


def open_matlab(path: Path, key: str | None) -> ImageFile:
    """An array (rows, columns) as (1, H, W), one of (rows, columns, slices) as (1, slices, H, W)."""
    with path.open("rb") as file:
        order = _order(file, path)
        variables = {variable.name: variable for variable in _variables(file, order, path) if variable.numeric}
    variable = variables[chosen(list(variables), key, "I", path)]
    rows, columns, *slices = variable.shape
    return ImageFile(ImageHeader((1, *slices, rows, columns), "", Origin((path,))), lambda: _pixels(path, order, variable))


def _order(file: BinaryIO, path: Path) -> Order:
    """The byte order, from the file's header."""
    header = file.read(_HEADER)
    again = "save it again in MATLAB with save(..., '-v7')"
    if header.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise DataError(f"a .mat file of version 7.3 (HDF5) is not read: {again}, or write the array as .npy", path)
    if len(header) < _HEADER or header[126:] not in (b"IM", b"MI"):
        raise DataError(f"not a .mat file of version 5: {again}", path)
    return "<" if header[126:] == b"IM" else ">"


def _variables(file: BinaryIO, order: Order, path: Path) -> Iterator[_Variable]:
    size, place = os.fstat(file.fileno()).st_size, _HEADER
    for _ in range(_MOST_VARIABLES):
        if place >= size:
            return
        file.seek(place)
        kind, length = np.frombuffer(read(file, 8, path), f"{order}u4").tolist()
        require_room(length, size - place - 8, "raw", path)
        if kind in (_MATRIX, _COMPRESSED):
            with _matrix(file, place, order, path) as (stream, room):
                variable, _, _ = _described(stream, room, place, order, path)
                yield variable
        place += 8 + length
    raise DataError(f"more than {_MOST_VARIABLES:,} variables", path)


@contextmanager
def _matrix(file: BinaryIO, place: int, order: Order, path: Path) -> Iterator[tuple[Stream, int]]:
    """The contents of a matrix element, and how many bytes it claims to have."""
    file.seek(place)
    kind, length = np.frombuffer(read(file, 8, path), f"{order}u4").tolist()
    if kind == _MATRIX:
        yield file, length
        return
    stream = Inflating(file)
    inner, unpacked = np.frombuffer(read(stream, 8, path), f"{order}u4").tolist()
    if inner != _MATRIX:
        raise DataError(f"a packed element of type {inner} in place of an array", path)
    require_room(unpacked + 8, length, "zlib", path)
    yield stream, unpacked


def _described(stream: Stream, room: int, place: int, order: Order, path: Path) -> tuple[_Variable, np.dtype[np.generic], int]:
    """A variable from the beginning of its element; the type in which its numbers are kept, and their bytes, which come next."""
    _, flags, room = _element(stream, room, 8, order, path)
    bits = int(np.frombuffer(flags, f"{order}u4")[0]) if len(flags) == 8 else 0
    if (bits & 0xFF) not in _OF_NUMBERS:
        return _Variable("", place, (), False), np.dtype("u1"), 0
    _, sizes, room = _element(stream, room, 4 * 32, order, path)
    shape = tuple(np.frombuffer(sizes[: len(sizes) // 4 * 4], f"{order}i4").tolist())
    _, name, room = _element(stream, room, _LONGEST_NAME, order, path)
    kind, length, _ = _tag(stream, room, order, path)
    # MATLAB has no scalars and no vectors: they are matrices of one row or column, and no images.
    numeric = len(shape) in (2, 3) and min(shape[:2]) > 1 and not (bits >> 8) & _COMPLEX and kind in _TYPES
    return _Variable(name.decode("latin-1"), place, shape, numeric), np.dtype(order + _TYPES.get(kind, "u1")), length


def _element(stream: Stream, room: int, most: int, order: Order, path: Path) -> tuple[int, bytes, int]:
    """A short element: its type, its data, and the room left behind it."""
    kind, length, inside = _tag(stream, room, order, path)
    if length > most:
        raise DataError(f"damaged: {length:,} bytes where at most {most} can be", path)
    padded = 4 if inside else (length + 7) // 8 * 8
    return kind, read(stream, padded, path)[:length], room - padded - (4 if inside else 8)


def _tag(stream: Stream, room: int, order: Order, path: Path) -> tuple[int, int, bool]:
    """Type and length of an element, and whether its data stands in the last four bytes of its tag."""
    if room < 8:
        raise DataError("truncated inside a variable", path)
    word = int(np.frombuffer(read(stream, 4, path), f"{order}u4")[0])
    if word >> 16:
        return word & 0xFFFF, word >> 16, True
    return word, int(np.frombuffer(read(stream, 4, path), f"{order}u4")[0]), False


def _pixels(path: Path, order: Order, variable: _Variable) -> Array:
    with path.open("rb") as file, _matrix(file, variable.place, order, path) as (stream, room):
        _, dtype, length = _described(stream, room, variable.place, order, path)
        count = math.prod(variable.shape)
        check_size(variable.shape, path)
        if length != count * dtype.itemsize:
            raise DataError(f"damaged: {length:,} bytes for {count:,} values of {dtype.itemsize} bytes", path)
        require_room(length, room, "raw", path)
        content = read(stream, length, path)
        skip(stream, 16)  # to the checksum of a packed element
    values = np.frombuffer(content, dtype).reshape(variable.shape, order="F")
    return (np.moveaxis(values, 2, 0) if values.ndim == 3 else values)[None]

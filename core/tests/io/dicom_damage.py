"""DICOM files damaged element by element: what bytes flipped at random seldom hit."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np
import pydicom
from pydicom import Dataset

_VALUES = (
    *(b"", b"\0", b"0", b"-1", b"1", b"7", b"65535", b"4294967295", b"99999999999999999999", b"1e400", b"nan", b"inf", b"1\\2", b"1\\2\\3"),
    *(b"Doe^Jane", b"\\" * 40, b"\xff\xfe\xfd\xfc", b"1.2.840.10008.1.2.1.99", b"\xff" * 12, b"0\\0\\0\\0\\0\\0", b"A" * 3000),
)
_VRS = (b"UN", b"SQ", b"OW", b"US", b"DS", b"FD", b"AT", b"PN", b"zz", b"\0\0")
_LENGTHS = (0, 1, 3, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


def damaged_elements(good: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """`count` copies of an explicit little-endian file with elements removed, emptied, given nonsense, a wrong VR or a wrong length, or
    with nested sequences without end."""
    rng = np.random.default_rng([seed, len(good)])
    places = _places(good)
    kinds = (_removed, _valued, _valued, _typed, _lengthened, _lengthened, _nested)
    for _ in range(count):
        start, value, end = places[rng.integers(len(places))]
        yield kinds[rng.integers(len(kinds))](good, start, value, end, rng)


def _places(good: bytes) -> list[tuple[int, int, int]]:
    """Where element, value and next element begin, of each element of the data set, sequences' items included."""
    data = pydicom.dcmread(io.BytesIO(good))
    found = []

    def walk(part: Dataset) -> None:
        for element in part:
            value = element.file_tell or 0
            long = good[value - 8 : value - 6].isalpha() and good[value - 6 : value - 4] == b"\0\0"
            start = value - (12 if long else 8)
            length = struct.unpack("<I", good[value - 4 : value])[0] if long else struct.unpack("<H", good[value - 2 : value])[0]
            if start > 0:
                found.append((start, value, min(value + length, len(good))))
            for item in element.value or () if element.VR == "SQ" else ():
                walk(item)

    walk(data)
    return found


def _removed(good: bytes, start: int, value: int, end: int, rng: np.random.Generator) -> bytes:
    return good[:start] + good[end:]


def _valued(good: bytes, start: int, value: int, end: int, rng: np.random.Generator) -> bytes:
    content = _VALUES[rng.integers(len(_VALUES))]
    content += b" " * (len(content) % 2)
    size = struct.pack("<I", len(content)) if value - start == 12 else struct.pack("<H", len(content))
    return good[: value - len(size)] + size + content + good[end:]


def _typed(good: bytes, start: int, value: int, end: int, rng: np.random.Generator) -> bytes:
    return good[: start + 4] + _VRS[rng.integers(len(_VRS))] + good[start + 6 :]


def _lengthened(good: bytes, start: int, value: int, end: int, rng: np.random.Generator) -> bytes:
    size = _LENGTHS[rng.integers(len(_LENGTHS))]
    claimed = struct.pack("<I", size) if value - start == 12 else struct.pack("<H", size & 0xFFFF)
    return good[: value - len(claimed)] + claimed + good[value:]


def _nested(good: bytes, start: int, value: int, end: int, rng: np.random.Generator) -> bytes:
    """Sequences within sequences, hundreds deep or more, each said to go on until it ends."""
    depth = int(10 ** rng.uniform(1, 4.5))
    tag = (b"\x08\x00\x40\x11", b"\x00\x52\x30\x92", b"\x18\x00\x11\x60", b"\x28\x00\x00\x30")[rng.integers(4)]
    level = tag + b"SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return good[:start] + level * depth + good[start:]

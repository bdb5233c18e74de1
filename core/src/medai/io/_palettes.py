"""Lookup tables of DICOM: the colours of a palette, plain or in segments, and the table of a modality (PS3.3, C.7.6.3 and C.11.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset

Array = np.ndarray[Any, Any]

_LARGEST = 2**16


def coloured(stored: Array, header: Dataset) -> Array:
    """Stored values (...) as colours (..., 3), float32 in 0..1.

    Raises:
        ValueError: a table is missing or damaged.
    """
    tables = [_colour(header, name) for name in ("Red", "Green", "Blue")]
    return np.stack([_looked_up(stored, *table) for table in tables], axis=-1)


def modality_table(stored: Array, header: Dataset) -> tuple[Array, int]:
    """Stored values through the header's Modality LUT, float32, and the largest value that the table may hold.

    Raises:
        ValueError: the table is damaged.
    """
    item = header.ModalityLUTSequence[0]
    count, first, bits = _descriptor(item.LUTDescriptor, header)
    data = item.LUTData
    values = _entries(data, count, _order(header)) if isinstance(data, bytes) else np.atleast_1d(np.array(data))
    if len(values) < count:
        raise ValueError("its modality table is too short")
    return _looked_up(stored, values[:count].astype(np.float32), first), 2**bits - 1


def _colour(header: Dataset, name: str) -> tuple[Array, int]:
    """One colour's table in 0..1, and the stored value of its first entry."""
    count, first, bits = _descriptor(header.get(f"{name}PaletteColorLookupTableDescriptor"), header)
    plain, segmented = f"{name}PaletteColorLookupTableData", f"Segmented{name}PaletteColorLookupTableData"
    if plain in header:
        values = _entries(header[plain].value or b"", count, _order(header))
    elif segmented in header:
        codes = np.frombuffer(header[segmented].value or b"", "u1" if bits == 8 else f"{_order(header)}u2")
        values = np.array(_expanded(codes.tolist(), 8 if bits == 8 else 16), dtype=np.float64)
    else:
        raise ValueError("its palette is missing")
    if len(values) < count:
        raise ValueError("its palette is too short")
    return (values[:count] / (2**bits - 1)).clip(0, 1).astype(np.float32), first


def _descriptor(value: Any, header: Dataset) -> tuple[int, int, int]:
    """Entries, the stored value of the first, bits of an entry."""
    if value is None or isinstance(value, str | bytes | int) or len(value) != 3:
        raise ValueError("a lookup table is not described by three numbers")
    count, first, bits = (int(part) for part in value)
    if not 1 <= bits <= 16:
        raise ValueError(f"a lookup table of {bits} bits")
    # Whether the first value is signed follows from the pixels, whatever the element was written as.
    first = ((first & 0xFFFF) ^ 0x8000) - 0x8000 if header.get("PixelRepresentation") else first & 0xFFFF
    return (count & 0xFFFF) or _LARGEST, first, bits


def _entries(data: bytes, count: int, order: str) -> Array:
    # Entries of 8 bits may be packed, or take 16 bits each.
    return np.frombuffer(data, "u1") if len(data) < 2 * count else np.frombuffer(data[: 2 * count], f"{order}u2")


def _order(header: Dataset) -> str:
    return "<" if header.file_meta.TransferSyntaxUID.is_little_endian else ">"


def _looked_up(stored: Array, table: Array, first: int) -> Array:
    return table[np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)]


def _expanded(codes: list[int], bits: int, segments: int = _LARGEST, last: int | None = None) -> list[int]:
    """The values of a segmented table: runs as they are, straight lines from the value before to another, and repetitions of those."""
    values: list[int] = []
    place = 0
    while place + 2 < len(codes) and segments > 0 and len(values) <= _LARGEST:
        kind, length = codes[place : place + 2]
        operands = codes[place + 2 :]
        before = values[-1] if values else last
        if kind == 0:
            values += operands[:length]
            used = length
        elif kind == 1 and before is not None:
            values += np.linspace(before, operands[0], length + 1).round()[1:].astype(int).tolist()
            used = 1
        elif kind == 2 and before is not None and last is None:
            # The offset counts bytes. A repetition does not hold another, so it ends.
            used = 4 if bits == 8 else 2
            offset = sum(part << (place * (32 // used)) for place, part in enumerate(operands[:used]))
            values += _expanded(codes[offset // (bits // 8) :], bits, length, before)
        else:
            raise ValueError("its segmented palette is damaged")
        place, segments = place + 2 + used, segments - 1
    return values

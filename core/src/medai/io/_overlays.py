"""Overlay planes of a DICOM file: what was drawn over its image (PS3.3, C.9.2 and C.9.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydicom import Dataset
from pydicom.uid import UID

from medai.errors import DataError
from medai.io import _frames
from medai.io._dicom_file import parsed
from medai.io._faults import check_size, reading

Array = np.ndarray[Any, Any]

_GROUPS = range(0x6000, 0x6020, 2)
# Elements of an overlay's group.
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST, _BITS, _BIT, _DATA = 0x10, 0x11, 0x15, 0x50, 0x51, 0x100, 0x102, 0x3000


def read_overlays(path: Path | str) -> torch.Tensor:
    """The overlay planes of a DICOM file, laid on its image's own grid.

    Reads both kinds: planes of their own (OverlayData) and the retired one, in bits of the pixels that the image does not use, which
    `read_image` leaves out. Frames are in the file's order; a plane without frames of its own lies on all.

    Returns:
        bool (n, frames, H, W), true where something is drawn; planes in order of their groups; n is 0 where there are none.

    Raises:
        DataError: not a DICOM image, or damaged; a plane in unused bits of compressed pixels.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("is a folder, not an image file" if path.is_dir() else "does not exist", path)
    with reading(path, "DICOM"):
        header = parsed(path)
        if header is None or "Rows" not in header or "Columns" not in header:
            raise DataError("holds no DICOM image", path)
        size = (_frames.frame_count(header), int(header.Rows), int(header.Columns))
        groups = [group for group in _GROUPS if _is_there(header, group)]
        check_size((max(len(groups), 1), *size), path)
        planes = [_plane(header, group, size, path) for group in groups]
        return torch.from_numpy(np.stack(planes)) if planes else torch.zeros((0, *size), dtype=torch.bool)


def _is_there(header: Dataset, group: int) -> bool:
    return (group, _DATA) in header or ((group, _BIT) in header and (_number(header, group, _BITS) or 1) > 1)


def _plane(header: Dataset, group: int, size: tuple[int, int, int], path: Path) -> Array:
    if (group, _DATA) not in header:
        return _embedded(header, _number(header, group, _BIT) or 0, size, path)
    rows, columns = _number(header, group, _ROWS) or 0, _number(header, group, _COLUMNS) or 0
    frames = _number(header, group, _FRAMES)
    check_size((frames or 1, rows, columns), path)
    count = (frames or 1) * rows * columns
    bits = np.frombuffer(_bytes(header, group), np.uint8)
    if 8 * bits.size < count:
        raise DataError("truncated: an overlay is shorter than its size", path)
    drawn = np.unpackbits(bits, count=count, bitorder="little").reshape(frames or 1, rows, columns).astype(bool)
    return _laid(drawn, _origin(header, group), 0 if frames is None else (_number(header, group, _FIRST) or 1) - 1, size)


def _bytes(header: Dataset, group: int) -> bytes:
    element = header[group, _DATA]
    content = bytes(element.value or b"")
    swapped = element.VR == "OW" and not header.file_meta.TransferSyntaxUID.is_little_endian
    return np.frombuffer(content[: len(content) // 2 * 2], ">u2").astype("<u2").tobytes() if swapped else content


def _laid(drawn: Array, origin: tuple[int, int], first: int, size: tuple[int, int, int]) -> Array:
    """An overlay, which may begin outside the image, on the image's grid; `first` is the frame where its own begin."""
    plane = np.zeros(size, dtype=bool)
    frames = range(size[0]) if len(drawn) == 1 and first == 0 else range(max(first, 0), min(first + len(drawn), size[0]))
    (top, bottom, up), (left, right, over) = (_overlap(*args) for args in zip(origin, drawn.shape[1:], size[1:], strict=True))
    for frame in frames:
        part = drawn[0 if len(drawn) == 1 else frame - first, up:, over:][: max(bottom - top, 0), : max(right - left, 0)]
        plane[frame, top : top + part.shape[0], left : left + part.shape[1]] = part
    return plane


def _overlap(origin: int, length: int, whole: int) -> tuple[int, int, int]:
    """Where an overlay's axis begins and ends on the image's, and how much of the overlay lies before it."""
    begin = origin - 1
    return min(max(begin, 0), whole), min(max(begin + length, 0), whole), max(-begin, 0)


def _embedded(header: Dataset, bit: int, size: tuple[int, int, int], path: Path) -> Array:
    if UID(str(header.file_meta.get("TransferSyntaxUID", ""))).is_encapsulated:
        raise DataError("an overlay in unused bits of compressed pixels is not read", path)
    allocated, order = int(header.get("BitsAllocated") or 0), "<" if header.file_meta.TransferSyntaxUID.is_little_endian else ">"
    if allocated not in (8, 16, 32) or not 0 <= bit < allocated or int(header.get("SamplesPerPixel") or 1) != 1:
        raise DataError(f"an overlay in bit {bit} of {allocated} is not read", path)
    count = size[0] * size[1] * size[2]
    content = header.PixelData if "PixelData" in header else b""
    if len(content) < count * allocated // 8:
        raise DataError("truncated: its pixels are missing or cut short", path)
    values = np.frombuffer(content, f"{order}u{allocated // 8}", count)
    return ((values >> bit) & 1).astype(bool).reshape(size)


def _origin(header: Dataset, group: int) -> tuple[int, int]:
    """Row and column of the overlay's first point in the image, counted from 1."""
    value = header[group, _ORIGIN].value if (group, _ORIGIN) in header else None
    return (1, 1) if value is None or isinstance(value, int | bytes) or len(value) != 2 else (int(value[0]), int(value[1]))


def _number(header: Dataset, group: int, element: int) -> int | None:
    value = header[group, element].value if (group, element) in header else None
    return None if value is None or isinstance(value, bytes) else int(value)

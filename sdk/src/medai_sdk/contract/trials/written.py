"""Files that an exporter wrote: what they hold, apart from when and under which numbers they were written."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from medai.errors import MedaiError
from medai.io import read_image
from medai.tasks import Image

_NUMBERS = frozenset({"UI", "DA", "TM", "DT"})
"""Kinds of DICOM elements that are another each time: UIDs, dates and times."""
_STAMPS = re.compile(rb"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?|\b[0-2](\.\d+){5,}\b")
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_LARGEST = 1 << 26


def content_of(path: Path) -> str:
    """A hash of what a file holds: of DICOM without UIDs, dates and times, of archives without when they were made, of texts without
    what looks like a time."""
    return hashlib.sha256(_content(path.read_bytes())).hexdigest()


def image_of(path: Path) -> Image | None:
    """The image in a file, where `medai.io` reads one."""
    try:
        return read_image(path)
    except MedaiError:
        return None


def pickles_in(path: Path) -> Iterator[str]:
    """What in a file is a pickle, or an array of Python's objects, in words: the file itself, or entries of an archive."""
    data = path.read_bytes()
    yield from (f"{path.name}{f', {inner}' if inner else ''}" for inner, held in _pieces(data) if _is_pickle(held))


def _content(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        return gzip.decompress(data)
    if data[128:132] == b"DICM":
        return _dicom(data)
    if zipfile.is_zipfile(io.BytesIO(data)):
        return b"".join(name.encode() + held for name, held in sorted(_pieces(data)) if name)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return _STAMPS.sub(b"", data)


def _dicom(data: bytes) -> bytes:
    try:
        dataset = pydicom.dcmread(io.BytesIO(data))
    except InvalidDicomError:
        return data
    return "\n".join(_elements(dataset)).encode()


def _elements(dataset: pydicom.Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            yield f"{element.tag}"
            for item in element.value:
                yield from _elements(item)
        elif element.VR not in _NUMBERS:
            value: Any = element.value
            yield f"{element.tag} {hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value}"


def _pieces(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file, and the entries of archives in it, by name."""
    yield "", data
    if data[:2] == b"\x1f\x8b":
        yield from _pieces(gzip.decompress(data))
    elif data[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if entry.file_size <= _LARGEST:
                    yield from ((f"{entry.filename} {name}".strip(), held) for name, held in _pieces(archive.read(entry)))


def _is_pickle(data: bytes) -> bool:
    if data[:6] == b"\x93NUMPY":
        return b"'|O'" in data[:256]
    if data[:2] not in _PICKLES:
        # Of protocols 0 and 1, which begin with no mark, all must be instructions up to the last byte.
        return len(data) <= 1 << 16 and data[-1:] == b"." and _instructions(data) == len(data)
    return _instructions(data) > 0


def _instructions(data: bytes) -> int:
    """Where a pickle that begins at the first byte ends; 0 where none does. Nothing is run: its instructions are only read."""
    try:
        *_, last = pickletools.genops(data)
    except (ValueError, EOFError, UnicodeDecodeError, KeyError, IndexError):
        return 0
    return (last[2] or 0) + 1 if last[0].name == "STOP" and (last[2] or 0) > 1 else 0


def values_of(answer: Any) -> np.ndarray[Any, Any] | None:
    """The pixels of an answer that is an image or a mask, with one axis of channels in front; None of others."""
    if isinstance(answer, Image):
        return np.asarray(answer.pixels.numpy(), np.float64)
    held = [value for value in vars(answer).values() if hasattr(value, "numpy")] if hasattr(answer, "__dict__") else []
    if len(held) == 1 and held[0].ndim in (2, 3) and not held[0].is_floating_point():
        return np.asarray(held[0].numpy(), np.float64)[None]
    return None

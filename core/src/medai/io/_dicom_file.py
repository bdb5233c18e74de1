"""DICOM files opened for pydicom, so that no length that a file claims is believed before there is that much of it."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from medai.io._faults import LARGEST

MAGIC = 132  # bytes: 128 of a preamble, then `DICM` (PS3.10)
PIXELS = 0x7FDFFFFF  # the last tag before the groups of pixels

Parse = Callable[[Path], Dataset | None]
"""From a file to its header, with or without its pixels; None when it is no DICOM."""

_LARGE = 1 << 20  # bytes: below it a claim does no harm, and is not worth the time to check
_INFLATED = 4 * LARGEST  # bytes: more than any image that is read
_read = io.BufferedReader.read


class _File(io.BufferedReader):
    """A file that refuses to read more than it has; pydicom reads all that is left when a data set is deflated."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            self._check_inflated()
        elif size > _LARGE and size > (left := os.fstat(self.fileno()).st_size - self.tell()):
            raise ValueError(f"an element claims {size:,} bytes, where {left:,} are left")
        return _read(self, size)

    def _check_inflated(self) -> None:
        start, stream, size = self.tell(), zlib.decompressobj(-zlib.MAX_WBITS), 0
        while not stream.eof and (block := _read(self, 1 << 16)):
            while block and not stream.eof:
                size += len(stream.decompress(block, _LARGE))
                block = stream.unconsumed_tail
                if size > _INFLATED:
                    raise ValueError(f"absurd size: deflated from more than {_INFLATED:,} bytes")
        self.seek(start)


def is_dicom(path: Path) -> bool:
    """Whether the file begins as DICOM files do."""
    with path.open("rb") as file:
        return file.read(MAGIC)[-4:] == b"DICM"


def open_file(path: Path) -> io.BufferedReader:
    """The file, which refuses to read more than it has."""
    return _File(io.FileIO(path))


def parsed(path: Path, only: Sequence[BaseTag] | None = None, until: int = PIXELS) -> Dataset | None:
    """A file's header and its pixels, still encoded, or of the header what `only` lists up to the tag `until`; None when it is no DICOM.

    Raises:
        Exception: whatever pydicom raises for damaged files: call it within `reading`.
    """
    # A header alone takes little, and checking each of its lengths costs a tenth of a listing.
    with open_file(path) if only is None else path.open("rb") as file:
        if _read(file, MAGIC)[-4:] != b"DICM":
            return None
        file.seek(0)
        if only is None:
            return pydicom.dcmread(file)
        if DeflatedExplicitVRLittleEndian.encode() in file.peek():
            return parsed(path)
        # Tags are compared as plain integers, which costs less than their own comparison.
        return read_partial(file, lambda tag, vr, length: int.__gt__(tag, until), specific_tags=list(only))

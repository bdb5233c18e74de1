"""Headers of DICOM files parsed once, for the listing of a folder and for the reading that follows."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydicom import Dataset
from pydicom.datadict import keyword_dict
from pydicom.dataelem import RawDataElement
from pydicom.filereader import data_element_generator, read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from medai.io._attributes import KEPT
from medai.io._dicom_file import MAGIC, PIXELS, open_file, parsed
from medai.io._geometry import written
from medai.io._headers import TAGS, listed

_LONGEST = 1 << 16  # bytes: longer ones, such as those of enhanced images, are few in a folder
_ROOM = 1 << 23  # bytes of headers; parsed, they take some four times that: those of 1,700 planes of CT 36 MB, where the planes take 1.8 GB
# All that readers ask a header for. The rest, of which most is private, is passed over: objects by the thousand cost time to keep, too.
_TAGS: list[BaseTag | int] = sorted(
    {*TAGS}
    | {Tag(keyword) for keyword in (*KEPT, "SequenceOfUltrasoundRegions", "DoseGridScaling")}
    | {Tag(number) for number in keyword_dict.values() if number >> 16 == 0x0028}
)


class _Head(NamedTuple):
    """A header, where in the file its pixels begin, and how elements are encoded there."""

    header: Dataset
    pixels: int
    is_implicit: bool
    is_little_endian: bool


class Heads:
    """Headers that a listing has parsed, kept until their files are read, as long as there is room for them.

    What is not plain (deflated, long, damaged) is left to `parsed`, whose errors are then those of every reader.
    """

    def __init__(self) -> None:
        self._kept: dict[Path, _Head] = {}
        self._room = _ROOM

    def header(self, path: Path) -> Dataset | None:
        """As `listed`: what a listing needs of a file's header; None when it is no DICOM."""
        head = _head(path) if self._room > 0 else None
        if head is None:
            return listed(path)
        self._kept[path] = head
        self._room -= head.pixels
        return head.header

    def whole(self, path: Path) -> Dataset | None:
        """As the function of this name."""
        return whole(path, self._kept.pop(path, None))


def whole(path: Path, head: _Head | None = None) -> Dataset | None:
    """What readers ask a file's header for, and its pixels, still encoded; None when it is no DICOM. In less time than `parsed`.

    Raises:
        Exception: as `parsed`.
    """
    head = head or _head(path)
    completed = None if head is None else _completed(path, head)
    return parsed(path) if completed is None else completed


def _head(path: Path) -> _Head | None:
    """None where it is anything but plain."""
    with suppress(Exception), path.open("rb") as file:
        content = file.read(_LONGEST)
        if content[MAGIC - 4 : MAGIC] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() in content:
            return None
        # In memory, an element that claims more than there is does no harm.
        stream = io.BytesIO(content)
        header = read_partial(stream, lambda tag, vr, length: int.__gt__(tag, PIXELS), specific_tags=_TAGS)
        header.buffer = None  # else it holds what it was parsed from
        rows = written(header, "Rows")
        # Where it was parsed to the end, the header does not end there.
        if stream.tell() < len(content) and isinstance(rows, RawDataElement):
            return _Head(header, stream.tell(), rows.is_implicit_VR, rows.is_little_endian)
    return None


def _completed(path: Path, head: _Head) -> Dataset | None:
    with suppress(Exception), open_file(path) as file:
        file.seek(head.pixels)
        rest = data_element_generator(file, head.is_implicit, head.is_little_endian)
        head.header.update({element.tag: element for element in rest})
        return head.header
    return None

"""From the bytes of a DICOM file's pixels to stored values, whatever the transfer syntax."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.encaps import generate_fragments
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID, JPEGExtended12Bit, RLELossless

from medai.errors import DataError

Array = np.ndarray[Any, Any]

# What to install for a transfer syntax, by the words in its name; the first that fits.
_PACKAGES = (
    ("JPEG 2000", "pylibjpeg and pylibjpeg-openjpeg"),
    ("JPEG-LS", "pyjpegls"),
    ("JPEG", "python-gdcm"),
)
# Which of pydicom's plugins decode it. Not every one that could: some end the process when a stream is damaged.
_PLUGINS = (
    ("JPEG 2000", ("pylibjpeg", "pillow")),
    ("JPEG-LS", ("pyjpegls",)),
    ("JPEG Baseline", ("pillow",)),
    ("JPEG Extended", ("pillow",)),
    ("JPEG Lossless", ("gdcm", "pylibjpeg")),
    ("RLE", ("pydicom",)),
)
_COLOURS = {"MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3, "YBR_FULL_422": 3, "YBR_ICT": 3, "YBR_RCT": 3}
_FILL, _SCAN = 0xFF, 0xDA  # of JPEG: a byte that may stand before a marker, and the marker of a scan
_JPEG_SIZE = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf\xf7]")


def stored_values(header: Dataset, frames: int, path: Path) -> Array:
    """(frames, rows, columns, samples) as stored: integers without what lies in bits that are not used, or floats; colours as RGB.
    Not to be written to: it may be the file's own bytes.

    Raises:
        DataError: no decoder is installed for the transfer syntax, the syntax or the colours are not read, or fewer frames are there
            than the header says. Decoders raise whatever they like on top.
    """
    colours, samples = str(header.get("PhotometricInterpretation")), int(header.get("SamplesPerPixel") or 1)
    if _COLOURS.get(colours) != samples:
        raise DataError(f"a picture of {samples} samples per pixel in colours {colours[:16]!r} is not read", path)
    decoder, plugin = _decoder(header, path)
    if not decoder.is_native:
        _check_codestreams(header, frames, path)
    shift = _shift(header) if decoder.is_native or RLELossless == decoder.UID else 0
    # pydicom's annotation of the options is that of all of them together.
    options: Any = {"allow_excess_frames": False, "correct_unused_bits": not shift, "view_only": True}
    values, found = decoder.as_array(header, decoding_plugin=plugin, **options)
    if str(found["photometric_interpretation"]).startswith("YBR"):
        raise DataError(f"colours {found['photometric_interpretation']} in transfer syntax {decoder.UID.name} are not turned to RGB", path)
    if shift:
        # The image lies above bits that belong to something else, such as an overlay.
        up = 8 * values.itemsize - shift - int(header.BitsStored)
        values = (values << up) >> (up + shift)
    return values.reshape(frames, int(header.Rows), int(header.Columns), samples)


def _decoder(header: Dataset, path: Path) -> tuple[Decoder, str]:
    """The decoder of the transfer syntax, and the name of the plugin that does it; empty where none is needed."""
    syntax = UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    if not syntax:
        raise DataError("its transfer syntax is not given", path)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise DataError(f"transfer syntax {_named(syntax)} is not one of images that can be decoded", path) from None
    # pydicom's own plugins leave JPEG of 12 bits to a package under the GPL.
    if syntax == JPEGExtended12Bit and "medai" not in decoder.available_plugins and find_spec("gdcm") is not None:
        decoder.add_plugin("medai", ("medai.io._gdcm", "decode_extended"))
    twelve = syntax == JPEGExtended12Bit and int(header.get("BitsStored") or 8) > 8
    wanted = ("medai",) if twelve else next((plugins for words, plugins in _PLUGINS if words in syntax.name), ())
    plugin = next((name for name in wanted if name in decoder.available_plugins), "")
    if not plugin and not decoder.is_native:
        package = next((package for words, package in _PACKAGES if words in syntax.name), "python-gdcm")
        raise DataError(f"transfer syntax {_named(syntax)} has no decoder here: install {package}, or medai[codecs] for all", path)
    return decoder, plugin


def _named(syntax: UID) -> str:
    # A name that is not known is the identifier itself, and a damaged one may be anything.
    return f"{syntax.name} ({syntax})" if syntax.is_valid else "that is no identifier"


def _shift(header: Dataset) -> int:
    """Bits below the image's own."""
    if "PixelData" not in header or int(header.BitsStored) > int(header.BitsAllocated):
        return 0
    high, allocated = header.get("HighBit"), int(header.BitsAllocated)
    return 0 if high is None or not int(header.BitsStored) <= int(high) + 1 <= allocated else int(high) + 1 - int(header.BitsStored)


def _check_codestreams(header: Dataset, frames: int, path: Path) -> None:
    """Every compressed frame must be there, and its head be whole and say what the header says: decoders believe what a frame claims,
    and GDCM ends the process at a JPEG stream whose head is damaged."""
    size = (int(header.Rows), int(header.Columns), int(header.get("SamplesPerPixel") or 1))
    # The first item is a table of offsets.
    count = -1
    for fragment in generate_fragments(header.PixelData):
        count += 1
        claimed = _claimed(fragment, path)
        if claimed not in (None, size):
            raise DataError(f"its size is {_times(size)}, that of a compressed frame {_times(claimed or ())}", path)
    if count < frames:
        raise DataError(f"truncated: {frames} frames are said to be there, {count} are", path)


def _claimed(fragment: bytes, path: Path) -> tuple[int, int, int] | None:
    """Rows, columns and samples as the head of a JPEG, JPEG-LS or JPEG 2000 stream claims them; None for what is no head."""
    if fragment[:2] == b"\xff\xd8":
        return _claimed_by_jpeg(fragment, path)
    place = fragment.find(b"\xff\x4f\xff\x51", 0, 1024)
    if place < 0 or len(fragment) < place + 42:
        return None
    right, bottom, left, top = struct.unpack(">4I", fragment[place + 8 : place + 24])
    return bottom - top, right - left, int.from_bytes(fragment[place + 40 : place + 42], "big")


def _claimed_by_jpeg(stream: bytes, path: Path) -> tuple[int, int, int]:
    found, place = None, 2
    while len(head := stream[place : place + 10]) == 10 and head[0] == 0xFF:
        if head[1] == _FILL:
            place += 1
            continue
        if _JPEG_SIZE.match(head):
            found = (*struct.unpack(">HH", head[5:9]), head[9])
        if head[1] == _SCAN and found is not None:
            return found
        place += 2 + int.from_bytes(head[2:4], "big")
    raise DataError("damaged: a compressed frame has no whole head", path)


def _times(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))

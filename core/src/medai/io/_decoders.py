"""From the bytes of a DICOM file's pixels to stored values, whatever the transfer syntax."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
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
    ("RLE", "pylibjpeg and pylibjpeg-rle"),
)
_COLOURS = {"MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3, "YBR_FULL_422": 3, "YBR_ICT": 3, "YBR_RCT": 3}
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
    """The decoder of the transfer syntax, and the name of its plugin where it must be a certain one."""
    syntax = UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    if not syntax:
        raise DataError("its transfer syntax is not given", path)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise DataError(f"transfer syntax {_named(syntax)} is not one of images that can be decoded", path) from None
    # pydicom's own plugins leave JPEG of 12 bits to a package under the GPL.
    plugin = "medai" if syntax == JPEGExtended12Bit and int(header.get("BitsStored") or 8) > 8 else ""
    if plugin and plugin not in decoder.available_plugins and find_spec("gdcm") is not None:
        decoder.add_plugin(plugin, ("medai.io._gdcm", "decode_extended"))
    if not (plugin in decoder.available_plugins if plugin else decoder.is_available):
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
    """Every compressed frame must be there and of the size that the header gives: decoders believe what a frame claims."""
    # The first item is a table of offsets.
    size, count = (int(header.Rows), int(header.Columns)), -1
    for fragment in generate_fragments(header.PixelData):
        count += 1
        for claimed in _claimed(fragment):
            if claimed != size:
                raise DataError(f"its size is {size[0]} x {size[1]}, that of a compressed frame {claimed[0]} x {claimed[1]}", path)
    if count < frames:
        raise DataError(f"truncated: {frames} frames are said to be there, {count} are", path)


def _claimed(fragment: bytes) -> Iterator[tuple[int, int]]:
    """Rows and columns as the head of a JPEG, JPEG-LS or JPEG 2000 stream claims them."""
    if fragment[:2] == b"\xff\xd8":
        place = 2
        while len(marker := fragment[place : place + 9]) == 9 and marker[0] == 0xFF:
            if _JPEG_SIZE.match(marker):
                yield struct.unpack(">HH", marker[5:9])
                return
            # A fill byte, or a segment of its own length.
            place += 1 if marker[1] == 0xFF else 2 + int.from_bytes(marker[2:4], "big")
    elif (place := fragment.find(b"\xff\x4f\xff\x51", 0, 1024)) >= 0 and len(fragment) >= place + 24:
        right, bottom, left, top = struct.unpack(">4I", fragment[place + 8 : place + 24])
        yield bottom - top, right - left

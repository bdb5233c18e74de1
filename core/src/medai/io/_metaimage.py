"""MetaImage: `.mha`, and `.mhd` with the pixels in a file of its own.

Format: github.com/Kitware/MetaIO, and what ITK writes. SimpleITK's reader ends the process on some damaged files, so the format is read
here.
"""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io._faults import check_size
from medai.io._files import Array, ImageFile, ImageHeader, data_file, note_of, numbers_of, unit_in
from medai.io._grids import LPS, Affine, affine_of, millimetres, plain, require_axes, reversed_axes, spacing_of
from medai.io._stored import Packing, Stored
from medai.tasks import Image, Origin

_LONGEST_LINE = 1 << 16
_MOST_LINES = 1000
_LARGEST_SKIP = 1 << 26  # bytes
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    # Four bytes, whatever the machine that wrote them calls long.
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_NAMES_OF_TYPES = {code: name for name, code in _TYPES.items() if "LONG" not in name}
# Fields that older writers call otherwise.
_NAMES = {
    "Offset": ("Offset", "Position", "Origin"),
    "TransformMatrix": ("TransformMatrix", "Rotation", "Orientation"),
    "ElementSpacing": ("ElementSpacing", "ElementSize"),
    "BinaryDataByteOrderMSB": ("BinaryDataByteOrderMSB", "ElementByteOrderMSB"),
}


@dataclass(frozen=True)
class _Header:
    """The fields, and the byte behind the last."""

    path: Path
    fields: dict[str, str]
    end: int

    def get(self, name: str) -> str:
        """A field by any of its names; empty where it is absent."""
        return next((self.fields[known] for known in _NAMES.get(name, (name,)) if known in self.fields), "")

    def true(self, name: str, default: bool = False) -> bool:
        text = self.get(name)
        return text[0] in "Tt1" if text else default

    def numbers(self, name: str, count: int) -> Affine | None:
        words = self.get(name).split()
        try:
            values = np.array([float(word) for word in words])
        except ValueError:
            raise DataError(f"its {name} is not made of numbers", self.path) from None
        if len(words) not in (0, count):
            raise DataError(f"its {name} has {len(words)} numbers in place of {count}", self.path)
        return values if words else None

    def whole(self, name: str, default: int) -> int:
        text = self.fields.get(name, str(default))
        if not re.fullmatch(r"[-+]?\d{1,18}", text, re.ASCII):
            raise DataError(f"its {name} is no whole number", self.path)
        return int(text)


def open_metaimage(path: Path) -> ImageFile:
    """A plane (C, H, W) or a volume (C, D, H, W)."""
    header = _header(path)
    words = header.get("DimSize").split()
    if not words or len(words) != header.whole("NDims", 0) or not all(re.fullmatch(r"\d{1,18}", word, re.ASCII) for word in words):
        raise DataError("its DimSize is not one whole number for each of NDims axes", path)
    sizes, channels = tuple(map(int, words)), header.whole("ElementNumberOfChannels", 1)
    shape = plain(sizes)
    require_axes(shape, path)
    whole = (channels, *shape[::-1])
    check_size(whole, path)
    stored = _stored(header, math.prod(whole))

    def pixels() -> Array:
        return np.moveaxis(stored.values().reshape(*shape[::-1], channels), -1, 0)

    return ImageFile(ImageHeader(whole, unit_in(header.get("Comment")), _origin(header, len(sizes), len(shape))), pixels)


def write_metaimage(path: Path, image: Image, affine: Affine | None, spacing: tuple[float, ...]) -> None:
    """Write an image on its grid, packed by zlib, its unit in the comment.

    Raises:
        DataError: the axes of the affine are not at right angles, which the format cannot hold.
    """
    pixels = numbers_of(image)
    axes = pixels.ndim - 1
    # A plane in space is a volume of one slice, which keeps the step to the next.
    sizes = [*pixels.shape[:0:-1], *([1] if axes == 2 and affine is not None else [])]
    lines = ["ObjectType = Image", f"NDims = {len(sizes)}", "BinaryData = True", "BinaryDataByteOrderMSB = False"]
    if image.unit:
        lines.append(f"Comment = {note_of(image.unit)}")
    packed = zlib.compress(np.moveaxis(pixels, 0, -1).tobytes())
    lines += ["CompressedData = True", f"CompressedDataSize = {len(packed)}"]
    if affine is not None:
        place = LPS @ reversed_axes(affine, axes)
        steps = np.linalg.norm(place[:3, :3], axis=0)
        directions = place[:3, :3] / steps
        if not np.allclose(directions.T @ directions, np.eye(3), atol=1e-4):
            raise DataError("MetaImage holds no axes that are sheared against each other: write .nrrd or .nii.gz", path)
        # A row of the matrix is the direction of an axis.
        lines += [f"TransformMatrix = {_words(directions.T)}", f"Offset = {_words(place[:3, 3])}", "CenterOfRotation = 0 0 0"]
        lines.append(f"ElementSpacing = {_words(steps)}")
    elif spacing:
        lines.append(f"ElementSpacing = {_words(np.array(spacing[::-1]))}")
    if pixels.shape[0] > 1:
        lines.append(f"ElementNumberOfChannels = {pixels.shape[0]}")
    lines += [
        f"DimSize = {' '.join(map(str, sizes))}",
        f"ElementType = {_NAMES_OF_TYPES[pixels.dtype.str[1:]]}",
        "ElementDataFile = LOCAL",
        "",
    ]
    path.write_bytes("\n".join(lines).encode() + packed)


def _words(values: Affine) -> str:
    return " ".join(repr(float(value)) for value in values.ravel())


def _header(path: Path) -> _Header:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for _ in range(_MOST_LINES):
            name, sign, value = file.readline(_LONGEST_LINE).decode("utf-8", errors="replace").partition("=")
            if not sign:
                break
            fields[name.strip()] = value.strip()
            if name.strip() == "ElementDataFile":
                # The last field: the pixels come next, or are elsewhere.
                return _Header(path, fields, file.tell())
    raise DataError("not MetaImage, or truncated in its header", path)


def _origin(header: _Header, axes: int, kept: int) -> Origin:
    steps, corner = header.numbers("ElementSpacing", axes), header.numbers("Offset", axes)
    matrix = header.numbers("TransformMatrix", axes * axes)
    if axes != 3 or (corner is None and matrix is None):
        # In two dimensions, or when it says nothing of them, its place in the patient is not known.
        return Origin((header.path,), None, () if steps is None else millimetres(steps[:kept][::-1], header.path))
    directions = (np.eye(3) if matrix is None else matrix.reshape(3, 3).T) * (np.ones(3) if steps is None else steps)
    place = LPS @ affine_of(directions, np.zeros(3) if corner is None else corner, header.path)
    affine = reversed_axes(place, kept)
    return Origin((header.path,), affine, spacing_of(affine, kept))


def _stored(header: _Header, count: int) -> Stored:
    kind, name = header.get("ElementType"), header.get("ElementDataFile")
    if header.get("ObjectType") not in ("Image", "") or kind not in _TYPES:
        raise DataError(f"an object {header.get('ObjectType')[:40]!r} of {kind[:40]!r} is not read", header.path)
    packing: Packing = "zlib" if header.true("CompressedData") else "raw" if header.true("BinaryData", default=True) else "text"
    dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if header.true("BinaryDataByteOrderMSB") else "<")
    if name.upper() == "LOCAL":
        return Stored(header.path, dtype, count, header.end, 0, packing)
    if re.match(r"list\b", name, re.IGNORECASE) or "%" in name:
        raise DataError("its pixels are in several files, which is not read", header.path)
    path, skip = data_file(header.path, name), header.whole("HeaderSize", 0)
    if skip == -1 and packing == "raw":
        # The pixels are the last bytes of the file.
        skip = max(0, path.stat().st_size - count * dtype.itemsize)
    if not 0 <= skip <= _LARGEST_SKIP:
        raise DataError(f"a HeaderSize of {skip}", header.path)
    return Stored(path, dtype, count, skip, 0, packing)

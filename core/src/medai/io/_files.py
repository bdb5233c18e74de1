"""An image file of any format but DICOM: what its header says, and its pixels when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medai.errors import DataError
from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]

AIR = -1024.0
"""HU of what lies outside the field of view."""

_NOTE = "medai unit="
_LONGEST_UNIT = 60


@dataclass(frozen=True)
class ImageHeader:
    """What an image file says before any pixel is decoded.

    Attributes:
        shape: of the pixels that `read_image` would give: (C, H, W) or (C, D, H, W).
        unit: their unit, as `Image.unit`.
        origin: the file and the image's place in the patient.
    """

    shape: tuple[int, ...]
    unit: str = ""
    origin: Origin = field(default_factory=Origin)


class ImageFile(NamedTuple):
    """A header, and what decodes the pixels of the shape that it gives, of any numeric type."""

    header: ImageHeader
    pixels: Callable[[], Array]


def as_ct(image: Image, modality: str | None) -> Image:
    """The image in HU with the floor of air when it was declared to be CT; else as it is.

    Raises:
        DataError: declared to be CT, and of another unit.
    """
    if modality != "CT":
        return image
    if image.unit not in ("", "HU"):
        raise DataError(f"not a CT: its unit is {image.unit}, not HU", image.origin.files[0] if image.origin else None)
    return Image(image.pixels.clamp_(min=AIR), "HU", image.origin)


def numbers_of(image: Image) -> Array:
    """The pixels as a file keeps them, the low byte first: float32; of unit `label`, whole numbers, without which other programs take
    none for a mask."""
    pixels = image.pixels.detach().cpu().numpy()
    whole = image.unit.startswith("label") and bool(np.all((pixels >= 0) & (pixels == np.round(pixels))))
    kind = np.min_scalar_type(int(pixels.max())) if whole else np.dtype(np.float32)
    return pixels.astype(kind.newbyteorder("<"))


def note_of(unit: str) -> str:
    """The unit as a note for a format that has a field for free text alone."""
    return f"{_NOTE}{one_line(unit)}"


def unit_in(note: str) -> str:
    """The unit that `note_of` wrote; none for any other text."""
    return one_line(note.removeprefix(_NOTE)) if note.startswith(_NOTE) else ""


def one_line(text: str) -> str:
    """A unit on one line, since in a header of text the next line is a field of its own."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_UNIT]).strip()


def chosen(names: Sequence[str], key: str | None, preferred: str, path: Path) -> str:
    """The array to read of a file that holds several: `key`, else the only one, else the one of the preferred name.

    Raises:
        DataError: there is none, or more than one and nothing says which.
    """
    if not names:
        raise DataError("holds no array of numbers with 2 or 3 axes", path)
    listed = ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
    if key is not None:
        if key not in names:
            raise DataError(f"holds no array {key!r}, but {listed}", path)
        return key
    if len(names) > 1 and preferred not in names:
        raise DataError(f"holds several arrays, name one as the key: {listed}", path)
    return names[0] if len(names) == 1 else preferred


def data_file(path: Path, name: str) -> Path:
    """The file in the folder of `path`, or in one inside it, that a header names as the one with its pixels.

    Raises:
        DataError: the name leads out of the folder, by itself or by a link, or to no regular file.
    """
    folder = path.parent.resolve()
    try:
        found = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name with a null byte
        raise DataError("its pixels are in a file whose name is not one", path) from None
    if Path(name).is_absolute() or ".." in Path(name.replace("\\", "/")).parts or not found.is_relative_to(folder):
        raise DataError("its pixels are in a file outside its folder, which is not read", path)
    if found == path.resolve() or not found.is_file():
        raise DataError("the file with its pixels is not beside it", path)
    return found

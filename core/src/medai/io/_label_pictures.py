"""Planes of labels as PNG with a palette: the numbers stay what they are, and a viewer shows a colour for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from medai.errors import DataError
from medai.io._files import note_of, unit_in
from medai.tasks import Image

UNIT = "label"
_NOTE = "Description"  # the key of the text in the file that notes the unit: other pictures with a palette are colours
_COLOURS = 256


def label_picture(image: Image, path: Path) -> Picture.Image:
    """A plane of labels (1, H, W) as a picture with a palette, whose indices are the labels.

    Raises:
        DataError: it is no plane of one channel, or has labels that are not whole numbers from 0 to 255.
    """
    labels = image.pixels.detach().cpu().numpy()
    numbers = labels.astype(np.uint8)
    if labels.ndim != 3 or labels.shape[0] != 1 or not np.array_equal(numbers, labels):
        raise DataError("labels are written as PNG from a plane of one channel with whole numbers from 0 to 255", path)
    picture = Picture.fromarray(numbers[0])
    picture.putpalette([channel for label in range(_COLOURS) for channel in _colour(label)])
    return picture


def label_note() -> PngInfo:
    """What tells such a file from a picture of colours."""
    note = PngInfo()
    note.add_text(_NOTE, note_of(UNIT))
    return note


def holds_labels(picture: Picture.Image) -> bool:
    """Whether an opened file was written as labels."""
    return picture.mode == "P" and unit_in(str(picture.info.get(_NOTE, ""))) == UNIT


def _colour(label: int) -> tuple[int, int, int]:
    """Red, green and blue of a label, as PASCAL VOC's development kit has them: its bits in turn, the lowest making the brightest."""
    red = green = blue = 0
    for place in range(8):
        low = label >> (3 * place)
        red |= (low & 1) << (7 - place)
        green |= (low >> 1 & 1) << (7 - place)
        blue |= (low >> 2 & 1) << (7 - place)
    return red, green, blue

"""Boxes around the lesions of a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from medai.errors import DataError
from medai.io import image_header, read_image

SPECK = 25
"""Pixels: BUSI's masks have slips of the pen of up to 8 beside lesions of 600 and more."""
_LEAST_SIDE = 3
_HALF = 0.5
Array = np.ndarray[Any, Any]
Box = tuple[int, int, int, int]


class Marked(NamedTuple):
    """What a mask marks: a box for each lesion, x0 y0 x1 y1 in pixels, x1 and y1 exclusive, and how many specks beside them."""

    boxes: list[Box]
    specks: int


def read_lesions(path: Path, size: tuple[int, int]) -> Marked:
    """A box around each lesion of a mask, from its topmost, bottommost, leftmost and rightmost pixels (Wang et al. 2024, Figure 2).

    Pixels that touch, be it by a corner, are one lesion. Regions of fewer than 25 pixels beside a larger one are specks, no lesions.

    Args:
        path: a picture of two values, of which the darker is background; or of more, where those from half of white up are the lesion.
        size: height and width of the image.

    Raises:
        DataError: it cannot be read, is of another size, marks nothing, everything, specks alone or a line, or has several dark values.
    """
    mask = read_mask(path, size)
    if not mask.any():
        raise DataError("an empty mask: it marks no lesion", path)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    found = [(area, rows, columns) for area, (rows, columns) in zip(areas, ndimage.find_objects(labels), strict=True) if area >= SPECK]
    if not found:
        raise DataError(f"the mask marks specks of at most {areas.max()} pixels and no lesion", path)
    for area, rows, columns in found:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if min(height, width) < _LEAST_SIDE:
            raise DataError(f"the mask marks a line, {width} x {height} pixels of which {area} are marked, and no lesion", path)
    return Marked([(columns.start, rows.start, columns.stop, rows.stop) for _, rows, columns in found], count - len(found))


def read_mask(path: Path, size: tuple[int, int]) -> Array:
    """What a mask marks, bool (H, W); none of it where it is of one dark value.

    Raises:
        DataError: it cannot be read, is of another size, marks all of the image, or has several values, none of which is bright.
    """
    _, *shape = image_header(path).shape
    if tuple(shape) != size:
        raise DataError(f"a mask of {_times(shape)} pixels for an image of {_times(size)}", path)
    values = read_image(path).pixels.numpy().max(axis=0)
    levels = np.unique(values)
    if len(levels) == 1:
        if levels[0] == 0:
            return np.zeros(size, dtype=bool)
        raise DataError("a mask that marks all of its image", path)
    if len(levels) > 2 and levels[-1] < _HALF:
        raise DataError(f"a mask of {len(levels)} values, all of them dark: two are wanted, one of them for the background", path)
    marked: Array = values > levels[0] if len(levels) == 2 else values >= _HALF
    return marked


def _times(size: Any) -> str:
    height, width = size
    return f"{width} x {height}"

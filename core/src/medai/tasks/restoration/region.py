"""Where to look: the region of interest that a figure enlarges when nobody names one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

Plane = np.ndarray[Any, np.dtype[np.float32]]
Region = tuple[int, int, int, int]

_SHARE = 5
"""A region's side is this part of the image's shorter side."""


def busiest_region(plane: Plane, window: tuple[float, float]) -> Region:
    """The square (row, column, height, width) with most structure, as a person sees it in the window.

    Structure is the gradient after light smoothing, so that noise does not count, capped at an eighth of the window per pixel, so that
    one hard edge (lung, bone, air) does not outweigh many soft ones. Squares that lie partly outside the window's values, such as in
    air, count less. The same image always gives the same square.
    """
    low, high = window
    side = max(8, min(plane.shape) // _SHARE)
    height, width = min(side, plane.shape[0]), min(side, plane.shape[1])
    shown = np.clip((plane - low) / (high - low), 0, 1)
    gradient = ndimage.gaussian_gradient_magnitude(shown, sigma=1.5)
    structure = _sums(np.minimum(gradient, 1 / 8), height, width)
    visible = _sums(((plane > low) & (plane < high)).astype(np.float64), height, width) / (height * width)
    row, column = np.unravel_index(int(np.argmax(structure * visible**4)), structure.shape)
    return int(row), int(column), height, width


def _sums(values: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    """Sum over every rectangle of that size that fits, by its first row and column."""
    table = np.pad(values.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return np.asarray(table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width])

"""Where to look: the region of interest that a figure enlarges when nobody names one."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

Plane = np.ndarray[Any, np.dtype[np.float32]]
Region = tuple[int, int, int, int]

# A region's side is this part of the image's shorter side, but no shorter than this, or a small image shows a few blocks.
_SHARE, _SHORTEST = 5, 40


def busiest_region(plane: Plane, window: tuple[float, float]) -> Region:
    """The square (row, column, height, width) with most structure, as a person sees it in the window.

    Structure is the gradient after light smoothing, so that noise does not count, capped at an eighth of the window per pixel, so that
    one hard edge (lung, bone, air) does not outweigh many soft ones. Squares count less that lie partly outside the window's values, such
    as in air, or far from the centre of what is brighter than the window's lowest value. The same image always gives the same square.
    """
    low, high = window
    height, width = _size_of(plane)
    shown = np.clip((plane - low) / (high - low), 0, 1)
    gradient = ndimage.gaussian_gradient_magnitude(shown, sigma=1.5)
    structure = _sums(np.minimum(gradient, 1 / 8), height, width)
    visible = _sums(((plane > low) & (plane < high)).astype(np.float64), height, width) / (height * width)
    near = _nearness(shown > 0, structure.shape, (height / 2, width / 2))
    row, column = np.unravel_index(int(np.argmax(structure * visible**4 * near)), structure.shape)
    return int(row), int(column), height, width


def most_changed(change: Plane) -> Region:
    """The square (row, column, height, width) over which the absolute difference of two images sums up to most; of several, one in their
    middle, so that what was changed stands in the middle too."""
    height, width = _size_of(change)
    sums = _sums(change, height, width)
    best = np.argwhere(sums >= sums.max() * (1 - 1e-9))
    row, column = best[int(np.argmin(np.square(best - best.mean(axis=0)).sum(axis=1)))]
    return int(row), int(column), height, width


def _size_of(plane: Plane) -> tuple[int, int]:
    side = max(_SHORTEST, min(plane.shape) // _SHARE)
    return min(side, plane.shape[0]), min(side, plane.shape[1])


def _sums(values: np.ndarray[Any, Any], height: int, width: int) -> np.ndarray[Any, Any]:
    """Sum over every rectangle of that size that fits, by its first row and column."""
    table = np.pad(values.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return np.asarray(table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width])


def _nearness(body: np.ndarray[Any, Any], shape: tuple[int, ...], half: tuple[float, float]) -> np.ndarray[Any, Any]:
    """For each square, a Gaussian of its distance from the centre of the body, in parts of the image."""
    centre = np.array(ndimage.center_of_mass(body)) if body.any() else np.array(body.shape) / 2
    rows, columns = ((np.arange(n) + h - c) / size for n, h, c, size in zip(shape, half, centre, body.shape, strict=True))
    return np.asarray(np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * 0.25**2)))

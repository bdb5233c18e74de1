"""Where in an image a sonographer would measure: dark blobs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter, label, maximum_filter

from medai_annotation.synthesis.layers import Floats

_CELLS = 32
"""Cells along the shorter side of the small image in which blobs are looked for."""
_MOST = 3
_NEAR, _FAR = 1.2, 6.0
"""Smoothing in cells: of a blob, and of its surroundings."""
_CONTRAST = 0.04
_BLACK = 0.03
"""Grey below which surroundings are no tissue."""
_MARGIN = 3
_SMALLEST, _LARGEST = 0.04, 0.28
"""Semi-axes as parts of the shorter side."""


class Ellipse(NamedTuple):
    """An ellipse in pixels.

    Attributes:
        row, column: its middle.
        long, short: semi-axes.
        tilt: of the longer axis, in radians from the columns' direction downwards.
    """

    row: float
    column: float
    long: float
    short: float
    tilt: float

    def reach(self, angle: float) -> float:
        """Pixels from its middle to its edge in a direction."""
        turned = angle - self.tilt
        return self.long * self.short / math.hypot(self.short * math.cos(turned), self.long * math.sin(turned))


def dark_blob(pixels: Floats, rng: np.random.Generator) -> Ellipse | None:
    """One of the three regions of an image (3, H, W) in 0..1 that are darkest beside what lies around; None where there is none."""
    side = min(pixels.shape[1:])
    step = max(1, side // _CELLS)
    small = _smaller(pixels, step)
    near, far = gaussian_filter(small, _NEAR), gaussian_filter(small, _FAR)
    contrast = np.where(far > _BLACK, far - near, 0)
    peaks = (contrast > _CONTRAST) & (contrast == maximum_filter(contrast, 2 * _MARGIN + 1))
    places = np.argwhere(peaks[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]) + _MARGIN
    if not len(places):
        return None
    darkest = places[np.argsort(-contrast[tuple(places.T)], kind="stable")[:_MOST]]
    row, column = darkest[rng.integers(len(darkest))].tolist()
    return _ellipse(near, far, (row, column), step, side)


def random_ellipse(shape: tuple[int, int], rng: np.random.Generator) -> Ellipse:
    """A plausible lesion where none is seen: off the edges, wider than high more often than not."""
    height, width = shape
    long = min(shape) * rng.uniform(0.08, 0.24)
    tilt = rng.normal(0, 0.5)
    return Ellipse(height * rng.uniform(0.25, 0.75), width * rng.uniform(0.25, 0.75), long, long * rng.uniform(0.45, 0.95), tilt)


def _smaller(pixels: Floats, step: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Means of blocks; rows and columns that are left over are not looked at."""
    rows, columns = (length // step for length in pixels.shape[1:])
    cut = pixels[1, : rows * step, : columns * step]
    # One axis after the other, which numpy sums several times as fast as both at once.
    lines = cut.reshape(rows, step, columns * step).sum(1)
    return np.asarray(lines.reshape(rows, columns, step).sum(2), dtype=np.float64) / step**2


def _ellipse(near: Any, far: Any, peak: tuple[int, int], step: int, side: int) -> Ellipse:
    """The ellipse with the moments of the region around the darkest cell."""
    parts, _ = label(near < (near[peak] + far[peak]) / 2)
    rows, columns = np.nonzero(parts == parts[peak])
    spread = np.cov(np.stack([columns, rows])) if len(rows) > 2 else np.eye(2)
    values, vectors = np.linalg.eigh(spread)
    short, long = (float(np.clip(2 * step * math.sqrt(max(value, 0.25)), _SMALLEST * side, _LARGEST * side)) for value in values)
    across, down = vectors[:, 1]
    middle = (rows.mean() + 0.5) * step, (columns.mean() + 0.5) * step
    return Ellipse(float(middle[0]), float(middle[1]), long, short, math.atan2(float(down), float(across)))

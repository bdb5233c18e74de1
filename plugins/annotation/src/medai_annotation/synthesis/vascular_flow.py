"""Vascular flow: the box or parallelogram in which a machine measures flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from medai_annotation.synthesis.layers import Floats, Layer, paint
from medai_annotation.synthesis.pen import FINE, Pen, Point
from medai_annotation.synthesis.strokes import Style, ink, pattern, require_range

_STYLES: tuple[Style | None, ...] = ("solid", "solid", "solid", "dashed", "dotted", "dash-dot", None)
"""None: corner marks alone."""
_SLANTED = 0.45
_STEEPEST = math.tan(math.radians(25))
_CORNERS = 0.3
"""Share with marks at its corners beside the line."""
_UNEVEN = 0.25
"""Share whose four sides are each drawn in a style of their own."""
_SMOOTH = 0.4


@dataclass(frozen=True)
class VascularFlow:
    """Draws a box, or in 45 % a parallelogram slanted by up to 25 degrees, with a solid, dashed, dotted or dash-dotted line or with corner
    marks alone; one in four has another style on each side.

    Lines are 1 pixel or more (0.25 to 0.7 % of the shorter side); white, yellow, green, olive, cyan or orange; edges are smooth in 40 %.

    Args:
        sizes: of its sides, as parts of the image's own: width and height 20 to 70 %.
        greys: of the lines' brightest channel, 0 black and 1 white: 0.55 to 1, of olive lines four fifths of it.

    Raises:
        UsageError: a range is none.
    """

    sizes: tuple[float, float] = (0.2, 0.7)
    greys: tuple[float, float] = (0.55, 1.0)

    def __post_init__(self) -> None:
        require_range("sizes", self.sizes, 0.95)
        require_range("greys", self.greys, 1.0)

    def draw(self, pixels: Floats, rng: np.random.Generator) -> list[Layer]:
        """One annotation for an image (3, H, W)."""
        height, width = pixels.shape[1:]
        fine = FINE if rng.random() < _SMOOTH else 1
        thick = max(1.0, min(height, width) * rng.uniform(0.0025, 0.007))
        thick = thick if fine > 1 else round(thick)
        high, wide = (length * rng.uniform(*self.sizes) for length in (height, width))
        slant = rng.uniform(-_STEEPEST, _STEEPEST) * high if rng.random() < _SLANTED else 0.0
        # A slanted one has its sides shifted by what it leans, and is as wide in all as a straight one.
        slant = float(np.clip(slant, -0.5 * wide, 0.5 * wide))
        rows, columns = (max(5, math.floor(length)) for length in (high, wide))
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        pen = Pen(rows, columns, fine)
        _outline(pen, _corners(rows, columns, slant, thick), thick, rng)
        return [Layer(pen.coverage(), top, left, paint(ink(self.greys, rng)))]


def _corners(rows: int, columns: int, slant: float, thick: float) -> list[Point]:
    """Clockwise from the upper left one, so far inside that the whole line is on the canvas."""
    inset = max(0.5, thick / 2 + 0.01) if thick > 1 else 0.5
    upper, lower = max(slant, 0.0), max(-slant, 0.0)
    right, bottom = columns - inset, rows - inset
    return [(inset + upper, inset), (right - lower, inset), (right - upper, bottom), (inset + lower, bottom)]


def _outline(pen: Pen, corners: list[Point], thick: float, rng: np.random.Generator) -> None:
    styles = [_style(rng) for _ in corners] if rng.random() < _UNEVEN else [_style(rng)] * len(corners)
    for place, style in enumerate(styles):
        start, end = corners[place], corners[(place + 1) % len(corners)]
        if style is not None:
            pen.pieces(start, end, pattern(style, math.dist(start, end), thick, rng), thick)
    if rng.random() < _CORNERS or not all(styles):
        _mark_corners(pen, corners, thick, rng)


def _style(rng: np.random.Generator) -> Style | None:
    return _STYLES[rng.integers(len(_STYLES))]


def _mark_corners(pen: Pen, corners: list[Point], thick: float, rng: np.random.Generator) -> None:
    part = rng.uniform(0.08, 0.22)
    wider = thick * rng.uniform(1.0, 1.8)
    for place, corner in enumerate(corners):
        for other in (corners[place - 1], corners[(place + 1) % 4]):
            tip = corner[0] + part * (other[0] - corner[0]), corner[1] + part * (other[1] - corner[1])
            pen.line((corner, tip), wider)

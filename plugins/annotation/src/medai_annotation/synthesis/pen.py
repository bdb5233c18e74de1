"""Lines, dots and areas on a small canvas, antialiased or not, as machines draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from medai_annotation.synthesis.layers import Floats

Point = tuple[float, float]
"""Across and down, in pixels; (0, 0) is the corner of the first pixel, not its middle."""
Pieces = Sequence[tuple[float, float]]
"""Where along a line something is drawn: from and to, in pixels."""

FINE = 3
"""Pixels of the canvas along a pixel of the image, where edges are smooth."""


class Pen:
    """A canvas of `height` x `width` pixels on which one colour is drawn.

    Args:
        height: rows.
        width: columns.
        fine: canvas pixels along each pixel; 1 draws hard edges.
    """

    def __init__(self, height: int, width: int, fine: int = FINE) -> None:
        self._fine = fine
        self._picture = Picture.new("L", (width * fine, height * fine))
        self._draw = ImageDraw.Draw(self._picture)

    def line(self, points: Sequence[Point], width: float) -> None:
        """A line through the points, at least one canvas pixel wide."""
        scaled = [self._scaled(point) for point in points]
        self._draw.line(scaled, fill=255, width=max(1, round(width * self._fine)))

    def area(self, points: Sequence[Point]) -> None:
        """What a closed line goes round."""
        self._draw.polygon([self._scaled(point) for point in points], fill=255)

    def dot(self, point: Point, diameter: float) -> None:
        """A square as small machines draw it, or where edges are smooth, a disc."""
        across, down = self._scaled(point)
        side = max(1, round(diameter * self._fine))
        left, top = (math.floor(place - side / 2 + 0.5) for place in (across, down))
        corners = (left, top, left + side - 1, top + side - 1)
        (self._draw.rectangle if self._fine == 1 else self._draw.ellipse)(corners, fill=255)

    def pieces(self, start: Point, end: Point, where: Pieces, width: float) -> None:
        """Parts of the straight line between two points; those as short as they are wide are dots."""
        length = math.dist(start, end) or 1.0
        step = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        for begin, stop in where:
            first, last = ((start[0] + along * step[0], start[1] + along * step[1]) for along in (begin, min(stop, length)))
            if stop - begin <= 1.2 * width:
                self.dot(((first[0] + last[0]) / 2, (first[1] + last[1]) / 2), width)
            else:
                self.line((first, last), width)

    def coverage(self) -> Floats:
        """(height, width) in 0..1."""
        shrunk = self._picture if self._fine == 1 else self._picture.reduce(self._fine)
        return np.asarray(shrunk, dtype=np.float32) / np.float32(255)

    def _scaled(self, point: Point) -> Point:
        # Pillow draws from pixel middle to pixel middle.
        return point[0] * self._fine - 0.5, point[1] * self._fine - 0.5

"""Body markers: a small picture of a region of the body, with a mark where the probe was held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image as Picture

from medai_annotation.synthesis.icons import ICONS, Icon
from medai_annotation.synthesis.layers import Colour, Floats, Layer, box_of, paint
from medai_annotation.synthesis.pen import FINE, Pen, Point
from medai_annotation.synthesis.strokes import ink, require_range

Probe = Literal["bar", "bar-and-dot", "arrow", "cone", "cross"]

BORDER = 0.2
"""Part of each side within which a marker lies: markers are rarely in the middle (Zhang et al. 2024, section 3.1)."""
_SMALLEST = 6
"""Pixels along a marker."""
_PROBES: tuple[Probe | None, ...] = ("bar", "bar", "bar", "bar-and-dot", "arrow", "cone", "cross", None)
_UPRIGHT = 0.85
_FILLED, _ON_PLATE = 0.3, 0.2
_SMOOTH = 0.7
_FILLS: tuple[Colour, ...] = ((0.3, 0.3, 0.3), (0.5, 0.5, 0.5), (0.75, 0.55, 0.42), (0.2, 0.3, 0.6), (0.55, 0.6, 0.65))
_MARGIN = 0.06
"""Of a marker's side, free around its icon, where the probe mark may reach out."""


@dataclass(frozen=True)
class BodyMarker:
    """Draws an icon of a body region with a probe mark, wholly within the 20 % along one edge of the image.

    Icons are those of `medai_annotation.synthesis.icons`, mirrored in half of the markers and in some turned by quarters (a fetus by any
    angle); as lines of 1 to 2 pixels in 256 (0.35 to 0.8 % of the shorter side), in three of ten filled, in two of ten on a black plate.
    The probe mark, which one in eight lacks, is a bar, a bar with a dot, an arrow, a cone or a cross at any place and angle.

    Args:
        sizes: of a marker's longer side, as parts of the image's shorter side: 23 to 51 pixels of 256; at least 6 pixels.
        greys: of the lines' brightest channel, 0 black and 1 white: 0.6 to 1, of olive lines four fifths of it.
        icons: pictures of a user's own in place of the icons, RGBA; they are scaled to the marker's size, whatever their own.

    Raises:
        UsageError: a range is none.
    """

    sizes: tuple[float, float] = (0.09, BORDER)
    greys: tuple[float, float] = (0.6, 1.0)
    icons: tuple[Picture.Image, ...] = ()

    def __post_init__(self) -> None:
        require_range("sizes", self.sizes, BORDER)
        require_range("greys", self.greys, 1.0)

    def draw(self, pixels: Floats, rng: np.random.Generator) -> list[Layer]:
        """One annotation for an image (3, H, W) of at least 32 pixels along each side."""
        shape = pixels.shape[1:]
        side = min(shape)
        size = max(_SMALLEST, math.floor(side * rng.uniform(*self.sizes)))
        layers = self._own(size, rng) if self.icons else self._drawn(size, side, rng)
        return _placed(layers, (shape[0], shape[1]), rng)

    def _own(self, size: int, rng: np.random.Generator) -> list[Layer]:
        """A picture of the user's, turned and mirrored as icons are, without a probe mark: it has its own."""
        icon = self.icons[rng.integers(len(self.icons))]
        factor = size / max(icon.size)
        small = icon.resize([max(1, round(length * factor)) for length in icon.size], Picture.Resampling.BOX)
        values = np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / np.float32(255)
        if rng.random() < 0.5:
            values = values[..., ::-1]
        if rng.random() > _UPRIGHT:
            values = np.rot90(values, int(rng.integers(1, 4)), (1, 2))
        faded = np.float32(rng.uniform(*self.greys))
        return [Layer(np.ascontiguousarray(values[3]), 0, 0, np.ascontiguousarray(values[:3]) * faded)]

    def _drawn(self, size: int, side: int, rng: np.random.Generator) -> list[Layer]:
        icon = ICONS[rng.integers(len(ICONS))]
        strokes = _turned(icon, size, rng)
        width = max(1.0, side * rng.uniform(0.0035, 0.008))
        fine = FINE if rng.random() < _SMOOTH else 1
        colour = ink(self.greys, rng)
        layers = []
        if rng.random() < _ON_PLATE:
            layers.append(_plate(size, rng))
        if rng.random() < _FILLED:
            layers.append(_filled(icon, strokes, size, rng))
        pen = Pen(size, size, fine)
        for points in strokes:
            pen.line(points, width)
        layers.append(Layer(pen.coverage(), 0, 0, paint(colour)))
        probe = _PROBES[rng.integers(len(_PROBES))]
        if probe is not None:
            drawn = _probe(probe, size, width, fine, rng)
            layers.append(Layer(drawn, 0, 0, paint(colour if rng.random() < 0.5 else ink(self.greys, rng))))
        return layers


def _turned(icon: Icon, size: int, rng: np.random.Generator) -> list[list[Point]]:
    """The icon's lines in pixels of the marker's square."""
    angle = rng.uniform(0, 2 * math.pi) if icon.turns else 0.0 if rng.random() < _UPRIGHT else rng.integers(1, 4) * math.pi / 2
    mirrored = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    # Turned by no quarter, its corners would reach out.
    reach = (1 - 2 * _MARGIN) / (math.sqrt(2) if icon.turns else 1.0) * size
    narrow = np.array([mirrored * rng.uniform(0.75, 1.0), 1.0])
    found = [((each.points - 0.5) * narrow) @ turn * reach + size / 2 for each in icon.strokes]
    return [[(float(x), float(y)) for x, y in points] for points in found]


def _plate(size: int, rng: np.random.Generator) -> Layer:
    """A dark square under the icon, with or without a frame's room."""
    return Layer(np.full((size, size), rng.uniform(0.8, 1.0), dtype=np.float32), 0, 0, paint((0.0, 0.0, 0.15 * int(rng.integers(2)))))


def _filled(icon: Icon, strokes: list[list[Point]], size: int, rng: np.random.Generator) -> Layer:
    pen = Pen(size, size)
    closed = [points for stroke, points in zip(icon.strokes, strokes, strict=True) if stroke.closed]
    for points in closed:
        pen.area(points)
    return Layer(pen.coverage() * np.float32(rng.uniform(0.4, 1.0)), 0, 0, paint(_FILLS[rng.integers(len(_FILLS))]))


def _probe(kind: Probe, size: int, width: float, fine: int, rng: np.random.Generator) -> Floats:
    pen = Pen(size, size, fine)
    middle = size * rng.uniform(0.25, 0.75, 2)
    angle = rng.uniform(0, 2 * math.pi)
    along = np.array([math.cos(angle), math.sin(angle)]) * size * rng.uniform(0.1, 0.2)
    across = np.array([-along[1], along[0]])
    first, last = _point(middle - along), _point(middle + along)
    thick = width * rng.uniform(1.5, 3.0)
    if kind == "cone":
        pen.line([_point(middle - 1.2 * along), _point(middle + along + 0.6 * across), _point(middle + along - 0.6 * across)] * 2, width)
    elif kind == "cross":
        pen.line((first, last), width)
        pen.line((_point(middle - across), _point(middle + across)), width)
    else:
        pen.line((first, last), thick)
    if kind == "bar-and-dot":
        pen.dot(_point(middle + along + 0.5 * across), 1.6 * thick)
    elif kind == "arrow":
        pen.area([_point(middle + 1.7 * along), _point(middle + along + 0.6 * across), _point(middle + along - 0.6 * across)])
    return pen.coverage()


def _point(place: np.ndarray[Any, Any]) -> Point:
    return float(place[0]), float(place[1])


def _placed(layers: list[Layer], shape: tuple[int, int], rng: np.random.Generator) -> list[Layer]:
    """The layers, cut to what they cover, somewhere in the strip along one edge."""
    drawn = np.logical_or.reduce([layer.coverage > 0 for layer in layers])
    box = box_of(drawn)
    assert box is not None, "an icon has lines"
    left, top, right, bottom = box
    high, wide = bottom - top, right - left
    strips = math.floor(BORDER * shape[0]), math.floor(BORDER * shape[1])
    edge = rng.integers(4)
    row, column = (int(rng.integers(0, length - own + 1)) for length, own in zip(shape, (high, wide), strict=True))
    if edge < 2:
        row = int(rng.integers(0, max(strips[0] - high, 0) + 1))
        row = row if edge == 0 else shape[0] - high - row
    else:
        column = int(rng.integers(0, max(strips[1] - wide, 0) + 1))
        column = column if edge == 2 else shape[1] - wide - column
    cut = slice(top, bottom), slice(left, right)
    return [
        Layer(layer.coverage[cut], row, column, layer.colour if layer.colour.shape[1] == 1 else layer.colour[(slice(None), *cut)])
        for layer in layers
    ]

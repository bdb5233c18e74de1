"""Radial lines: pairs of crosses at the edge of a lesion, connected by its axes (calipers)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medai_annotation.synthesis.layers import Colour, Floats, Layer, paint
from medai_annotation.synthesis.lesions import Ellipse, dark_blob, random_ellipse
from medai_annotation.synthesis.pen import FINE, Pen, Point
from medai_annotation.synthesis.strokes import DIGITS, Style, ink, pattern, require_range

Mark = Literal["plus", "cross"]

_ONE, _THREE = 0.2, 0.15
"""Shares of one pair and of three pairs: typically there are two."""
_AT_BLOB = 0.7
"""Share that is laid at a dark blob, where there is one; others at an ellipse anywhere, as lesions are not always dark."""
_LINES: tuple[Style | None, ...] = ("dotted", "dotted", "dashed", "dash-dot", None, None)
_SIGNED, _NUMBERS = 0.5, 0.8
_SMOOTH = 0.5


@dataclass(frozen=True)
class _Look:
    """What the pairs of one annotation have in common, in pixels."""

    arm: float
    width: float
    dot: float
    line: Style | None
    signs: str
    colour: Colour
    fine: int


@dataclass(frozen=True)
class RadialLine:
    """Draws one to three pairs of crosses, typically two, at a dark blob of the image or at an ellipse; pairs cross at angles.

    Crosses are upright or turned by 45 degrees, with lines of 1 pixel or more (0.3 to 0.8 % of the shorter side); between them a dotted,
    dashed or dash-dotted line or none; at one end of each pair a number or letter in half of the annotations. White, yellow, green,
    olive, cyan or orange; edges are smooth in half of them.

    Args:
        sizes: of a cross, from tip to tip, as parts of the image's shorter side: 6 to 15 pixels of 256; at least 5 pixels.
        greys: of the lines' brightest channel, 0 black and 1 white: 0.7 to 1, of olive lines four fifths of it.

    Raises:
        UsageError: a range is none.
    """

    sizes: tuple[float, float] = (0.024, 0.06)
    greys: tuple[float, float] = (0.7, 1.0)

    def __post_init__(self) -> None:
        require_range("sizes", self.sizes, 0.2)
        require_range("greys", self.greys, 1.0)

    def draw(self, pixels: Floats, rng: np.random.Generator) -> list[Layer]:
        """One annotation for an image (3, H, W)."""
        height, width = pixels.shape[1:]
        look = self._look(min(height, width), rng)
        lesion = _lesion(pixels, rng)
        chance = rng.random()
        count = 1 if chance < _ONE else 3 if chance > 1 - _THREE else 2
        first = lesion.tilt + rng.normal(0, 0.35)
        pairs = [_ends(lesion, first + place * math.pi / max(2, count) + rng.normal(0, 0.12), rng) for place in range(count)]
        margin = look.arm + look.width
        inside = [tuple(_inside(end, (height, width), margin) for end in pair) for pair in pairs]
        return [_layer(inside, look, (height, width), rng)]

    def _look(self, side: int, rng: np.random.Generator) -> _Look:
        fine = FINE if rng.random() < _SMOOTH else 1
        width = max(1.0, side * rng.uniform(0.003, 0.008))
        if fine == 1:
            width = round(width)
        dot = max(1.0, width * rng.uniform(0.5, 1.0))
        signs = ("123" if rng.random() < _NUMBERS else "ABC") if rng.random() < _SIGNED else ""
        line = _LINES[rng.integers(len(_LINES))]
        return _Look(max(2.5, side * rng.uniform(*self.sizes) / 2), width, dot, line, signs, ink(self.greys, rng), fine)


def _lesion(pixels: Floats, rng: np.random.Generator) -> Ellipse:
    blob = dark_blob(pixels, rng) if rng.random() < _AT_BLOB else None
    return blob or random_ellipse(pixels.shape[1:], rng)


def _ends(lesion: Ellipse, angle: float, rng: np.random.Generator) -> tuple[Point, Point]:
    """Where an axis meets the lesion's edge, as a hand hits it."""
    wander = 0.15 * lesion.short
    middle = lesion.column + rng.normal(0, wander), lesion.row + rng.normal(0, wander)
    far, near = (lesion.reach(angle) * rng.uniform(0.85, 1.2) for _ in range(2))
    step = math.cos(angle), math.sin(angle)
    return (middle[0] + far * step[0], middle[1] + far * step[1]), (middle[0] - near * step[0], middle[1] - near * step[1])


def _inside(point: Point, shape: tuple[int, int], margin: float) -> Point:
    height, width = shape
    return min(max(point[0], margin), width - margin), min(max(point[1], margin), height - margin)


def _layer(pairs: list[tuple[Point, ...]], look: _Look, shape: tuple[int, int], rng: np.random.Generator) -> Layer:
    """All pairs on a canvas that holds just them and their numbers."""
    reach = 3.5 * look.arm + look.width + 2
    across, down = ([point[axis] for pair in pairs for point in pair] for axis in (0, 1))
    left, top = (max(0, math.floor(min(each) - reach)) for each in (across, down))
    right, bottom = (min(length, math.ceil(max(each) + reach)) for each, length in zip((across, down), shape[::-1], strict=True))
    pen = Pen(bottom - top, right - left, look.fine)
    mark: Mark = _mark(rng)
    mixed = rng.random() < 0.15
    for number, (first, last) in enumerate(pairs):
        moved = [_snapped((x - left, y - top), look) for x, y in (first, last)]
        for end in moved:
            _draw_mark(pen, end, "cross" if mixed and number % 2 else mark, look)
        _connect(pen, moved[0], moved[1], look, rng)
        if look.signs:
            _sign(pen, look.signs[number], moved[int(rng.integers(2))], look, rng)
    return Layer(pen.coverage(), top, left, paint(look.colour))


def _mark(rng: np.random.Generator) -> Mark:
    marks: tuple[Mark, ...] = ("plus", "cross")
    return marks[int(rng.random() < 0.3)]


def _snapped(point: Point, look: _Look) -> Point:
    """On the grid of pixels, where edges are hard: all crosses of such machines look alike."""
    return point if look.fine > 1 else (math.floor(point[0]) + 0.5, math.floor(point[1]) + 0.5)


def _draw_mark(pen: Pen, middle: Point, mark: Mark, look: _Look) -> None:
    x, y = middle
    arm = look.arm if look.fine > 1 else round(look.arm)
    if mark == "plus":
        arms = (((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm)))
    else:
        part = 0.75 * arm if look.fine > 1 else round(0.75 * arm)
        arms = (((x - part, y - part), (x + part, y + part)), ((x - part, y + part), (x + part, y - part)))
    for each in arms:
        pen.line(each, look.width)


def _connect(pen: Pen, first: Point, last: Point, look: _Look, rng: np.random.Generator) -> None:
    """From cross to cross, without what lies under them."""
    length = math.dist(first, last)
    if look.line is None or length < 3 * look.arm:
        return
    where = pattern(look.line, length, look.dot, rng)
    pen.pieces(first, last, [piece for piece in where if look.arm < piece[0] and piece[1] < length - look.arm], look.dot)


def _sign(pen: Pen, sign: str, end: Point, look: _Look, rng: np.random.Generator) -> None:
    high = max(6.0, look.arm * rng.uniform(1.5, 2.3))
    left, top = end[0] + look.arm * rng.uniform(0.5, 0.9), end[1] - high - look.arm * rng.uniform(0.0, 0.5)
    for stroke in DIGITS[sign]:
        pen.line([(left + 0.66 * high * x, top + high * y) for x, y in stroke], max(1.0, 0.8 * look.width))

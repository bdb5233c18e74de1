"""Line styles, signs and colours that annotations share."""

from __future__ import annotations

from typing import Literal

import numpy as np

from medai.errors import UsageError
from medai_annotation.synthesis.layers import Colour
from medai_annotation.synthesis.pen import Pieces, Point

Style = Literal["solid", "dashed", "dotted", "dash-dot"]

_TINTS: tuple[tuple[float, Colour], ...] = (
    (0.5, (1.0, 1.0, 1.0)),
    (0.7, (1.0, 1.0, 0.35)),
    (0.82, (0.45, 1.0, 0.45)),
    (0.92, (0.75, 0.8, 0.45)),
    (0.97, (0.45, 0.95, 1.0)),
    (1.0, (1.0, 0.7, 0.3)),
)
"""White, yellow, green, olive, cyan and orange, each with the share of lines that are of it or of one before it."""

DIGITS: dict[str, tuple[tuple[Point, ...], ...]] = {
    "1": (((0.15, 0.25), (0.5, 0.0), (0.5, 1.0)),),
    "2": (((0.05, 0.25), (0.2, 0.05), (0.5, 0.0), (0.85, 0.1), (0.9, 0.35), (0.6, 0.65), (0.05, 1.0), (0.95, 1.0)),),
    "3": (((0.1, 0.1), (0.5, 0.0), (0.85, 0.15), (0.8, 0.4), (0.45, 0.47), (0.85, 0.6), (0.9, 0.85), (0.5, 1.0), (0.05, 0.87)),),
    "A": (((0.0, 1.0), (0.5, 0.0), (1.0, 1.0)), ((0.2, 0.65), (0.8, 0.65))),
    "B": (((0.1, 0.0), (0.1, 1.0), (0.6, 1.0), (0.9, 0.75), (0.6, 0.5), (0.1, 0.5)), ((0.6, 0.5), (0.85, 0.25), (0.6, 0.0), (0.1, 0.0))),
    "C": (((0.9, 0.2), (0.55, 0.0), (0.2, 0.15), (0.05, 0.5), (0.2, 0.85), (0.55, 1.0), (0.9, 0.8)),),
}
"""Signs as lines in a square; two thirds as wide as high when drawn."""


def ink(greys: tuple[float, float], rng: np.random.Generator) -> Colour:
    """A colour of machines: one of the tints, as bright as `greys` allow."""
    chance = rng.random()
    tint = next(tint for share, tint in _TINTS if chance < share)
    level = rng.uniform(*greys)
    return level * tint[0], level * tint[1], level * tint[2]


def pattern(style: Style, length: float, width: float, rng: np.random.Generator) -> Pieces:
    """Where along a line of this length a pen of this width touches; each call is another dash, gap and phase."""
    if style == "solid":
        return [(0.0, length)]
    if style == "dotted":
        dashes: tuple[float, ...] = (width,)
        gaps: tuple[float, ...] = (rng.uniform(1.2, 4.0) * width,)
    elif style == "dashed":
        dashes, gaps = (rng.uniform(2.5, 8.0) * width,), (rng.uniform(1.5, 5.0) * width,)
    else:
        gap = rng.uniform(1.5, 3.5) * width
        dashes, gaps = (rng.uniform(4.0, 8.0) * width, width), (gap, gap)
    found, place, number = [], -rng.uniform(0, dashes[0]), 0
    while place < length:
        dash = dashes[number % len(dashes)]
        if place + dash > 0:
            found.append((max(place, 0.0), min(place + dash, length)))
        place += dash + gaps[number % len(gaps)]
        number += 1
    return found


def require_range(name: str, values: tuple[float, float], most: float) -> None:
    """Refuse what is no range within 0 and `most`.

    Raises:
        UsageError: the lower end is not above 0, or the ends are in the wrong order or beyond `most`.
    """
    if len(values) != 2 or not 0 < values[0] <= values[1] <= most:
        raise UsageError(f"{name} = {tuple(values)}: a lower and an upper end above 0 and up to {most:g} are wanted")

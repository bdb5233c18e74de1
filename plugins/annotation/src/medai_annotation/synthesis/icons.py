"""The regions of the body that machines offer as body markers, as line drawings of our own.

Each is drawn in a square from (0, 0), upper left, to (1, 1), as an examiner sees a patient from the front unless its name says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Points = np.ndarray[Any, np.dtype[np.float64]]

_STEPS = 5
"""Points between two that are given, on a smooth line."""


@dataclass(frozen=True)
class Stroke:
    """A line of an icon.

    Attributes:
        points: (n, 2), across and down.
        closed: whether it goes round an area, which filled icons shade.
    """

    points: Points
    closed: bool = False


@dataclass(frozen=True)
class Icon:
    """A region of the body.

    Attributes:
        name: which.
        strokes: its lines.
        turns: whether machines turn it about by any angle, as a fetus; others stand upright, or in few machines on their side.
    """

    name: str
    strokes: tuple[Stroke, ...]
    turns: bool = False


def _line(*points: tuple[float, float]) -> Stroke:
    return Stroke(np.array(points, dtype=np.float64))


def _curve(*points: tuple[float, float], closed: bool = False) -> Stroke:
    """A smooth line through the points (Catmull-Rom)."""
    given = np.array(points, dtype=np.float64)
    around = np.concatenate([given[-1:], given, given[:2]]) if closed else np.concatenate([given[:1], given, given[-1:]])
    steps = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * steps + (2 * a - 5 * b + 4 * c - d) * steps**2 + (3 * b - a - 3 * c + d) * steps**3)
        for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False)
    ]
    return Stroke(np.concatenate([*parts, given[:1] if closed else given[-1:]]), closed)


def _oval(across: float, down: float, wide: float, high: float, tilt: float = 0.0, part: tuple[float, float] = (0, 360)) -> Stroke:
    """An ellipse by middle and semi-axes, or an arc of it, in degrees clockwise from the right."""
    angles = np.radians(np.linspace(*part, 25))
    x, y = wide * np.cos(angles), high * np.sin(angles)
    turn = math.radians(tilt)
    points = np.stack([across + x * math.cos(turn) - y * math.sin(turn), down + x * math.sin(turn) + y * math.cos(turn)], axis=1)
    return Stroke(points, part[1] - part[0] == 360)


def _mirrored(strokes: Sequence[Stroke]) -> tuple[Stroke, ...]:
    """The strokes, and what is opposite them left and right."""
    return (*strokes, *(Stroke(each.points * (-1, 1) + (1, 0), each.closed) for each in strokes))


_BREAST_CLOCK = Icon(
    "breast-clock",
    (
        _oval(0.55, 0.57, 0.4, 0.4),
        _oval(0.55, 0.57, 0.09, 0.09),
        _line((0.55, 0.17), (0.55, 0.48)),
        _line((0.55, 0.66), (0.55, 0.97)),
        _line((0.15, 0.57), (0.46, 0.57)),
        _line((0.64, 0.57), (0.95, 0.57)),
        _line((0.4, 0.2), (0.02, 0.02), (0.18, 0.42)),
    ),
)
_BREASTS = Icon(
    "breasts",
    _mirrored(
        (
            _oval(0.27, 0.6, 0.2, 0.22),
            _oval(0.27, 0.62, 0.045, 0.045),
            _curve((0.42, 0.06), (0.4, 0.18), (0.2, 0.24), (0.04, 0.34), (0.0, 0.6)),
            _curve((0.09, 0.48), (0.05, 0.7), (0.12, 0.98)),
        )
    ),
)
_BREAST_SIDE = Icon(
    "breast-side",
    (
        _curve((0.12, 0.02), (0.2, 0.2), (0.55, 0.45), (0.88, 0.62), (0.72, 0.82), (0.3, 0.88), (0.12, 0.98), (0.06, 0.5), closed=True),
        _oval(0.88, 0.62, 0.06, 0.05),
    ),
)
_TRUNK = (
    _curve((0.42, 0.02), (0.41, 0.12), (0.25, 0.17), (0.1, 0.22), (0.04, 0.4), (0.0, 0.62)),
    _curve((0.17, 0.36), (0.2, 0.55), (0.24, 0.66), (0.19, 0.8), (0.15, 0.98)),
    _curve((0.1, 0.64), (0.15, 0.5), (0.17, 0.36)),
)
_ABDOMEN = Icon(
    "abdomen",
    (
        _curve(
            *((0.2, 0.02), (0.24, 0.3), (0.26, 0.5), (0.18, 0.72), (0.14, 0.98)),
            *((0.86, 0.98), (0.82, 0.72), (0.74, 0.5), (0.76, 0.3), (0.8, 0.02)),
            closed=True,
        ),
        _curve((0.25, 0.4), (0.36, 0.2), (0.5, 0.12), (0.64, 0.2), (0.75, 0.4)),
        _oval(0.5, 0.58, 0.035, 0.045),
        _curve((0.18, 0.76), (0.36, 0.9), (0.5, 0.97), (0.64, 0.9), (0.82, 0.76)),
    ),
)
_TORSO = Icon("torso", (*_mirrored(_TRUNK), _oval(0.5, 0.66, 0.02, 0.03), _curve((0.3, 0.38), (0.5, 0.46), (0.7, 0.38))))
_BACK = Icon(
    "back",
    (
        *_mirrored((*_TRUNK, _curve((0.27, 0.27), (0.36, 0.4), (0.3, 0.48)))),
        *(_line((0.46, down), (0.54, down)) for down in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),
        _line((0.5, 0.14), (0.5, 0.8)),
    ),
)
_THYROID = Icon(
    "thyroid",
    (
        *_mirrored(
            (
                _curve((0.3, 0.02), (0.31, 0.35), (0.26, 0.62), (0.02, 0.78)),
                _curve((0.46, 0.58), (0.42, 0.36), (0.35, 0.3), (0.32, 0.5), (0.38, 0.74), (0.46, 0.72), closed=True),
                _curve((0.1, 0.9), (0.3, 0.83), (0.46, 0.96)),
            )
        ),
        _line((0.46, 0.6), (0.54, 0.6)),
        _line((0.46, 0.7), (0.54, 0.7)),
    ),
)
_NECK_SIDE = Icon(
    "neck-side",
    (
        _curve((0.3, 0.98), (0.34, 0.72), (0.24, 0.56), (0.12, 0.34), (0.22, 0.1), (0.5, 0.02), (0.76, 0.12)),
        _curve((0.76, 0.12), (0.82, 0.3), (0.92, 0.4), (0.83, 0.44), (0.85, 0.56), (0.74, 0.62), (0.62, 0.62), (0.66, 0.78), (0.84, 0.98)),
        _oval(0.46, 0.36, 0.05, 0.09),
        _curve((0.5, 0.96), (0.5, 0.76), (0.42, 0.6)),
        _curve((0.5, 0.76), (0.56, 0.62)),
    ),
)
_CAROTID = Icon(
    "carotid",
    (
        _curve((0.38, 0.98), (0.38, 0.62), (0.22, 0.42), (0.16, 0.02)),
        _curve((0.62, 0.98), (0.62, 0.62), (0.78, 0.42), (0.84, 0.02)),
        _curve((0.38, 0.02), (0.42, 0.34), (0.5, 0.46), (0.58, 0.34), (0.62, 0.02)),
    ),
)
_HEAD_TOP = Icon(
    "neonatal-head",
    (
        _oval(0.5, 0.5, 0.36, 0.47),
        _line((0.5, 0.03), (0.5, 0.32)),
        _line((0.5, 0.5), (0.5, 0.97)),
        _line((0.5, 0.3), (0.58, 0.4), (0.5, 0.52), (0.42, 0.4), (0.5, 0.3)),
        *_mirrored((_oval(0.12, 0.52, 0.04, 0.09),)),
    ),
)
_ARM = Icon(
    "arm",
    (
        _curve((0.1, 0.02), (0.16, 0.3), (0.24, 0.52), (0.46, 0.7), (0.66, 0.86), (0.74, 0.97)),
        _curve((0.42, 0.02), (0.42, 0.28), (0.52, 0.48), (0.72, 0.64), (0.86, 0.74)),
        _curve((0.74, 0.97), (0.88, 0.98), (0.99, 0.9)),
        _curve((0.86, 0.74), (0.97, 0.72), (0.99, 0.9)),
        _curve((0.24, 0.5), (0.36, 0.46), (0.48, 0.46)),
    ),
)
_LEGS = Icon(
    "legs",
    (
        *_mirrored(
            (
                _curve((0.2, 0.02), (0.16, 0.24), (0.22, 0.5), (0.19, 0.68), (0.26, 0.88), (0.14, 0.97), (0.36, 0.97)),
                _curve((0.36, 0.97), (0.36, 0.86), (0.41, 0.66), (0.38, 0.5), (0.47, 0.2), (0.5, 0.14)),
            )
        ),
        _line((0.2, 0.02), (0.8, 0.02)),
    ),
)
_KNEE = Icon(
    "knee",
    (
        _curve((0.2, 0.02), (0.24, 0.26), (0.2, 0.44), (0.27, 0.66), (0.25, 0.98)),
        _curve((0.8, 0.02), (0.74, 0.26), (0.8, 0.46), (0.72, 0.66), (0.7, 0.98)),
        _oval(0.5, 0.42, 0.14, 0.13),
        _curve((0.3, 0.62), (0.5, 0.56), (0.7, 0.62)),
    ),
)
_HEART = Icon(
    "heart",
    (
        _curve((0.36, 0.28), (0.16, 0.36), (0.12, 0.62), (0.34, 0.84), (0.66, 0.97), (0.88, 0.76), (0.84, 0.44), (0.6, 0.28), closed=True),
        _curve((0.52, 0.34), (0.5, 0.58), (0.68, 0.92)),
        _curve((0.3, 0.3), (0.3, 0.12), (0.46, 0.02), (0.64, 0.06), (0.72, 0.18), (0.72, 0.34)),
        _curve((0.44, 0.27), (0.44, 0.17), (0.52, 0.13), (0.58, 0.18), (0.6, 0.28)),
        _line((0.4, 0.05), (0.38, 0.0)),
        _line((0.52, 0.03), (0.53, 0.0)),
    ),
)
_FETUS = Icon(
    "fetus",
    (
        _oval(0.66, 0.24, 0.22, 0.2),
        _curve((0.5, 0.36), (0.24, 0.46), (0.12, 0.68), (0.26, 0.9), (0.52, 0.9)),
        _curve((0.68, 0.44), (0.6, 0.58), (0.7, 0.7), (0.54, 0.9)),
        _curve((0.6, 0.56), (0.8, 0.58), (0.86, 0.46)),
        _curve((0.52, 0.9), (0.84, 0.74), (0.74, 0.94), (0.94, 0.96)),
    ),
    turns=True,
)
_UTERUS = Icon(
    "uterus",
    (
        _curve((0.3, 0.28), (0.5, 0.18), (0.7, 0.28), (0.62, 0.56), (0.58, 0.92), (0.42, 0.92), (0.38, 0.56), closed=True),
        *_mirrored((_curve((0.3, 0.28), (0.14, 0.16), (0.04, 0.32)), _oval(0.12, 0.5, 0.1, 0.08, -20))),
        _curve((0.4, 0.34), (0.5, 0.52), (0.6, 0.34)),
    ),
)
_KIDNEY = Icon(
    "kidney",
    (
        _curve((0.44, 0.04), (0.18, 0.16), (0.1, 0.5), (0.2, 0.84), (0.46, 0.96), (0.66, 0.82), (0.54, 0.5), (0.66, 0.16), closed=True),
        _curve((0.56, 0.42), (0.38, 0.5), (0.56, 0.58)),
        _line((0.5, 0.5), (0.95, 0.52)),
    ),
)
_TESTES = Icon(
    "testes",
    (
        _curve((0.36, 0.02), (0.14, 0.34), (0.12, 0.74), (0.5, 0.97), (0.88, 0.74), (0.86, 0.34), (0.64, 0.02)),
        *_mirrored((_oval(0.32, 0.62, 0.14, 0.2, 10),)),
        _line((0.5, 0.3), (0.5, 0.95)),
    ),
)
_HAND = Icon(
    "hand",
    (
        _curve((0.32, 0.98), (0.28, 0.76), (0.06, 0.56), (0.06, 0.46), (0.3, 0.58), (0.28, 0.2), (0.34, 0.12), (0.41, 0.2), (0.42, 0.48)),
        _curve((0.42, 0.48), (0.44, 0.06), (0.5, 0.02), (0.55, 0.08), (0.56, 0.48)),
        _curve((0.56, 0.48), (0.6, 0.12), (0.66, 0.08), (0.7, 0.16), (0.69, 0.52)),
        _curve((0.69, 0.52), (0.77, 0.28), (0.83, 0.26), (0.85, 0.34), (0.8, 0.66), (0.7, 0.82), (0.68, 0.98)),
    ),
)

ICONS: tuple[Icon, ...] = (
    *(_BREAST_CLOCK, _BREASTS, _BREAST_SIDE, _ABDOMEN, _TORSO, _BACK, _THYROID, _NECK_SIDE, _CAROTID, _HEAD_TOP),
    *(_ARM, _LEGS, _KNEE, _HEART, _FETUS, _UTERUS, _KIDNEY, _TESTES, _HAND),
)

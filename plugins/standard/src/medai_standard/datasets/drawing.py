"""A picture as an ultrasound scanner gives it: layered tissue under speckle, with lesions of two kinds.

It is a picture for testing and for showing how a method behaves; nothing clinical can be learnt from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import expit

Floats = np.ndarray[Any, np.dtype[np.float32]]
Labels = np.ndarray[Any, np.dtype[np.int64]]

WIDTH = 40.0
"""Millimetres across a picture."""
BENIGN, MALIGNANT = 0, 1
CLASSES = ("benign", "malignant")
_RANGE = 55.0
"""Decibels from black to white."""


@dataclass(frozen=True)
class Lesion:
    """A lesion, in pixels; `waves` (amplitude, phase) bend its outline, from two bends upward."""

    row: float
    column: float
    height: float
    width: float
    tilt: float
    kind: int
    waves: tuple[tuple[float, float], ...]

    def reach(self, size: int) -> Floats:
        """(size, size): distance from the centre in units of the outline's; below 1 inside."""
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        down, right = rows - self.row, columns - self.column
        along = (right * math.cos(self.tilt) + down * math.sin(self.tilt)) / (self.width / 2)
        across = (down * math.cos(self.tilt) - right * math.sin(self.tilt)) / (self.height / 2)
        angle = np.arctan2(across, along)
        edge = 1 + sum(size_ * np.cos((number + 2) * angle + phase) for number, (size_, phase) in enumerate(self.waves))
        return np.asarray(np.hypot(along, across) / edge, dtype=np.float32)

    @property
    def diameter(self) -> float:
        """The longer axis in pixels."""
        return max(self.height, self.width)


@dataclass(frozen=True)
class Scene:
    """A picture with its answers.

    Attributes:
        speckled: (size, size) in 0..1, as the scanner shows it.
        clean: (size, size) in 0..1, the tissue's echo without speckle.
        labels: int64 (size, size), 0 background, 1 lesion.
        boxes: (N, 4) x0 y0 x1 y1 around the lesions, in pixels.
        kinds: int64 (N,), `BENIGN` or `MALIGNANT`.
        area: of all lesions together, in square centimetres.
    """

    speckled: Floats
    clean: Floats
    labels: Labels
    boxes: Floats
    kinds: Labels
    area: float


def draw(kind: int, count: int, size: int, rng: np.random.Generator) -> Scene:
    """A picture of `size` x `size` with up to `count` lesions of one kind, at least one; the same for the same generator."""
    echo = _tissue(size, rng)
    labels, boxes, drawn = np.zeros((size, size), np.int64), [], []  # type: Labels, list[list[int]], list[Lesion]
    for lesion in _lesions(kind, count, size, rng):
        reach = lesion.reach(size)
        inside = reach < 1
        echo += _change(lesion, reach, size, rng)
        labels[inside] = 1
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
        drawn.append(lesion)
    echo = gaussian_filter(echo, size / 200)
    return Scene(
        speckled=_shown(echo + _speckle(size, rng)),
        clean=_shown(echo),
        labels=labels,
        boxes=np.array(boxes, np.float32),
        kinds=np.array([lesion.kind for lesion in drawn], np.int64),
        area=float(labels.sum()) * (WIDTH / size / 10) ** 2,
    )


def _tissue(size: int, rng: np.random.Generator) -> Floats:
    """Echo in decibels: skin, fat with bright strands, glandular tissue, muscle, and the loss of depth."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
    level = np.full((size, size), -22.0, np.float32)
    for depth, value in ((0.05, -6.0), (rng.uniform(0.18, 0.28), -27.0), (rng.uniform(0.65, 0.78), -19.0), (2.0, -30.0)):
        bend = 0.02 * np.sin(2 * math.pi * (columns * rng.uniform(0.5, 1.5) + rng.uniform()))
        level = np.where((rows < depth + bend) & (level == -22.0), np.float32(value), level)
    cloud = gaussian_filter(rng.standard_normal((size, size)), (size / 40, size / 12))
    strands = gaussian_filter(rng.standard_normal((size, size)), (size / 130, size / 9))
    level = level + 3.5 * cloud / cloud.std() + 7 * np.maximum(0, strands / strands.std() - 1.2)
    return np.asarray(level - 5 * rows, dtype=np.float32)


def _lesions(kind: int, count: int, size: int, rng: np.random.Generator) -> list[Lesion]:
    found: list[Lesion] = []
    for _ in range(count * 8):
        lesion = _lesion(kind, size, rng)
        apart = [math.hypot(lesion.row - other.row, lesion.column - other.column) for other in found]
        if all(far > 0.75 * (lesion.diameter + other.diameter) for far, other in zip(apart, found, strict=True)):
            found.append(lesion)
        if len(found) == count:
            break
    return found


def _lesion(kind: int, size: int, rng: np.random.Generator) -> Lesion:
    long = size * rng.uniform(0.18, 0.36)
    short = long * rng.uniform(0.6, 0.85)
    margin = 0.65 * long
    row, column = rng.uniform(max(margin, 0.25 * size), 0.8 * size), rng.uniform(margin, size - margin)
    if kind == BENIGN:  # wider than tall, smooth
        waves = tuple((rng.uniform(0, 0.05), rng.uniform(0, 2 * math.pi)) for _ in range(2))
        return Lesion(row, column, short, long, rng.uniform(-0.25, 0.25), kind, waves)
    waves = (*((rng.uniform(0.02, 0.07), rng.uniform(0, 2 * math.pi)) for _ in range(5)), *_spicules(rng))
    return Lesion(row, column, long, short, rng.uniform(-0.4, 0.4), kind, waves)


def _spicules(rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    return tuple((rng.uniform(0.04, 0.10) if number in (2, 5) else 0.0, rng.uniform(0, 2 * math.pi)) for number in range(7))


def _change(lesion: Lesion, reach: Floats, size: int, rng: np.random.Generator) -> Floats:
    """What a lesion adds to the echo, in decibels: itself, its rim, and what lies behind it."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    behind = (rows > lesion.row) & (reach >= 1)
    beam = np.exp(-((2.2 * (columns - lesion.column) / lesion.width) ** 2)) * behind
    if lesion.kind == BENIGN:
        inside, rim, shade = rng.uniform(-17, -11), 7.0, 7.0
    else:
        inside, rim, shade = rng.uniform(-20, -14), 2.0, -12.0
    edge = np.exp(-(((reach - 1.06) / 0.07) ** 2))
    return np.asarray(inside * expit((1 - reach) * 25) + rim * edge + shade * beam, dtype=np.float32)


def _speckle(size: int, rng: np.random.Generator) -> Floats:
    """Decibels of a fully developed speckle: many scatterers under a pulse that is short along the beam and wide across it."""
    field = rng.standard_normal((2, size, size))
    blurred = np.stack([gaussian_filter(part, (0.7, 1.3)) for part in field])
    power = (blurred**2).sum(0)
    return np.asarray(10 * np.log10(power / power.mean() + 1e-3), dtype=np.float32)


def _shown(echo: Floats) -> Floats:
    return np.asarray(np.clip(1 + (echo - 3) / _RANGE, 0, 1), dtype=np.float32)

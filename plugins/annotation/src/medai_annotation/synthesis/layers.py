"""What is drawn over an image, apart from the image: how far each pixel is covered, and by which colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Colour = tuple[float, float, float]
"""Red, green and blue in 0..1."""


@dataclass(frozen=True)
class Layer:
    """A part of an annotation in one colour, or with a picture of its own.

    Attributes:
        coverage: (h, w) in 0..1: 0 leaves the image as it is, 1 hides it.
        row, column: where its upper left pixel lies in the image.
        colour: (3, 1, 1), or (3, h, w).
    """

    coverage: Floats
    row: int
    column: int
    colour: Floats


class Generator(Protocol):
    """Draws annotations of one kind."""

    def draw(self, pixels: Floats, rng: np.random.Generator) -> list[Layer]:
        """Layers of one annotation for an image (3, H, W) in 0..1, all of them inside it, from the lowest to the uppermost."""
        ...


def paint(colour: Colour) -> Floats:
    """A colour as layers have it."""
    return np.array(colour, dtype=np.float32).reshape(3, 1, 1)


def laid(pixels: Floats, layers: Sequence[Layer]) -> Floats:
    """The image (3, H, W) with layers on it, in memory of its own; where nothing covers, pixels are the same to the bit."""
    result = pixels.copy()
    for layer in layers:
        height, width = layer.coverage.shape
        part = result[:, layer.row : layer.row + height, layer.column : layer.column + width]
        part += layer.coverage * (layer.colour - part)
    return result


def covered(shape: tuple[int, int], layers: Sequence[Layer]) -> Bools:
    """(H, W): where anything covers the image, however little."""
    result = np.zeros(shape, dtype=bool)
    for layer in layers:
        height, width = layer.coverage.shape
        result[layer.row : layer.row + height, layer.column : layer.column + width] |= layer.coverage > 0
    return result


def box_of(mask: Bools) -> tuple[int, int, int, int] | None:
    """x0, y0, x1, y1 around what is true, x1 and y1 exclusive; None where nothing is."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1

"""Outlines: closed rings of points, their text files, and the masks that they enclose.

A point is x y in pixels, the centre of the first pixel being 0 0. A file holds a point per line and an empty line between rings; what an
odd number of rings enclose is inside. An empty file is an outline of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from contourpy import contour_generator
from matplotlib.path import Path as Polygon
from medai.errors import DataError
from medai.io import read_text, write_text
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""(N, 2): the points in order, x y."""


def read_outline(path: Path) -> list[Ring]:
    """The rings of a file.

    Raises:
        DataError: it cannot be read, a line is not two numbers, or a ring has fewer than three points.
    """
    rings: list[list[list[float]]] = [[]]
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            rings.append([])
            continue
        try:
            x, y = map(float, line.split())
        except ValueError:
            raise DataError(f"line {number} is not two numbers: {line[:40]!r}", path) from None
        rings[-1].append([x, y])
    found = [np.array(ring) for ring in rings if ring]
    for ring in found:
        if len(ring) < 3 or not np.isfinite(ring).all():
            raise DataError("a ring has three points or more, all of them finite", path)
    return found


def write_outline(path: Path, rings: Sequence[Ring]) -> Path:
    """Write rings; the file."""
    texts = ["\n".join(f"{x:.3f} {y:.3f}" for x, y in ring) for ring in rings]
    write_text(path, "\n\n".join(texts) + "\n" if texts else "")
    return path


def filled(rings: Sequence[Ring], shape: tuple[int, int]) -> torch.Tensor:
    """int64 (H, W): 1 where the centre of a pixel lies inside, else 0."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1)
    inside = np.zeros(len(centres), dtype=bool)
    for ring in rings:
        inside ^= Polygon(ring).contains_points(centres)
    return torch.from_numpy(inside.reshape(shape).astype(np.int64))


def traced(labels: torch.Tensor) -> list[Ring]:
    """The rings around what is not 0 in (H, W), between the centres of pixels: `filled` gives the same mask again."""
    # A frame of background closes rings at the picture's border.
    framed = np.pad((labels > 0).numpy().astype(np.float64), 1)
    # The points lie a little nearer to the inside, so that rings touch neither a centre nor one another.
    return [np.asarray(line) - 1 for line in contour_generator(z=framed).lines(0.6)]

"""The axial planes of a volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError
from medai.io import image_header
from medai.tasks import Image, Origin

Affine = np.ndarray[Any, np.dtype[np.float64]]


def planes(path: Path) -> tuple[int | None, int]:
    """The axis (of D, H, W) that runs across the axial planes, and how many there are; from the header alone.

    No axis for a plane, and for a file whose header cannot be read, which then fails when it is read, as one case.
    """
    try:
        header = image_header(path)
    except DataError:
        return None, 1
    shape, affine = header.shape[1:], header.origin.affine
    if len(shape) != 3 or 1 in shape:
        return None, 1
    axis = 0 if affine is None else _across(affine[:3, :3])
    return axis, shape[axis]


def plane(volume: Image, axis: int, index: int) -> Image:
    """One plane (1, H, W) of a volume (1, D, H, W), with its own place and spacing."""
    origin = volume.origin or Origin()
    kept = [number for number in range(3) if number != axis]
    affine = None
    if origin.affine is not None:
        affine = origin.affine[:, [*kept, axis, 3]].copy()
        affine[:3, 3] += origin.affine[:3, axis] * index
    spacing = tuple(origin.spacing[number] for number in kept) if len(origin.spacing) == 3 else ()
    pixels = volume.pixels.select(axis + 1, index).clone()
    return Image(pixels, volume.unit, Origin(origin.files, affine, spacing))


def _across(directions: Affine) -> int:
    """The axis that runs most from feet to head."""
    return int(np.argmax(np.abs(directions[2]) / np.linalg.norm(directions, axis=0)))

"""Where the grid of a volume file lies in the patient.

Volume files keep the fastest axis first (columns, rows, slices); here the slowest is first. So reading reverses the axes, and the
affine's columns with them, and writing reverses them back: nothing is resampled or flipped, and what is written lies on the grid that
was read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from medai.errors import DataError

Affine = np.ndarray[Any, np.dtype[np.float64]]

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From DICOM's and ITK's patient axes (left, posterior, superior) to those of `Origin`, and back."""


def plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without the axes of length 1 that stand behind the second."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def require_axes(shape: tuple[int, ...], path: Path) -> None:
    """Refuse what is neither a plane nor a volume.

    Raises:
        DataError: the array has another number of axes.
    """
    if len(shape) not in (2, 3):
        more = "; of a series of volumes, give one" if len(shape) > 3 else ""
        raise DataError(f"an image has 2 or 3 axes, this one has {len(shape)}: {' x '.join(map(str, shape))}{more}", path)


def reversed_axes(affine: Affine, axes: int) -> Affine:
    """The affine for indices in reverse order; of a plane, the column of the normal stays last."""
    return affine[:, [*range(axes)[::-1], *range(axes, 4)]]


def spacing_of(affine: Affine, axes: int) -> tuple[float, ...]:
    """Millimetres along each spatial axis."""
    return tuple(float(step) for step in np.linalg.norm(affine[:3, :axes], axis=0))


def affine_of(directions: Affine, corner: Affine, path: Path) -> Affine:
    """(4, 4) from the steps of the axes (3, n) and the place of the first voxel (3,), in the same patient axes.

    Of a plane, or where the third step is zero, the third column is the unit normal.

    Raises:
        DataError: not finite, or axes that do not span the plane or the space.
    """
    result = np.eye(4)
    result[:3, : directions.shape[1]] = directions
    result[:3, 3] = corner
    if not np.isfinite(result).all():
        raise DataError("its place in the patient is not finite", path)
    if directions.shape[1] == 2 or not result[:3, 2].any():
        normal = np.cross(result[:3, 0], result[:3, 1])
        result[:3, 2] = normal / (np.linalg.norm(normal) or 1.0)
    lengths = np.linalg.norm(result[:3, :3], axis=0)
    if not lengths.all() or not np.isfinite(lengths).all() or abs(np.linalg.det(result[:3, :3] / lengths)) < 1e-6:
        raise DataError("its axes do not span the space: its affine is singular", path)
    return result


def millimetres(steps: Affine, path: Path) -> tuple[float, ...]:
    """Steps along axes that have no place in the patient, as spacing; none of them may be zero.

    Raises:
        DataError: a step is zero or not finite.
    """
    if not np.isfinite(steps).all() or not np.all(steps):
        raise DataError("its spacing is zero or not finite", path)
    return tuple(float(abs(step)) for step in steps)

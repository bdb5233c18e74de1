"""Where a DICOM plane lies in the patient (DICOM PS3.3, C.7.6.2.1.1), in the convention of `Origin`."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset

Vector = np.ndarray[Any, np.dtype[np.float64]]


def numbers(header: Dataset, keyword: str, count: int) -> Vector | None:
    """The finite numbers of an element, or None where it is absent, empty or of another length."""
    value = header.get(keyword)
    if value is None or isinstance(value, str):
        return None
    values = np.atleast_1d(np.array(value, dtype=np.float64))
    return values if values.shape == (count,) and np.isfinite(values).all() else None


def axes(header: Dataset) -> tuple[Vector, Vector, Vector] | None:
    """Unit vectors in DICOM's patient axes (LPS): along a growing row index, along a growing column index, and the plane's normal."""
    cosines = numbers(header, "ImageOrientationPatient", 6)
    if cosines is None:
        return None
    # The first triple runs along a row, so it is the direction of the column index.
    along_columns, along_rows = cosines[:3], cosines[3:]
    normal = np.cross(along_columns, along_rows)
    if not np.isclose(np.linalg.norm(normal), 1, atol=1e-2):
        return None
    return along_rows, along_columns, normal / np.linalg.norm(normal)


def position(header: Dataset) -> float | None:
    """Millimetres along the plane's normal."""
    corner, directions = numbers(header, "ImagePositionPatient", 3), axes(header)
    return None if corner is None or directions is None else float(corner @ directions[2])


def spacing(header: Dataset) -> tuple[float, ...]:
    """Millimetres between rows and between columns; empty where they are not given."""
    steps = numbers(header, "PixelSpacing", 2)
    return () if steps is None or steps.min() <= 0 else (float(steps[0]), float(steps[1]))


def affine(header: Dataset) -> Vector | None:
    """(4, 4): indices (row, column, slice) to patient millimetres, RAS+."""
    corner, directions, steps = numbers(header, "ImagePositionPatient", 3), axes(header), spacing(header)
    if corner is None or directions is None or not steps:
        return None
    result = np.eye(4)
    for column, (direction, step) in enumerate(zip(directions, (*steps, _between_slices(header)), strict=True)):
        result[:3, column] = direction * step
    result[:3, 3] = corner
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ result


def _between_slices(header: Dataset) -> float:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        step = numbers(header, keyword, 1)
        if step is not None and step[0] > 0:
            return float(step[0])
    return 1.0

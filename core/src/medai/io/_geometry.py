"""Where DICOM planes lie in the patient (DICOM PS3.3, C.7.6.2.1.1), in the convention of `Origin`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag, Tag

Vector = np.ndarray[Any, np.dtype[np.float64]]

EVEN = 0.05
"""How far a plane of an evenly spaced series may lie from its place, as a part of the step."""

# DICOM's patient axes are LPS, those of `Origin` RAS.
_FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])
# A keyword is looked up once, not once per file.
_tag: Callable[[str], BaseTag] = functools.cache(Tag)
_REPEATED = 1e-3  # mm: planes nearer than this are at one position


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane in DICOM's patient axes, as far as its header says.

    Attributes:
        corner: (3,) mm, the centre of the first pixel; None where it is not given.
        axes: (3, 3), in its columns unit vectors along the normal, along growing row indices and along growing column indices; None
            where the orientation is not given.
        spacing: mm between rows and between columns; empty where they are not given.
        thickness: mm to the next plane as the header claims it; 0 where it does not.
    """

    corner: Vector | None
    axes: Vector | None
    spacing: tuple[float, ...]
    thickness: float

    @classmethod
    def of(cls, header: Dataset) -> Plane:
        """The plane of a header, or of the functional groups of a frame.

        Raises:
            ValueError: it lies in the patient, and its spacing there is given and is none.
        """
        corner, cosines, steps = numbers(header, "ImagePositionPatient", 3), numbers(header, "ImageOrientationPatient", 6), spacing(header)
        # Elsewhere, as in ultrasound, a spacing of 0 says that it is not known.
        if not steps and (corner is not None or cosines is not None) and _has_value(written(header, "PixelSpacing")):
            raise ValueError("its PixelSpacing is not two positive numbers")
        return cls(corner, _axes(cosines), steps, _thickness(header))

    @property
    def position(self) -> float | None:
        """Millimetres along the normal."""
        return None if self.corner is None or self.axes is None else float(self.corner @ self.axes[:, 0])

    @property
    def affine(self) -> Vector | None:
        """(4, 4): indices (row, column, step to a neighbouring plane) to patient millimetres, RAS+."""
        if self.corner is None or self.axes is None or not self.spacing:
            return None
        return _affine(self.axes[:, [1, 2, 0]] * [*self.spacing, self.thickness or 1.0], self.corner)


@dataclass(frozen=True, eq=False)
class Layout:
    """How the planes of a volume lie, in order of position.

    Attributes:
        affine: (4, 4), indices (slice, row, column) to patient millimetres, RAS+; sheared where the gantry was tilted.
        spacing: mm along the three axes.
        tilt: degrees between the direction in which planes are stacked and their normal.
        even: whether every plane lies where the affine says, within `EVEN` of a step.
        missing: planes that are not there, by steps of a multiple of the usual one.
        repeated: planes at the position of the one before.
    """

    affine: Vector
    spacing: tuple[float, ...]
    tilt: float = 0.0
    even: bool = True
    missing: int = 0
    repeated: int = 0

    @property
    def fault(self) -> str:
        """Why the planes are not a volume; empty when they are."""
        if self.repeated:
            return f"{self.repeated} of its planes lie where another lies already"
        if self.missing:
            return f"{self.missing} of its planes are missing"
        return "" if self.even else "its planes are unevenly spaced"


def layout(planes: Sequence[Plane]) -> Layout | None:
    """How parallel planes, sorted by position, lie; None where a header does not say."""
    first = planes[0]
    if first.axes is None or not first.spacing or any(plane.position is None for plane in planes):
        return None
    corners = np.array([plane.corner for plane in planes])
    if len(planes) == 1:
        step = first.axes[:, 0] * (first.thickness or 1.0)
        return Layout(_stacked(first, step), (first.thickness or 1.0, *first.spacing))
    step = (corners[-1] - corners[0]) / (len(planes) - 1)
    steps = np.diff(corners @ first.axes[:, 0])
    apart = steps[steps > _REPEATED]
    usual = float(np.median(apart)) if apart.size else 1.0
    away = np.linalg.norm(corners - corners[0] - np.arange(len(planes))[:, None] * step, axis=1)
    along = float(step @ first.axes[:, 0])
    return Layout(
        affine=_stacked(first, step),
        spacing=(float(np.linalg.norm(step)), *first.spacing),
        tilt=round(math.degrees(math.atan2(float(np.linalg.norm(step - along * first.axes[:, 0])), along)), 4),
        even=bool(away.max() <= EVEN * usual),
        missing=int((np.maximum(np.rint(apart / usual), 1) - 1).sum()),
        repeated=len(steps) - len(apart),
    )


def numbers(header: Dataset, keyword: str, count: int) -> Vector | None:
    """The finite numbers of an element, or None where it is absent, empty, no numbers or of another length."""
    element = written(header, keyword)
    if element is None:
        return None
    try:
        if isinstance(element, RawDataElement) and element.VR in ("DS", "IS"):
            # Read here, because pydicom's own classes of numbers cost more than the rest of a listing.
            text = (element.value or b"").decode("ascii").rstrip("\0 ")
            values = np.array([float(part) for part in text.split("\\")], dtype=np.float64)
        else:
            value = header.get(keyword)
            if value is None or isinstance(value, str | bytes):
                return None
            values = np.atleast_1d(np.array(value, dtype=np.float64))
    except (ValueError, TypeError, OverflowError):
        return None
    return values if values.shape == (count,) and np.isfinite(values).all() else None


def written(header: Dataset, keyword: str) -> DataElement | RawDataElement | None:
    """An element, not decoded where it is not yet; None where it is absent."""
    tag = _tag(keyword)
    return header.get_item(tag) if tag in header else None


def _has_value(element: DataElement | RawDataElement | None) -> bool:
    value = None if element is None else element.value
    return bool(value.strip(b"\0 ") if isinstance(value, bytes) else value)


def number(header: Dataset, keyword: str) -> float | None:
    """The finite number of an element, or None."""
    values = numbers(header, keyword, 1)
    return None if values is None else float(values[0])


def spacing(header: Dataset, keyword: str = "PixelSpacing") -> tuple[float, ...]:
    """Millimetres between rows and between columns; empty where they are not given."""
    steps = numbers(header, keyword, 2)
    return () if steps is None or steps.min() <= 0 else (float(steps[0]), float(steps[1]))


def _axes(cosines: Vector | None) -> Vector | None:
    if cosines is None:
        return None
    # The first triple runs along a row, so it is the direction of the column index.
    (a, b, c), (d, e, f) = cosines[:3].tolist(), cosines[3:].tolist()
    normal = np.array([b * f - c * e, c * d - a * f, a * e - b * d])
    length = float(np.sqrt(normal @ normal))
    if not 0.99 < length < 1.01:
        return None
    return np.stack([normal / length, cosines[3:], cosines[:3]], axis=1)


def _thickness(header: Dataset) -> float:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        step = number(header, keyword)
        if step is not None and step > 0:
            return step
    return 0.0


def _stacked(first: Plane, step: Vector) -> Vector:
    assert first.axes is not None
    assert first.corner is not None
    return _affine(np.column_stack([step, first.axes[:, 1] * first.spacing[0], first.axes[:, 2] * first.spacing[1]]), first.corner)


def _affine(columns: Vector, corner: Vector) -> Vector:
    result = np.eye(4)
    result[:3, :3], result[:3, 3] = columns, corner
    # + 0.0, so that no axis reads -0.0.
    return _FLIP @ result + 0.0

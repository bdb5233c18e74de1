"""Physical values as the whole numbers that a DICOM image stores, with the rescale that leads back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.valuerep import format_number_as_ds

from medai.io import _geometry

Array = np.ndarray[Any, Any]

_STEPS = 1000
"""Least number of steps over the range of values that the source's own rescale must offer to be kept; CT keeps it always."""


@dataclass(frozen=True)
class Storage:
    """How values are stored: `value = stored * slope + intercept`.

    Attributes:
        slope, intercept: of the rescale, as its text says them.
        dtype: of the stored numbers.
        bits: how many of them count.
        unit: of the values.
    """

    slope: float
    intercept: float
    dtype: np.dtype[Any]
    bits: int
    unit: str

    @classmethod
    def of(cls, header: Dataset, planes: Iterable[Array], unit: str, *, colour: bool) -> Storage:
        """The storage that keeps the values of a series: HU and other units with one rescale for all planes, `0..1` in as many bits as
        the source has, colours in 8."""
        if unit == "0..1" or colour:
            bits = 8 if colour else min(16, int(header.get("BitsStored") or 8))
            return cls(1 / (2**bits - 1), 0.0, np.dtype(np.uint8 if bits <= 8 else np.uint16), max(bits, 8), "0..1")
        lows, highs = zip(*((float(values.min()), float(values.max())) for values in planes), strict=True)
        low, high = min(lows), max(highs)
        slope, intercept = _rescale(header)
        fine = unit == "HU" or (high - low) / slope >= _STEPS
        for dtype in (np.int16, np.uint16):
            limits = np.iinfo(dtype)
            if fine and round((low - intercept) / slope) >= limits.min and round((high - intercept) / slope) <= limits.max:
                return cls(slope, intercept, np.dtype(dtype), 16, unit)
        step = _written((high - low) / (2**16 - 1)) if high > low else 1.0
        return cls(step, _written(low), np.dtype(np.uint16), 16, unit)

    def stored(self, values: Array) -> Array:
        """The nearest stored numbers."""
        limits = np.iinfo(self.dtype)
        top = min(limits.max, 2**self.bits - 1)
        steps = np.rint((values.astype(np.float64) - self.intercept) / self.slope)
        return np.clip(steps, limits.min, top).astype(self.dtype)


def _rescale(header: Dataset) -> tuple[float, float]:
    slope, intercept = (_geometry.numbers(header, keyword, 1) for keyword in ("RescaleSlope", "RescaleIntercept"))
    if slope is None or intercept is None or slope[0] <= 0:
        return 1.0, 0.0
    return float(slope[0]), float(intercept[0])


def _written(value: float) -> float:
    """The number that its text in DICOM, of at most 16 letters, stands for."""
    return float(format_number_as_ds(value))

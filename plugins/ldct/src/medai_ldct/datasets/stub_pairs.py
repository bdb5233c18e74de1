"""Drawn slices at two doses, to be written in the layouts of published data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from medai_ldct.datasets.phantom import Phantom
from medai_ldct.datasets.stub import write_slice

_SIZE = 64
_NOISE = 25.0
"""Standard deviation, in HU, of what a quarter of the dose adds; another dose adds as one over its root."""


@dataclass(frozen=True)
class Drawn:
    """One slice of a phantom.

    Attributes:
        patient: whose it is.
        place: number of the slice, from 0, from feet to head.
        hu: (rows, columns), as at full dose.
        white: noise of deviation 1 of the same shape.
        spacing: millimetres between pixels.
    """

    patient: str
    place: int
    hu: np.ndarray[Any, Any]
    white: np.ndarray[Any, Any]
    spacing: float

    @classmethod
    def several(cls, n: int, seed: int, patients: Sequence[str]) -> Iterator[Drawn]:
        """`n` slices, shared out to two patients or more of those named, to one if `n` is one or one is named."""
        names = patients[: min(max(2, n // 4), n)]
        phantom = Phantom(subjects=len(names), slices=-(-n // len(names)), size=_SIZE, seed=seed)
        cases = sorted(phantom.cases(), key=lambda case: case.id.rpartition("-")[2])[:n]
        rng = np.random.default_rng(seed)
        for number, case in enumerate(cases):
            sample = phantom.read(case, rng)
            assert sample.origin is not None
            white = rng.standard_normal((_SIZE, _SIZE))
            place = number // len(names)
            yield cls(names[number % len(names)], place, sample.inputs.pixels[0].numpy(), white, sample.origin.spacing[0])

    def at(self, dose: float) -> np.ndarray[Any, Any]:
        """Its values at a fraction of the dose; stub data need noise, not the noise of a scanner."""
        return np.asarray(self.hu + self.white * (0.0 if dose == 1 else _NOISE * (0.25 / dose) ** 0.5))

    def write(self, path: Path, *, dose: float, series: str, thickness: float, **elements: object) -> None:
        """The slice at a fraction of the dose as a CT file, as `write_slice`."""
        write_slice(path, self.at(dose), self.spacing, self.patient, self.place, series=series, thickness=thickness, **elements)

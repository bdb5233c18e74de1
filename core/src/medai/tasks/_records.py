"""The records that flow through medai: cases, samples and batches, and where an image comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

I = TypeVar("I")  # noqa: E741  inputs
R = TypeVar("R")  # reference


@dataclass(frozen=True)
class Case:
    """One case, without its pixels.

    Attributes:
        id: unique in its dataset; no patient's name, no path.
        group: what must stay together in a split: the patient, the RNA family.
        split: the part that the dataset publishes for it (`train`, `valid`, `test`), if it does.
        attributes: what a table may be broken down by (scanner, dose).
        whole: id of the case that this is a part of, where a view cuts cases up; what cannot be read is counted by it.
    """

    id: str
    group: str
    split: str | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    whole: str = ""


@dataclass(frozen=True)
class Calibration:
    """A rectangle of an ultrasound picture with a scale of its own (DICOM PS3.3, C.8.5.5).

    Attributes:
        box: x0, y0, x1, y1 in pixels, x1 and y1 exclusive.
        spacing: millimetres between rows and between columns; empty where the axes are not lengths (time, velocity).
        kind: what it shows, in DICOM's words (`2D (tissue or flow)`, `M-Mode`, `spectral`, `graphics`).
    """

    box: tuple[int, int, int, int]
    spacing: tuple[float, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Origin:
    """Where an image comes from and lies, so that an answer can be put back in place.

    Attributes:
        files: the files it was read from; of a series, one per plane in the order of the planes.
        affine: (4, 4) float64, voxel indices to patient millimetres, RAS+; indices in the order of the array's spatial axes. Of a
            plane, the third column is the step to a neighbouring plane.
        spacing: millimetres along each spatial axis of the array.
        tilt: degrees between the direction in which planes are stacked and their normal (a tilted gantry); 0 for most.
        attributes: what was kept of the header: a list of technical values (`medai.io.KEPT`), nothing that identifies a patient.
        calibrations: parts of an ultrasound picture with a scale of their own.
    """

    files: tuple[Path, ...] = ()
    affine: np.ndarray[Any, np.dtype[np.float64]] | None = None
    spacing: tuple[float, ...] = ()
    tilt: float = 0.0
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    calibrations: tuple[Calibration, ...] = ()

    @property
    def orientation(self) -> str:
        """Where each growing index leads, a letter per axis of the affine: `R`ight, `L`eft, `A`nterior, `P`osterior, `S`uperior,
        `I`nferior (`IPL` for an axial series from head to feet); empty without an affine."""
        if self.affine is None:
            return ""
        rotation = self.affine[:3, : max(2, len(self.spacing))]
        main = np.abs(rotation).argmax(axis=0)
        return "".join("RAS"[row] if rotation[row, column] > 0 else "LPI"[row] for column, row in enumerate(main))


@dataclass(frozen=True)
class Sample(Generic[I, R]):
    """One case read: what is given, and the reference answer where there is one.

    Attributes:
        case: the case.
        inputs: what is given, of an input type.
        reference: the answer that is right, of the task's reference type; None where nobody knows it.
        origin: by default that of the input; a view that replaces the input by computed pixels keeps the origin of the sample.
    """

    case: Case
    inputs: I
    reference: R | None = None
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if self.origin is None:
            object.__setattr__(self, "origin", getattr(self.inputs, "origin", None))


@dataclass(frozen=True)
class Batch(Generic[I, R]):
    """Several cases stacked.

    Attributes:
        cases: the cases, in order.
        inputs: what `stack` of the inputs' type makes of theirs.
        reference: what `stack` of the reference's type makes of theirs; None unless each has one.
    """

    cases: tuple[Case, ...]
    inputs: I
    reference: R | None = None

    @classmethod
    def of(cls, samples: Sequence[Sample[Any, Any]]) -> Batch[Any, Any]:
        """Stack samples; the batch has a reference when every sample has one."""
        references = [sample.reference for sample in samples]
        labelled = all(reference is not None for reference in references)
        return Batch(
            tuple(sample.case for sample in samples),
            type(samples[0].inputs).stack([sample.inputs for sample in samples]),
            type(references[0]).stack(references) if labelled else None,  # type: ignore[union-attr]
        )

    def to(self, device: torch.device | str) -> Batch[I, R]:
        """The batch with its tensors on `device`."""
        return Batch(self.cases, move(self.inputs, device), move(self.reference, device))


def move(value: Any, device: torch.device | str) -> Any:
    """`value` on `device`: tensors and whatever has `to`, inside lists and tuples; anything else as it is."""
    if isinstance(value, torch.Tensor):
        return value.to(device, non_blocking=True)
    if hasattr(value, "to"):
        return value.to(device)
    if isinstance(value, list | tuple):
        return type(value)(move(item, device) for item in value)
    return value

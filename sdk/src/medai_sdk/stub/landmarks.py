"""Images with one bright spot, and where it lies in them and in the answer: a view that moves one has to move the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from medai.tasks import Boxes, Case, Image, Mask, Sample
from medai_sdk.stub.scenes import Array, image

SIZE = (64, 96)
"""Rows and columns: not the same, so that a turn shows."""

_RADIUS = 4.0
_GROUND = 0.2


def landmarks(task: str, *, n: int = 4, seed: int = 0, unit: str = "0..1") -> Iterator[Sample[Any, Any]]:
    """`n` samples with a spot somewhere off the middle, for the tasks whose answer has a place; none for the others.

    Of restoration the answer is the image itself.
    """
    name = task.removeprefix("medai/")
    if name not in ("restoration", "segmentation", "detection"):
        return
    for place in range(n):
        rng = np.random.default_rng((seed, place))
        centre = np.array([rng.choice([0.3, 0.7]), rng.choice([0.3, 0.7])]) + rng.uniform(-0.08, 0.08, 2)
        row, column = (int(part * length) for part, length in zip(centre, SIZE, strict=True))
        rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
        distance = np.hypot(rows - row, columns - column)
        given = image(_GROUND + 0.7 * np.exp(-((distance / _RADIUS) ** 2)), 1, unit)
        yield Sample(Case(f"spot-{place}", f"patient-{place}"), given, _answer(name, given, distance < _RADIUS))


def place_of(value: Any) -> tuple[float, float] | None:
    """Row and column of the spot, in pixels from centre to centre: of an image, a mask or boxes; None where it is not in there."""
    match value:
        case Image():
            plane = value.pixels.mean(0)
            return _middle((plane - plane.median()).abs() > 0.5 * (plane - plane.median()).abs().max())
        case Mask():
            return _middle(value.labels > 0)
        case Boxes() if len(value):
            x0, y0, x1, y1 = value.boxes[0].tolist()
            return (y0 + y1) / 2 - 0.5, (x0 + x1) / 2 - 0.5
    return None


def at_border(given: Image, place: tuple[float, float]) -> bool:
    """Whether the spot may be cut off by the image's border, so that its middle is not where it was."""
    return any(min(along, length - 1 - along) < 2 * _RADIUS for along, length in zip(place, given.pixels.shape[-2:], strict=True))


def _answer(task: str, given: Image, inside: Array) -> Any:
    if task == "restoration":
        return given
    if task == "segmentation":
        return Mask(torch.from_numpy(inside.astype(np.int64)))
    rows, columns = np.nonzero(inside)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Boxes(torch.tensor([box], dtype=torch.float32), torch.zeros(1, dtype=torch.int64))


def _middle(inside: torch.Tensor) -> tuple[float, float] | None:
    found = inside.nonzero().float()
    if not len(found):
        return None
    row, column = found.mean(0).tolist()
    return row, column

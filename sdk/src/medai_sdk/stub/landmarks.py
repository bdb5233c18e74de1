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
_SMALL = (32, 48)
_SMALL_RADIUS = 1.5
"""A spot that is whole in a block of few pixels."""
_COMPACT = 0.25
"""Of the shorter side, how far from its middle a spot's pixels are at the most on average: those of noise are all over the image."""


def landmarks(task: str, *, n: int = 4, seed: int = 0, unit: str = "0..1", small: bool = False) -> Iterator[Sample[Any, Any]]:
    """`n` samples with a spot somewhere off the middle, for the tasks whose answer has a place; none for the others.

    Of restoration the answer is the image itself. `small` ones are smaller, image and spot, and the spot is anywhere in them.
    """
    name = task.removeprefix("medai/")
    if name not in ("restoration", "segmentation", "detection"):
        return
    for place in range(n):
        rng = np.random.default_rng((seed, place))
        size, radius = (_SMALL, _SMALL_RADIUS) if small else (SIZE, _RADIUS)
        off_middle = np.array([rng.choice([0.3, 0.7]), rng.choice([0.3, 0.7])]) + rng.uniform(-0.08, 0.08, 2)
        centre = rng.uniform(0.15, 0.85, 2) if small else off_middle
        row, column = (int(part * length) for part, length in zip(centre, size, strict=True))
        rows, columns = np.mgrid[: size[0], : size[1]]
        distance = np.hypot(rows - row, columns - column)
        given = image(_GROUND + 0.7 * np.exp(-((distance / radius) ** 2)), 1, unit)
        yield Sample(Case(f"spot-{place}", f"patient-{place}"), given, _answer(name, given, distance < radius))


def place_of(value: Any) -> tuple[float, float] | None:
    """Row and column of the spot, in pixels from centre to centre: of an image, a mask or boxes; None where it is not in there."""
    match value:
        case Image():
            plane = value.pixels.mean(0)
            inside = (plane - plane.median()).abs() > 0.5 * (plane - plane.median()).abs().max()
            return _middle(inside) if _is_compact(inside) else None
        case Mask():
            return _middle(value.labels > 0)
        case Boxes() if len(value):
            x0, y0, x1, y1 = value.boxes[0].tolist()
            return (y0 + y1) / 2 - 0.5, (x0 + x1) / 2 - 0.5
    return None


def at_border(given: Image, place: tuple[float, float], *, small: bool = False) -> bool:
    """Whether the spot may be cut off by the image's border, so that its middle is not where it was."""
    least = 2 * (_SMALL_RADIUS if small else _RADIUS)
    return any(min(along, length - 1 - along) < least for along, length in zip(place, given.pixels.shape[-2:], strict=True))


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


def _is_compact(inside: torch.Tensor) -> bool:
    found = inside.nonzero().float()
    return bool(len(found)) and float((found - found.mean(0)).norm(dim=1).mean()) < _COMPACT * min(inside.shape)

"""Input types: what is given. Each knows how to stack; a plugin may bring its own."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks._records import Origin

__all__ = ["Image", "Row", "Sequence"]


@dataclass(frozen=True)
class Image:
    """A picture or a volume in physical units: what every reader gives, every writer takes and every model of images works with.

    Attributes:
        pixels: float32 (C, H, W) or (C, D, H, W); stacked, with a batch axis in front.
        unit: `HU` for CT, `0..1` for other grey and colour images, else the unit's name.
        origin: the files it was read from and its place in the patient; None for what was computed, and for a stack.
    """

    pixels: torch.Tensor
    unit: str = ""
    origin: Origin | None = None

    @property
    def spacing(self) -> tuple[float, ...]:
        """Millimetres along each spatial axis of the pixels; empty where they are not known."""
        return () if self.origin is None else self.origin.spacing

    @property
    def affine(self) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """(4, 4), voxel indices to patient millimetres as `Origin.affine` says; None where it is not known."""
        return None if self.origin is None else self.origin.affine

    @classmethod
    def stack(cls, items: SequenceOf[Self]) -> Self:
        """Images of one shape and unit, with a batch axis in front.

        Raises:
            DataError: the shapes differ.
        """
        shapes = {tuple(item.pixels.shape) for item in items}
        if len(shapes) > 1:
            raise DataError(f"images of different shapes {sorted(shapes)} in one batch: add a view that makes them alike, or batch 1")
        return cls(torch.stack([item.pixels for item in items]), items[0].unit)

    def to(self, device: torch.device | str) -> Self:
        """The image on `device`."""
        return type(self)(self.pixels.to(device, non_blocking=True), self.unit, self.origin)


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        values: float32 (F,); missing values are NaN; stacked, (B, F).
        names: the columns.
    """

    values: torch.Tensor
    names: tuple[str, ...]

    @classmethod
    def stack(cls, items: SequenceOf[Self]) -> Self:
        """Rows with the same columns, with a batch axis in front.

        Raises:
            DataError: the columns differ.
        """
        for item in items:
            if item.names != items[0].names:
                raise DataError(f"rows with different columns: {sorted(set(item.names) ^ set(items[0].names))}")
        return cls(torch.stack([item.values for item in items]), items[0].names)

    def to(self, device: torch.device | str) -> Self:
        """The row on `device`."""
        return type(self)(self.values.to(device, non_blocking=True), self.names)


@dataclass(frozen=True)
class Sequence:
    """A sequence of letters, such as RNA; stacked, a list.

    Attributes:
        letters: as they were written.
    """

    letters: str

    @classmethod
    def stack(cls, items: SequenceOf[Self]) -> list[Self]:
        """Sequences differ in length, so they stay a list."""
        return list(items)

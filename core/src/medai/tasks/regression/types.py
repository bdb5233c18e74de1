"""Numbers: the reference and the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch

from medai.errors import DataError


@dataclass(frozen=True)
class Value:
    """One number or several of a case, each in a unit of its own.

    Attributes:
        values: float32 (k,); stacked, (B, k).
        names: what each of them is, with its unit where it has one (`volume (ml)`); empty where nobody says.
    """

    values: torch.Tensor
    names: tuple[str, ...] = ()

    @classmethod
    def stack(cls, items: Sequence[Self]) -> Self:
        """Values of one number and of the same names, with a batch axis in front.

        Raises:
            DataError: their number or names differ.
        """
        for item in items:
            if item.names != items[0].names or item.values.shape != items[0].values.shape:
                raise DataError(f"values {_said(item)} and {_said(items[0])} in one batch")
        return cls(torch.stack([item.values for item in items]), items[0].names)

    def to(self, device: torch.device | str) -> Self:
        """The values on `device`."""
        return type(self)(self.values.to(device, non_blocking=True), self.names)


def _said(value: Value) -> str:
    return f"{tuple(value.values.shape)}" + (f" named {', '.join(value.names)}" if value.names else "")

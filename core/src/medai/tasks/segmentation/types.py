"""A class for every pixel: the reference and the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch

from medai.errors import DataError


@dataclass(frozen=True)
class Mask:
    """The class of each pixel of a picture, or of each voxel of a volume.

    Attributes:
        labels: int64 (H, W) or (D, H, W), 0 is the background, classes count from 1; stacked, with a batch axis in front.
    """

    labels: torch.Tensor

    @classmethod
    def stack(cls, items: Sequence[Self]) -> Self:
        """Masks of one shape, with a batch axis in front.

        Raises:
            DataError: the shapes differ.
        """
        shapes = {tuple(item.labels.shape) for item in items}
        if len(shapes) > 1:
            raise DataError(f"masks of different shapes {sorted(shapes)} in one batch: add a view that makes them alike, or batch 1")
        return cls(torch.stack([item.labels for item in items]))

    def to(self, device: torch.device | str) -> Self:
        """The mask on `device`."""
        return type(self)(self.labels.to(device, non_blocking=True))

"""Boxes with their classes: the reference and, with scores, the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Boxes:
    """Boxes in one image; there may be none.

    Attributes:
        boxes: float32 (N, 4), x0 y0 x1 y1 in absolute pixels of the image, x0 <= x1 and y0 <= y1.
        labels: int64 (N,), 0..n-1; background has no number.
        scores: float32 (N,) from 0 to 1 for a prediction, None for a reference.
    """

    boxes: torch.Tensor
    labels: torch.Tensor
    scores: torch.Tensor | None = None

    @classmethod
    def stack(cls, items: Sequence[Boxes]) -> list[Boxes]:
        """Images differ in how many boxes they have, so they stay a list."""
        return list(items)

    def to(self, device: torch.device | str) -> Boxes:
        """The boxes on `device`."""
        return Boxes(self.boxes.to(device), self.labels.to(device), None if self.scores is None else self.scores.to(device))

    def __len__(self) -> int:
        return len(self.labels)

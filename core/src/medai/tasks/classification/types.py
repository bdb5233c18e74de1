"""What a classifier is asked for, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Label:
    """The class of a case.

    Attributes:
        index: 0..n-1.
    """

    index: int

    @classmethod
    def stack(cls, items: Sequence[Label]) -> torch.Tensor:
        """The indices, int64 (B,)."""
        return torch.tensor([item.index for item in items], dtype=torch.int64)


@dataclass(frozen=True)
class Scores:
    """How probable each class is.

    Attributes:
        probabilities: float32 (n,), from 0 to 1, with the sum 1; on the CPU.
    """

    probabilities: torch.Tensor

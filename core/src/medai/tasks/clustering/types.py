"""What a clustering answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Cluster:
    """The cluster of a case.

    Attributes:
        index: 0, 1, ...; which number a cluster has means nothing.
    """

    index: int

    @classmethod
    def stack(cls, items: Sequence[Cluster]) -> torch.Tensor:
        """The numbers, int64 (B,)."""
        return torch.tensor([item.index for item in items], dtype=torch.int64)

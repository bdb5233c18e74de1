"""Losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


class EdgeWeighted:
    """Binary cross-entropy; pixels within `width` of the reference's boundary weigh `weight` times as much as the others.

    Args:
        weight: of pixels near the boundary.
        width: pixels on both sides.
    """

    def __init__(self, weight: float = 4.0, width: int = 2) -> None:
        self.weight, self.width = weight, width

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        """A scalar from logits (B, 1, H, W) and classes int64 (B, H, W), 0 or 1."""
        inside = target[:, None].to(output.dtype)
        size = 2 * self.width + 1
        grown = F.max_pool2d(inside, size, stride=1, padding=self.width)
        shrunk = -F.max_pool2d(-inside, size, stride=1, padding=self.width)
        weights = 1 + (self.weight - 1) * (grown - shrunk)
        losses = F.binary_cross_entropy_with_logits(output, inside, reduction="none")
        return torch.sum(weights * losses) / torch.sum(weights)

"""A network as a user's file may define one; `medai/network-file` is tried with it."""

from __future__ import annotations

import torch
from torch import nn


class Sample(nn.Module):
    """The input and its two neighbours along a row, each weighted; images or volumes of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), 0.01))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        left, right = pixels.roll(1, -1), pixels.roll(-1, -1)
        return pixels + self.weight[0] * left + self.weight[1] * right + self.weight[2] * pixels

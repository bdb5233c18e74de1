"""Losses between an output and a target of the same shape, in the output's physical units."""

from __future__ import annotations

import torch
from torch import nn


class MeanSquaredError(nn.Module):
    """The mean over all values of (output - target) squared, in float32."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        # In HU, squares pass what half precision holds.
        return (output.float() - target.float()).square().mean()


class MeanAbsoluteError(nn.Module):
    """The mean over all values of |output - target|, in float32."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        _same_shape(output, target)
        return (output.float() - target.float()).abs().mean()


def _same_shape(output: torch.Tensor, target: torch.Tensor) -> None:
    # Broadcasting (B, 1) against (B,) gives a figure, and the wrong one.
    if output.shape != target.shape:
        raise ValueError(f"output {tuple(output.shape)} and target {tuple(target.shape)} differ in shape")

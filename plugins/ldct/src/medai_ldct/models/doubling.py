"""A convolution over what was doubled in size, at the size that it had before."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class DoublingConvolution(nn.Conv2d):
    """A 3x3 convolution over coarse features, doubled by repeating pixels, and fine ones, stacked in this order.

    Where pixels are repeated, the three rows of the kernel meet two rows of the coarse features at most: the taps that meet the same one
    can be added beforehand, and so can columns. Doubling and convolving then are one transposed convolution of the coarse features, by
    steps of two: 4 multiplications in place of 9, and nothing is doubled or stacked.

    Takes (B, coarse, H, W) and (B, fine, 2 H, 2 W), gives (B, out, 2 H, 2 W).

    Args:
        coarse, fine: channels of what is doubled and of what is not.
        out: channels given.
    """

    def __init__(self, coarse: int, fine: int, out: int) -> None:
        super().__init__(coarse + fine, out, 3, padding=1)
        self.coarse = coarse

    def forward(self, coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # of two inputs
        spread = functional.conv_transpose2d(coarse, _spreading(self.weight[:, : self.coarse]), stride=2, padding=1)
        return functional.conv2d(fine, self.weight[:, self.coarse :], self.bias, padding=1).add_(spread)


def _spreading(kernel: torch.Tensor) -> torch.Tensor:
    """What a coarse pixel gives the 4x4 fine ones around it, (coarse, out, 4, 4): through both of its own copies, along each axis."""
    kernel = kernel.flip(2, 3).transpose(0, 1)
    rows = functional.pad(kernel, [0, 0, 0, 1]) + functional.pad(kernel, [0, 0, 1, 0])
    return functional.pad(rows, [0, 1]) + functional.pad(rows, [1, 0])

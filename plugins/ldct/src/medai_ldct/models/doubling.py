"""A convolution over what was doubled in size, at the size that it had before."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class DoublingConvolution(nn.Conv2d):
    """A 3x3 convolution over coarse features, doubled by repeating pixels, and fine ones, stacked in this order.

    Where pixels are repeated, three rows of the kernel meet two rows of the coarse features: the two that meet the same one can be added
    beforehand, and so can columns. The coarse features are therefore convolved as they are, by 2x2 kernels, one for each of the four
    places that a fine pixel has in a coarse one. That takes 4 multiplications in place of 9, and nothing is doubled or stacked.

    Takes (B, coarse, H, W) and (B, fine, 2 H, 2 W), gives (B, out, 2 H, 2 W).

    Args:
        coarse, fine: channels of what is doubled and of what is not.
        out: channels given.
    """

    def __init__(self, coarse: int, fine: int, out: int) -> None:
        super().__init__(coarse + fine, out, 3, padding=1)
        self.coarse = coarse

    def forward(self, coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:  # type: ignore[override]  # of two inputs
        height, width = coarse.shape[2:]
        found = functional.conv2d(fine, self.weight[:, self.coarse :], self.bias, padding=1)
        # One pass for all four places; each reads the coarse pixel before or after, so that the answer has a row and a column more.
        quarters = functional.conv2d(coarse, _by_place(self.weight[:, : self.coarse]), padding=1).chunk(4, 1)
        for place, quarter in enumerate(quarters):
            row, column = divmod(place, 2)
            found[:, :, row::2, column::2] += quarter[:, :, row : row + height, column : column + width]
        return found


def _by_place(kernel: torch.Tensor) -> torch.Tensor:
    """Kernels (4 out, coarse, 2, 2) for the fine pixels top left, top right, bottom left and bottom right in a coarse one."""
    return torch.cat([_merged(_merged(kernel, 2, row), 3, column) for row in range(2) for column in range(2)])


def _merged(kernel: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    """Three taps as two: of the first fine pixel the last two meet one coarse pixel, of the second the first two."""
    first, second, third = kernel.split(1, axis)
    return torch.cat([first, second + third] if place == 0 else [first + second, third], axis)

"""The order of pixels in memory that is fastest for rows of convolutions."""

from __future__ import annotations

import torch


def laid_out(slice_: torch.Tensor) -> torch.Tensor:
    """A slice (B, 1, H, W), the same numbers, its channel the last in memory on a CPU; layers keep that order.

    oneDNN then copies nothing between layers, which takes a fifth to a third of a network's time. The numbers stay where they are: with one
    channel it is another view of them. Elsewhere than on a CPU the slice is given back as it is.
    """
    return slice_.squeeze(1).unsqueeze(-1).permute(0, 3, 1, 2) if slice_.device.type == "cpu" else slice_

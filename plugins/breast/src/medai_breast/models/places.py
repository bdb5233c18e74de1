"""The places of feature maps: what a dense head says at each, and where on the frame they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

_LARGEST = 10.0
"""Of logarithms of sides: beyond it, a side would be infinite in half precision and no number in an overlap."""


class Places(NamedTuple):
    """What a head says at every place of its maps, level after level, and where the places are.

    Attributes:
        said: float32 (B, N, C).
        cells: column and row of each place in its map, float32 (N, 2).
        strides: pixels of the frame to a cell, float32 (N, 1).
    """

    said: torch.Tensor
    cells: torch.Tensor
    strides: torch.Tensor

    @classmethod
    def of(cls, maps: Sequence[torch.Tensor], strides: Sequence[int], each: int = 1) -> Places:
        """Maps (B, each * C, h, w) with `each` places in every cell, those of a cell after each other."""
        said, cells, pixels = [], [], []
        for found, stride in zip(maps, strides, strict=True):
            # float32 whatever autocast says: what follows takes exponentials and sums over thousands of places.
            said.append(found.float().unflatten(1, (each, -1)).permute(0, 3, 4, 1, 2).flatten(1, 3))
            rows, columns = (torch.arange(side, device=found.device, dtype=torch.float32) for side in found.shape[-2:])
            grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).flatten(0, 1)
            cells.append(grid.repeat_interleave(each, 0))
            pixels.append(torch.full_like(cells[-1][:, :1], stride))
        return cls(torch.cat(said, 1), torch.cat(cells), torch.cat(pixels))


def around(centres: torch.Tensor, logarithms: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """Boxes xyxy (..., 4) around centres (..., 2), of sides that are exp(logarithms (..., 2)) times `unit`."""
    half = logarithms.clamp_max(_LARGEST).exp() * unit / 2
    return torch.cat([centres - half, centres + half], -1)


def inside(boxes: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Boxes xyxy (..., 4) cut at the borders of a frame (h, w) = `shape`."""
    # Tensors, which stay open where the sizes of a graph are.
    height, width = (torch.full((), side, device=boxes.device) for side in shape)
    return torch.minimum(boxes.clamp_min(0), torch.stack([width, height, width, height]))

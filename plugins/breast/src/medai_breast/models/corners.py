"""Corners of boxes: pooling along a box's edges, what is predicted of a corner, and what is to be predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from medai.tasks import Boxes
from medai_breast.models.heatmaps import gaussians, heatmap

_POOLED = 128
"""Channels that are pooled, each way."""
_RARE = -2.19
"""Bias of a heatmap's last layer: a corner is found in one cell of ten before anything is learnt."""
_LEAST_OVERLAP = 0.3
"""IoU with a box that one with its corners at the radius still has; as the authors' configuration sets it, whose code has 0.7 where none is
set."""
_DOUBLINGS = 12
"""Of what a maximum in a graph has seen: so many reach along 4096 cells."""


class Corners(NamedTuple):
    """What a network gives of the boxes' corners of one kind, in each cell of a map.

    Attributes:
        heat: logits of a corner of each class, float32 (B, classes, h, w).
        tags: embeddings, alike for corners of one box, float32 (B, 1, h, w).
        offsets: x and y of the corner from the cell's upper left, in cells, float32 (B, 2, h, w).
    """

    heat: torch.Tensor
    tags: torch.Tensor
    offsets: torch.Tensor

    def of(self, image: int) -> Corners:
        """Those of one image, without the batch's axis."""
        return Corners(*(part[image] for part in self))


class WantedCorners(NamedTuple):
    """What a network is to give of the boxes' corners of one kind.

    Attributes:
        heat: from 0 to 1, float32 (B, classes, h, w).
        cells: of each image, x and y of the cell in which each box has its corner, int64 (N, 2).
        offsets: of each image, of each box's corner from the cell's upper left, in cells, float32 (N, 2).
    """

    heat: torch.Tensor
    cells: list[torch.Tensor]
    offsets: list[torch.Tensor]


class PredictionModule(nn.Module):
    """The prediction module of CornerNet (Law & Deng 2018, figure 7): corner pooling inside a residual block, and three branches.

    Takes maps float32 (B, C, h, w) and gives the corners of one kind.

    Args:
        channels: C.
        classes: of boxes.
        backwards: for upper left corners, which see what is below and on the right of them; lower right ones see the rest.
    """

    def __init__(self, channels: int, classes: int, *, backwards: bool) -> None:
        super().__init__()
        self.backwards = backwards
        self.down, self.across = convolution(channels, _POOLED, 3), convolution(channels, _POOLED, 3)
        self.pooled = nn.Sequential(nn.Conv2d(_POOLED, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        self.skip = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))
        self.after = convolution(channels, channels, 3)
        self.heat, self.tags, self.offsets = (_branch(channels, count) for count in (classes, 1, 2))
        last = self.heat[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.constant_(last.bias, _RARE)

    def forward(self, maps: torch.Tensor) -> Corners:
        pooled = running_maximum(self.down(maps), -2, backwards=self.backwards)
        pooled = pooled + running_maximum(self.across(maps), -1, backwards=self.backwards)
        block = self.after(F.relu(self.pooled(pooled) + self.skip(maps)))
        return Corners(self.heat(block).float(), self.tags(block).float(), self.offsets(block).float())


def convolution(given: int, channels: int, size: int) -> nn.Sequential:
    """A convolution, batch norm and ReLU, which keep a map's size."""
    layer = nn.Conv2d(given, channels, size, padding=size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def running_maximum(maps: torch.Tensor, axis: int, *, backwards: bool) -> torch.Tensor:
    """The highest value so far along an axis, from its first cell on, or backwards from its last one: corner pooling, one of its ways.

    Args:
        maps: floating point (..., h, w).
        axis: -2 for columns, -1 for rows.
        backwards: from the bottom up, or from right to left.
    """
    if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export():
        return _by_doubling(maps, axis, backwards=backwards)
    return maps.flip(axis).cummax(axis).values.flip(axis) if backwards else maps.cummax(axis).values


def corner_radii(boxes: torch.Tensor, least: float = _LEAST_OVERLAP) -> torch.Tensor:
    """How far, in cells, both corners of a box may be off with an IoU of `least` still reached, int64 (N,), rounded down.

    The smallest of three cases, as in the authors' code: one corner off inwards and one outwards, both inwards, both outwards. Sides
    count in whole cells, rounded up.

    Args:
        boxes: float32 (N, 4), in cells, each with an area.
        least: the IoU, above 0 and below 1.
    """
    width, height = (boxes[:, 2:] - boxes[:, :2]).double().ceil().unbind(1)
    both, lost = width + height, (1 - least) * width * height
    shifted = _root(1, -both, width * height * (1 - least) / (1 + least), -1)
    within = _root(4, -2 * both, lost, -1)
    around = _root(4 * least, 2 * least * both, -lost, 1)
    return torch.stack([shifted, within, around]).amin(0).clamp_min(0).floor().long()


def wanted_corners(targets: Sequence[Boxes], ends: slice, stride: int, classes: int, shape: tuple[int, int]) -> WantedCorners:
    """What is to be predicted of the boxes' corners of one kind.

    A corner on the lower or right border of the frame belongs to the last cell, with an offset of 1.

    Args:
        targets: boxes of each image, in pixels of the frame; an image may have none.
        ends: where of x0 y0 x1 y1 the corner stands.
        stride: pixels of the frame to a cell.
        classes: of boxes.
        shape: height and width of the map, in cells.
    """
    heat, cells, offsets = [], [], []
    for target in targets:
        boxes = target.boxes / stride
        corner = boxes[:, ends]
        last = torch.tensor([shape[1] - 1, shape[0] - 1], device=boxes.device)
        cell = corner.floor().long().clamp_min(0).minimum(last)
        around = gaussians(cell, corner_radii(boxes)[:, None].expand(-1, 2), shape)
        heat.append(heatmap(around, target.labels, classes))
        cells.append(cell)
        offsets.append(corner - cell)
    return WantedCorners(torch.stack(heat), cells, offsets)


def at_cells(maps: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """What a map (C, h, w) holds at cells x, y (N, 2): (N, C)."""
    return maps[:, cells[:, 1], cells[:, 0]].T


def offset_loss(offsets: torch.Tensor, wanted: WantedCorners) -> torch.Tensor:
    """Smooth L1 between offsets (B, 2, h, w) and those wanted, where there is a corner, summed over x and y: per corner."""
    given = torch.cat([at_cells(*each) for each in zip(offsets, wanted.cells, strict=True)])
    return F.smooth_l1_loss(given, torch.cat(wanted.offsets), reduction="sum") / max(len(given), 1)


def pull_and_push(first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of an image's embeddings, one of each box's two corners: those of a box are pulled together, those of two boxes pushed
    apart until their means differ by 1 (Law & Deng 2018, equations 4 and 5). Both are 0 without a box, the second also with one.

    Args:
        first: of the boxes' upper left corners, float32 (N, 1).
        second: of their lower right ones.
    """
    count = len(first)
    mean = (first + second) / 2
    pull = ((first - mean) ** 2 + (second - mean) ** 2).sum() / max(count, 1)
    near = F.relu(1 - (mean - mean.T).abs())
    # Without the diagonal, where each box meets itself.
    push = (near.sum() - near.diagonal().sum()) / max(count * (count - 1), 1)
    return pull, push


def _branch(channels: int, given: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(channels, given, 1))


def _by_doubling(maps: torch.Tensor, axis: int, *, backwards: bool) -> torch.Tensor:
    """The same of operations that ONNX has: each cell looks twice as far as before, whatever the map's size."""
    length = maps.shape[axis]
    for doubling in range(_DOUBLINGS):
        step = 2**doubling
        around = (0, step) if backwards else (step, 0)
        # Pads are named from the last axis on.
        padded = F.pad(maps, (0, 0) * (-1 - axis) + around, value=-torch.inf)
        maps = torch.maximum(maps, padded.narrow(axis, step if backwards else 0, length))
    return maps


def _root(square: float, linear: torch.Tensor, constant: torch.Tensor, sign: int) -> torch.Tensor:
    """One root of a quadratic, the larger for a sign of 1."""
    return (-linear + sign * (linear**2 - 4 * square * constant).sqrt()) / (2 * square)

"""YOLOX's network: CSPDarknet, a path aggregation network, decoupled heads (Ge et al. 2021, arXiv:2107.08430, sections 2.1 and 2.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from medai_breast.models.yolox_blocks import Conv, CspLayer, Focus, PyramidPooling, conv3

_PRIOR = 0.01
"""What objectness and classes begin at."""


class CspDarknet(nn.Module):
    """Pictures (B, 3, H, W) to maps of strides 8, 16, 32, of 4, 8 and 16 times `width` channels."""

    def __init__(self, width: int, depth: int, separable: bool) -> None:
        super().__init__()
        self.stem = Focus(width)
        self.stages = nn.ModuleList(
            [
                nn.Sequential(conv3(width, 2 * width, separable, 2), CspLayer(2 * width, 2 * width, depth, True, separable)),
                nn.Sequential(conv3(2 * width, 4 * width, separable, 2), CspLayer(4 * width, 4 * width, 3 * depth, True, separable)),
                nn.Sequential(conv3(4 * width, 8 * width, separable, 2), CspLayer(8 * width, 8 * width, 3 * depth, True, separable)),
                nn.Sequential(
                    conv3(8 * width, 16 * width, separable, 2),
                    PyramidPooling(16 * width),
                    CspLayer(16 * width, 16 * width, depth, False, separable),
                ),
            ]
        )

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        maps = [self.stem(pictures)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[2:]


class PathAggregation(nn.Module):
    """Maps of strides 8, 16, 32 to maps of the same shapes: coarse ones handed down to fine ones, and what comes of it up again."""

    def __init__(self, width: int, depth: int, separable: bool) -> None:
        super().__init__()
        fine, middle, coarse = 4 * width, 8 * width, 16 * width
        self.lateral = nn.ModuleList([Conv(coarse, middle, 1), Conv(middle, fine, 1)])
        self.top_down = nn.ModuleList(
            [CspLayer(2 * middle, middle, depth, False, separable), CspLayer(2 * fine, fine, depth, False, separable)]
        )
        self.halving = nn.ModuleList([conv3(fine, fine, separable, 2), conv3(middle, middle, separable, 2)])
        self.bottom_up = nn.ModuleList(
            [CspLayer(2 * fine, middle, depth, False, separable), CspLayer(2 * middle, coarse, depth, False, separable)]
        )

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        fine, middle, coarse = maps
        narrow_coarse = self.lateral[0](coarse)
        middle = self.top_down[0](torch.cat([F.interpolate(narrow_coarse, scale_factor=2.0), middle], 1))
        narrow_middle = self.lateral[1](middle)
        fine = self.top_down[1](torch.cat([F.interpolate(narrow_middle, scale_factor=2.0), fine], 1))
        middle = self.bottom_up[0](torch.cat([self.halving[0](fine), narrow_middle], 1))
        coarse = self.bottom_up[1](torch.cat([self.halving[1](middle), narrow_coarse], 1))
        return [fine, middle, coarse]


class DecoupledHead(nn.Module):
    """A map (B, C, h, w) to (B, 5 + n, h, w): centre and logarithms of the sides, in cells; logits of objectness and of each class."""

    def __init__(self, inputs: int, width: int, classes: int, separable: bool) -> None:
        super().__init__()
        self.stem = Conv(inputs, width, 1)
        self.of_class, self.of_box = (nn.Sequential(*[conv3(width, width, separable) for _ in range(2)]) for _ in range(2))
        self.classes = nn.Conv2d(width, classes, 1)
        self.box = nn.Conv2d(width, 4, 1)
        self.objectness = nn.Conv2d(width, 1, 1)
        for last in (self.classes, self.objectness):
            assert last.bias is not None
            nn.init.constant_(last.bias, math.log(_PRIOR / (1 - _PRIOR)))

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        shared = self.stem(found)
        of_box = self.of_box(shared)
        return torch.cat([self.box(of_box), self.objectness(of_box), self.classes(self.of_class(shared))], 1)


class YoloxNetwork(nn.Module):
    """Pictures (B, 3, H, W), sides multiples of 32, to what the heads say at strides 8, 16 and 32.

    Args:
        depth: 1 for the network of size l, less for smaller ones; of 3 bottlenecks.
        width: 1 for that of size l; of 64 channels behind the stem.
        classes: of boxes.
        separable: convolutions of 3 x 3 taken apart, as in the nano network.
    """

    def __init__(self, depth: float, width: float, classes: int, separable: bool) -> None:
        super().__init__()
        channels, blocks = int(64 * width), round(3 * depth)
        self.backbone = CspDarknet(channels, blocks, separable)
        self.neck = PathAggregation(channels, blocks, separable)
        self.heads = nn.ModuleList([DecoupledHead(times * channels, 4 * channels, classes, separable) for times in (4, 8, 16)])

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        maps = self.neck(self.backbone(pictures))
        return [head(found) for head, found in zip(self.heads, maps, strict=True)]

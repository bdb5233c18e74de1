"""TTFNet's neck and heads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from medai_breast.models.deformable import DeformableConv2d

_PRIOR = 0.01
"""The score that every cell begins with."""


class Neck(nn.Module):
    """Maps of a backbone at strides 4, 8, 16 and 32 to one (B, 64, h, w) at stride 4: three times deformable convolution, batch norm,
    ReLU and twice the size, then the sum with the backbone's own map behind plain convolutions, the more of them the finer the map.

    Args:
        given: channels of the backbone's maps, the finest first.
    """

    channels = (256, 128, 64)

    def __init__(self, given: Sequence[int]) -> None:
        super().__init__()
        coarse, *finer = given[::-1]
        into = (coarse, *self.channels)
        self.upward = nn.ModuleList(
            nn.Sequential(DeformableConv2d(first, last), nn.BatchNorm2d(last), nn.ReLU(inplace=True))
            for first, last in zip(into, self.channels, strict=False)
        )
        self.shortcuts = nn.ModuleList(
            _shortcut(first, last, depth) for depth, (first, last) in enumerate(zip(finer, self.channels, strict=True), 1)
        )

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        features, *finer = maps[::-1]
        for up, shortcut, own in zip(self.upward, self.shortcuts, finer, strict=True):
            features = F.interpolate(up(features), scale_factor=2.0, mode="bilinear", align_corners=False) + shortcut(own)
        return features


class Head(nn.Sequential):
    """Two 3x3 convolutions of `middle` channels with ReLU, and a 1x1 convolution to `answers`, which begins with `bias`."""

    def __init__(self, given: int, middle: int, answers: int, bias: float = 0.0) -> None:
        super().__init__(
            _begun(nn.Conv2d(given, middle, 3, padding=1)),
            nn.ReLU(inplace=True),
            _begun(nn.Conv2d(middle, middle, 3, padding=1)),
            nn.ReLU(inplace=True),
            _begun(nn.Conv2d(middle, answers, 1), bias),
        )


def heatmap_head(given: int, classes: int) -> Head:
    """Logits of the classes, (B, classes, h, w)."""
    return Head(given, 128, classes, math.log(_PRIOR / (1 - _PRIOR)))


def box_head(given: int) -> Head:
    """Distances to the four sides before ReLU, in sixteens of pixels, (B, 4, h, w)."""
    return Head(given, 64, 4)


def _begun(convolution: nn.Conv2d, bias: float = 0.0) -> nn.Conv2d:
    assert convolution.bias is not None
    nn.init.normal_(convolution.weight, std=0.01)
    nn.init.constant_(convolution.bias, bias)
    return convolution


def _shortcut(given: int, channels: int, depth: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for place in range(depth):
        convolution = nn.Conv2d(channels if place else given, channels, 3, padding=1)
        assert convolution.bias is not None
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out")
        nn.init.zeros_(convolution.bias)
        layers += [convolution, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])

"""YOLOF's encoder and decoder."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from medai_breast.models.places import Places

STRIDE = 32
_PRIOR = 0.01
"""The score that every class of every anchor begins with."""


class DilatedEncoder(nn.Module):
    """Figure 6 of Chen et al. 2021: the last map of a backbone (B, `given`, h, w) to one (B, `channels`, h, w) whose cells see objects of
    all sizes, because each residual block looks further."""

    def __init__(self, given: int, channels: int = 512, dilations: Sequence[int] = (2, 4, 6, 8)) -> None:
        super().__init__()
        self.projector = nn.Sequential(
            nn.Conv2d(given, channels, 1),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )
        self.blocks = nn.Sequential(*(DilatedBlock(channels, dilation) for dilation in dilations))
        for part in self.projector:
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_uniform_(part.weight, a=1)
                _filled(part)
        for part in self.blocks.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=0.01)
                _filled(part)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        encoded: torch.Tensor = self.blocks(self.projector(features))
        return encoded


class DilatedBlock(nn.Module):
    """1x1, dilated 3x3 and 1x1 convolutions, a quarter as wide between them, beside what goes in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        middle = channels // 4
        self.body = nn.Sequential(
            *_layer(nn.Conv2d(channels, middle, 1)),
            *_layer(nn.Conv2d(middle, middle, 3, padding=dilation, dilation=dilation)),
            *_layer(nn.Conv2d(middle, channels, 1)),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        own: torch.Tensor = self.body(features)
        return features + own


class Decoder(nn.Module):
    """From the encoder's map (B, `channels`, h, w), for each cell, row by row, and each of its anchors: logits float32
    (B, h w anchors, classes), and changes of the anchor (B, h w anchors, 4) as `Places`.

    A logit is that of the product of two probabilities: of the class, and of there being an object, which is never taught by itself.
    """

    def __init__(self, classes: int, anchors: int, channels: int = 512) -> None:
        super().__init__()
        self.anchors = anchors
        self.class_branch = _branch(channels, 2)
        self.box_branch = _branch(channels, 4)
        self.class_logits = nn.Conv2d(channels, anchors * classes, 3, padding=1)
        self.changes = nn.Conv2d(channels, anchors * 4, 3, padding=1)
        self.objectness = nn.Conv2d(channels, anchors, 3, padding=1)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=0.01)
                _filled(part)
        _filled(self.class_logits, math.log(_PRIOR / (1 - _PRIOR)))
        # Boxes begin as their anchors. With the authors' 0.01 the centres of large ones begin beyond the clamp, where nothing is learnt:
        # two images are then not learnt by heart in 400 steps, with this in 100.
        nn.init.normal_(self.changes.weight, std=0.001)

    def forward(self, encoded: torch.Tensor) -> tuple[torch.Tensor, Places]:
        of_boxes = self.box_branch(encoded)
        classes = self._rows(self.class_logits(self.class_branch(encoded)))
        return product(classes.said, self._rows(self.objectness(of_boxes)).said), self._rows(self.changes(of_boxes))

    def _rows(self, found: torch.Tensor) -> Places:
        return Places.of([found], [STRIDE], self.anchors)


def product(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The logit of the product of two probabilities, from their logits; finite however sure they are."""
    # log(1 + exp(first) + exp(second)), in operations that keep a traced graph open to maps of any size.
    largest = torch.maximum(first, second).clamp_min(0)
    return first + second - largest - (torch.exp(-largest) + torch.exp(first - largest) + torch.exp(second - largest)).log()


def _branch(channels: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(part for _ in range(depth) for part in _layer(nn.Conv2d(channels, channels, 3, padding=1))))


def _layer(convolution: nn.Conv2d) -> tuple[nn.Module, ...]:
    return convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True)


def _filled(convolution: nn.Conv2d, bias: float = 0.0) -> None:
    assert convolution.bias is not None
    nn.init.constant_(convolution.bias, bias)

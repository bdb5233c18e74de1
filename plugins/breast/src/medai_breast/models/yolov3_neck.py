"""YOLOv3 behind its backbone: convolutions at three levels, the coarser ones handed down to the finer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F


class ConvNormAct(nn.Sequential):
    """A convolution that keeps the size, batch norm, and a rectifier that leaks a tenth."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1, inplace=True)
        )


class ConvSet(nn.Sequential):
    """Five convolutions, 1 x 1 and 3 x 3 in turn."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(
            ConvNormAct(inputs, width, 1),
            ConvNormAct(width, 2 * width, 3),
            ConvNormAct(2 * width, width, 1),
            ConvNormAct(width, 2 * width, 3),
            ConvNormAct(2 * width, width, 1),
        )


class YoloNeck(nn.Module):
    """Maps of strides 8, 16, 32 (B, C, h, w) to maps for the heads, of strides 32, 16, 8, with 1024, 512 and 256 channels.

    As PaddleDetection's YOLOv3FPN (Redmon and Farhadi 2018, section 2.3): at each level a set of five convolutions and a last one for the
    head; a finer level sees its own map beside what the coarser one's set gave, narrowed and doubled in size.

    Args:
        inputs: C of each map, the finest first.
    """

    channels = (1024, 512, 256)

    def __init__(self, inputs: Sequence[int]) -> None:
        super().__init__()
        coarse, middle, fine = reversed(inputs)
        self.sets = nn.ModuleList([ConvSet(coarse, 512), ConvSet(middle + 256, 256), ConvSet(fine + 128, 128)])
        self.last = nn.ModuleList([ConvNormAct(width // 2, width, 3) for width in self.channels])
        self.narrowed = nn.ModuleList([ConvNormAct(512, 256, 1), ConvNormAct(256, 128, 1)])

    def forward(self, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        given = list(maps)[::-1]
        found = []
        for level, (own, last) in enumerate(zip(self.sets, self.last, strict=True)):
            route = own(given[level])
            found.append(last(route))
            if level < len(self.narrowed):
                down = F.interpolate(self.narrowed[level](route), scale_factor=2.0)
                given[level + 1] = torch.cat([down, given[level + 1]], 1)
        return found

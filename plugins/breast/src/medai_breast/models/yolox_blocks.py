"""What YOLOX is made of: convolutions with SiLU, and the blocks of CSPDarknet."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Conv(nn.Module):
    """A convolution that keeps the size (or halves it, with a stride of 2), batch norm, SiLU."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.act(self.bn(self.conv(maps)))
        return found


class Separable(nn.Module):
    """A convolution of each channel alone, and one of 1 x 1 over the channels: that of the nano network."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.dconv = Conv(inputs, inputs, size, stride, groups=inputs)
        self.pconv = Conv(inputs, outputs, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.pconv(self.dconv(maps))
        return found


def conv3(inputs: int, outputs: int, separable: bool, stride: int = 1) -> nn.Module:
    """A convolution of 3 x 3."""
    return Separable(inputs, outputs, 3, stride) if separable else Conv(inputs, outputs, 3, stride)


class Bottleneck(nn.Module):
    """1 x 1 and 3 x 3, with what came in added on request."""

    def __init__(self, width: int, added: bool, separable: bool) -> None:
        super().__init__()
        self.conv1 = Conv(width, width, 1)
        self.conv2 = conv3(width, width, separable)
        self.added = added

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv2(self.conv1(maps))
        return found + maps if self.added else found


class CspLayer(nn.Module):
    """Half of the channels through `depth` bottlenecks, half past them, joined again."""

    def __init__(self, inputs: int, outputs: int, depth: int, added: bool, separable: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(inputs, outputs // 2, 1), Conv(inputs, outputs // 2, 1)
        self.conv3 = Conv(outputs // 2 * 2, outputs, 1)
        self.blocks = nn.Sequential(*[Bottleneck(outputs // 2, added, separable) for _ in range(depth)])

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv3(torch.cat([self.blocks(self.conv1(maps)), self.conv2(maps)], 1))
        return found


class PyramidPooling(nn.Module):
    """A map beside its own maxima over 5, 9 and 13 pixels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(width, width // 2, 1), Conv(width * 2, width, 1)
        self.pools = nn.ModuleList([nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13)])

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        narrow = self.conv1(maps)
        found: torch.Tensor = self.conv2(torch.cat([narrow, *(pool(narrow) for pool in self.pools)], 1))
        return found


class Focus(nn.Module):
    """Every second pixel along both sides, four pictures of half the size, side by side as channels, and a convolution."""

    parts: torch.Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv = Conv(12, outputs, 3)
        # By column, row and colour: published weights want them in this order. As a convolution with zeros and ones, because neither
        # slices nor reshaped sides come through every exporter where sizes are open.
        one_of_four = torch.eye(12).reshape(12, 2, 2, 3).permute(0, 3, 2, 1)
        self.register_buffer("parts", one_of_four.contiguous(), persistent=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv(F.conv2d(pictures, self.parts, stride=2))
        return found

"""MultiResUNet: blocks that look at three scales, and convolutions along the way across."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai.inference import steady
from medai_annotation.models.remover import Normalisation, Remover

_EPSILON = 1e-3  # Keras' own, with which the authors trained
_HALVINGS = 4


class MultiResUNet(Remover):
    """MultiResUNet (Ibtehaz and Rahman 2020, doi:10.1016/j.neunet.2019.08.025), laid out as the authors' Keras code.

    Its 7,262,750 values, running statistics of batch norm counted, become 7,262,852 with an image as the answer: the last is a plain 1x1
    convolution to the image's channels, in place of one to a single probability with batch norm and sigmoid.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images, as the study trained it.
        filters: of the U-Net that it stands for, at the first level; each level below has twice as many.
        alpha: how many filters a block has, as a multiple of that U-Net's.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", filters: int = 32, alpha: float = 1.67) -> None:
        super().__init__(channels, normalisation, multiple=2**_HALVINGS)
        widths = [filters * 2**level for level in range(_HALVINGS + 1)]
        outs = [sum(shared_out(width, alpha)) for width in widths]
        below = list(zip(outs[1:], widths, strict=False))[::-1]
        self.down = nn.ModuleList(MultiResBlock(given, width, alpha) for given, width in zip([channels, *outs], widths, strict=False))
        self.across = nn.ModuleList(res_path(outs[level], widths[level], _HALVINGS - level) for level in range(_HALVINGS))
        self.doubling = nn.ModuleList(nn.ConvTranspose2d(given, width, 2, stride=2) for given, width in below)
        self.up = nn.ModuleList(MultiResBlock(2 * width, width, alpha) for _, width in below)
        self.last = nn.Conv2d(outs[0], channels, 1)
        _draw_as_keras(self)
        steady(self)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        features = self.down[0](scaled)
        across = []
        for level, path in zip(self.down[1:], self.across, strict=True):
            across.append(path(features))
            features = level(functional.max_pool2d(features, 2))
        for doubling, level in zip(self.doubling, self.up, strict=True):
            features = level(torch.cat([doubling(features), across.pop()], 1))
        found: torch.Tensor = self.last(features)
        return found


class MultiResBlock(nn.Module):
    """Three 3x3 convolutions in a row, which see 3, 5 and 7 pixels, their results side by side, and a 1x1 convolution past them.

    Args:
        channels: given.
        filters: of the U-Net's level.
        alpha: how many times as many the block has, as `shared_out` says.
    """

    def __init__(self, channels: int, filters: int, alpha: float) -> None:
        super().__init__()
        three, five, seven = shared_out(filters, alpha)
        out = three + five + seven
        self.past = Convolution(channels, out, 1)
        self.three = Convolution(channels, three, 3)
        self.five = Convolution(three, five, 3)
        self.seven = Convolution(five, seven, 3)
        self.norm1 = nn.BatchNorm2d(out, eps=_EPSILON)
        self.norm2 = nn.BatchNorm2d(out, eps=_EPSILON)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        three = self.three(features).relu()
        five = self.five(three).relu()
        seven = self.seven(five).relu()
        scales = self.norm1(torch.cat([three, five, seven], 1))
        found: torch.Tensor = self.norm2((self.past(features) + scales).relu())
        return found


class ResBlock(nn.Module):
    """A link of a Res path: a 3x3 convolution, and a 1x1 convolution past it."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.past = Convolution(channels, filters, 1)
        self.look = Convolution(channels, filters, 3)
        self.norm = nn.BatchNorm2d(filters, eps=_EPSILON)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.norm((self.past(features) + self.look(features).relu()).relu())
        return found


def shared_out(filters: int, alpha: float) -> tuple[int, int, int]:
    """A sixth, a third and a half of `alpha * filters`, in the authors' rounding."""
    three, five, seven = (int(filters * alpha * share) for share in (0.167, 0.333, 0.5))
    return three, five, seven


def res_path(channels: int, filters: int, length: int) -> nn.Sequential:
    """What is handed across passes so many links, more where encoder and decoder are further apart."""
    return nn.Sequential(*(ResBlock(channels if place == 0 else filters, filters) for place in range(length)))


class Convolution(nn.Module):
    """A convolution without bias, then batch norm without a factor: the norms that follow have one."""

    def __init__(self, channels: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(filters, eps=_EPSILON, affine=False)
        self.shift = nn.Parameter(torch.zeros(filters, 1, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.norm(self.look(features)) + self.shift
        return found


def _draw_as_keras(network: nn.Module) -> None:
    """Weights as Glorot and Bengio 2010 draw them, evenly; biases 0."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)

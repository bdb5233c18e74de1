"""The first U-Net, with an image as its answer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai_annotation.models.costumed_unet import draw_as_he
from medai_annotation.models.remover import Normalisation, Remover


class VanillaUNet(Remover):
    """U-Net (Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28) without batch norm, with 31,031,875 parameters in three colours.

    Two 3x3 convolutions with ReLU at each level, halved by 2x2 max-pooling, doubled by 2x2 transposed convolutions, features handed across
    and concatenated, a 1x1 convolution at the end; weights as He et al. 2015 draw them. Convolutions keep the size, with zeros around:
    without padding, as in its paper, the answer lacks a border of 92 pixels, and the study left the network out for that. The counts are
    the same. Its dropout is left out.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        filters: of the first level; each level below has twice as many.
        depth: how often the image is halved.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", filters: int = 64, depth: int = 4) -> None:
        super().__init__(channels, normalisation, multiple=2**depth)
        widths = [filters * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(_level(given, width) for given, width in zip([channels, *widths], widths, strict=False))
        self.doubling = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in reversed(widths[:-1]))
        self.up = nn.ModuleList(_level(2 * width, width) for width in reversed(widths[:-1]))
        self.last = nn.Conv2d(filters, channels, 1)
        draw_as_he(self)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        features = self.down[0](scaled)
        across = []
        for level in self.down[1:]:
            across.append(features)
            features = level(functional.max_pool2d(features, 2))
        for doubling, level in zip(self.doubling, self.up, strict=True):
            features = level(torch.cat([doubling(features), across.pop()], 1))
        found: torch.Tensor = self.last(features)
        return found


def _level(channels: int, out: int) -> nn.Sequential:
    first, second = nn.Conv2d(channels, out, 3, padding=1), nn.Conv2d(out, out, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))

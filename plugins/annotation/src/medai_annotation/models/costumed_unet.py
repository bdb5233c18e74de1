"""The study's own U-Net: blocks that several levels share, and the image itself as the last that is handed across."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from medai_annotation.models.remover import Normalisation, Remover

_POOLINGS = 5
_SLOPE = 0.1


class CostumedUNet(Remover):
    """The costumed U-Net (Zhang et al. 2024, doi:10.53941/aim.2024.100004, Table 1), with 700,611 parameters in three colours.

    The table lists repeated blocks once: as in the U-Net of Noise2Noise (Lehtinen et al. 2018, arXiv:1803.04189) that it was made from,
    there are five poolings and five transposed convolutions; the second block of the encoder stands at four levels, and the block of the
    decoder with 96 channels at three, each with one set of weights. The results of the first four poolings and the image are handed across.

    Images in 0..1, float32 (B, C, H, W) of any size, to the same, as `Remover` says.

    Args:
        channels: of the images.
        normalisation: `linear`, or `smn` by mean and standard deviation of the training images.
        shared: whether levels share blocks; else each has its own, and the network has 1,344,147 parameters.
    """

    def __init__(self, channels: int = 3, normalisation: Normalisation = "linear", shared: bool = True) -> None:
        super().__init__(channels, normalisation, multiple=2**_POOLINGS)
        self.first = nn.Sequential(*_convolution(channels, 48), *_convolution(48, 48), nn.MaxPool2d(2))
        self.down = nn.ModuleList(nn.Sequential(*_convolution(48, 48), nn.MaxPool2d(2)) for _ in range(1 if shared else 4))
        self.bottom = nn.Sequential(*_convolution(48, 48), _doubling(48))
        self.lowest = _up(48 + 48)
        self.up = nn.ModuleList(_up(96 + 48) for _ in range(1 if shared else 3))
        self.highest = nn.Sequential(*_convolution(96 + channels, 64), *_convolution(64, 32))
        self.last = nn.Conv2d(32, channels, 3, padding=1)
        draw_as_he(self)

    def maps(self, scaled: torch.Tensor) -> torch.Tensor:
        return self.image_of(self.features(scaled))

    def features(self, scaled: torch.Tensor) -> torch.Tensor:
        """The last features (B, 32, H, W), sides a multiple of 32."""
        across = [scaled, self.first(scaled)]
        for level in range(4):
            across.append(self.down[level % len(self.down)](across[-1]))
        features = self.lowest(torch.cat([self.bottom(across.pop()), across.pop()], 1))
        for level in range(3):
            features = self.up[level % len(self.up)](torch.cat([features, across.pop()], 1))
        found: torch.Tensor = self.highest(torch.cat([features, across.pop()], 1))
        return found

    def image_of(self, features: torch.Tensor) -> torch.Tensor:
        """The image (B, C, H, W) on the network's scale."""
        return functional.leaky_relu(self.last(features), _SLOPE)


def draw_as_he(network: nn.Module) -> None:
    """Weights of all convolutions as He et al. 2015 (arXiv:1502.01852) draw them, from a normal distribution; biases 0."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _convolution(channels: int, out: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(inplace=True)


def _doubling(channels: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1)


def _up(channels: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(channels, 96), *_convolution(96, 96), _doubling(96))

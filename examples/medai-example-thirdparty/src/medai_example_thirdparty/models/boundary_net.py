"""The network."""

from __future__ import annotations

from torch import Tensor, nn


class BoundaryNet(nn.Module):
    """Four dilated 3x3 convolutions at full resolution, after Yu and Koltun 2016, and one logit a pixel.

    Takes (B, 1, H, W) float32 in 0..1 of any size and gives logits (B, 1, H, W): above 0 is tissue. Brings grey values about 0 itself.

    Args:
        channels: filters of each layer.
    """

    def __init__(self, channels: int = 12) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, dilation in ((1, 1), (channels, 2), (channels, 4), (channels, 8)):
            layers += [nn.Conv2d(inputs, channels, 3, padding=dilation, dilation=dilation), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.layers((image - 0.25) / 0.25)
        return logits

"""The network. No line of it knows medai."""

import torch
from torch import nn


class Net(nn.Module):
    """Three convolutions whose output is taken from the input; images (B, 1, H, W).

    Args:
        channels: of the hidden layers.
    """

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.noise = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.Dropout(0.05),
            nn.ReLU(),
            nn.Conv2d(channels, 1, 3, padding=1),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.noise(image)

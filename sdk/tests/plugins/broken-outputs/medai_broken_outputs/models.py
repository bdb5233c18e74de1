"""Small models of masks and of images."""

import torch
from torch import nn


class Segmenter(nn.Module):
    """Two convolutions, to logits of two classes.

    Args:
        width: channels between them.
    """

    def __init__(self, width: int = 4):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 2, 1))

    def forward(self, pixels):
        return self.layers(pixels)


class FailsInTraining(Segmenter):
    """Answers, and fails when it is to learn."""

    def forward(self, pixels):
        if self.training:
            raise RuntimeError("no memory of how to learn")
        return super().forward(pixels)


class OfAnotherKind(Segmenter):
    """Each one that is built answers otherwise, whatever the seed."""

    built = 0

    def __init__(self, width: int = 4):
        super().__init__(width)
        OfAnotherKind.built += 1
        draw = torch.Generator().manual_seed(OfAnotherKind.built)
        self.register_buffer("pattern", 100 * torch.randn((2, 16, 16), generator=draw))

    def forward(self, pixels):
        return super().forward(pixels) + self.pattern[:, : pixels.shape[-2], : pixels.shape[-1]]


class ForgetsOnSaving(Segmenter):
    """Half of what it answers depends on a number that no state holds."""

    def __init__(self, width: int = 4):
        super().__init__(width)
        self.steps = 0

    def forward(self, pixels):
        self.steps += self.training
        flip = 1.0 if self.steps == 0 else -1.0
        return super().forward(pixels) * flip


class Loss(nn.Module):
    """Cross-entropy."""

    def forward(self, output, target):
        return nn.functional.cross_entropy(output, target)

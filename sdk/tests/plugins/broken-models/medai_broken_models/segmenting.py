"""Models of segmentation whose faults a mask does not show: untrained, it is the same nearly everywhere, whatever the logits are."""

import torch
from torch import nn
from torch.nn import functional

from medai.tasks import Batch, Mask


class SoundMask(nn.Module):
    """Logits of two classes, of which the background is far ahead; keeps the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1))
        with torch.no_grad():
            self.net[2].bias.copy_(torch.tensor([4.0, -4.0]))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.net(image)


class WarmsUp(SoundMask):
    """Sound, though a layer of its is asked at the first call alone."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(1, 1).requires_grad_(False)
        self.warm = False

    def predict(self, batch: Batch) -> list[Mask]:
        pixels = batch.inputs.pixels
        if not self.warm:
            self.scale(torch.ones(1, 1, device=pixels.device))
            self.warm = True
        return [Mask(each) for each in self(pixels).argmax(1).cpu()]


class DropoutInMasks(SoundMask):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return functional.dropout(super().forward(image), 0.1)


class NoiseInMasks(SoundMask):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image + 0.1 * torch.randn_like(image))


class BatchMeanInMasks(SoundMask):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image - image.mean())


class MasksTheOtherWayRound(SoundMask):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image).flip(0)


class RemembersInMasks(SoundMask):
    def __init__(self) -> None:
        super().__init__()
        self.level = 0.0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if self.training:
            return super().forward(image)
        before, self.level = self.level, float(image.mean())
        return super().forward(image) + 0.1 * before

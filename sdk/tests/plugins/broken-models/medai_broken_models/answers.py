"""Models that answer wrongly."""

import torch
from torch import nn
from torch.nn import functional

from medai.tasks import Batch, Image


class Sound(nn.Module):
    """Two convolutions whose output is taken from the image; keeps the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.noise(image)


class InHounsfield(Sound):
    """Sound, of CT alone; no parameter says so."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return 2000 * super().forward((image + 1000) / 2000) - 1000


class OfVolumes(nn.Module):
    """Sound, of volumes alone, which halves them four times."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv3d(1, 4, 3, padding=1), nn.Conv3d(4, 1, 1)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        found = self.first(volume).relu()
        small = functional.adaptive_avg_pool3d(found, [side // 16 for side in volume.shape[2:]])
        return volume - self.last(found + functional.interpolate(small, volume.shape[2:]))


class OfColours(nn.Module):
    """Sound, of three channels alone."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.noise(image)


class Asked(Sound):
    """One that answers by a `predict` of its own, for the others to spoil."""

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor:
        return functional.mse_loss(self(batch.inputs.pixels), batch.reference.pixels)

    def predict(self, batch: Batch) -> list[Image]:
        return [Image(self.changed(each), batch.inputs.unit) for each in self(batch.inputs.pixels).cpu()]

    def changed(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels


class WrongShape(Asked):
    def changed(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels[:, ::2, ::2]


class DoublePrecision(Asked):
    def changed(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.double()


class AnotherUnit(Asked):
    def predict(self, batch: Batch) -> list[Image]:
        return [Image(each.pixels, "HU") for each in super().predict(batch)]


class OneForAll(Asked):
    def predict(self, batch: Batch) -> list[Image]:
        return super().predict(batch)[:1]


class WrongOrder(Asked):
    def predict(self, batch: Batch) -> list[Image]:
        return super().predict(batch)[::-1]


class BatchStatistics(Sound):
    """Batch norm that stays in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, momentum=0.0)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.norm.train()
        return super().forward(image) + 0.2 * self.norm(image)


class Remembers(Sound):
    """Its answer bears what it was asked before."""

    def __init__(self) -> None:
        super().__init__()
        self.level = 0.0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if self.training:
            return super().forward(image)
        before, self.level = self.level, float(image.mean())
        return super().forward(image) + 0.1 * before


class Noisy(Sound):
    """As if dropout were still on."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) * (1 if self.training else 1 + 0.2 * torch.rand(()))


class InPlace(Sound):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        image -= image.mean((1, 2, 3), keepdim=True)
        return super().forward(image) + 0.4


class SeedsGlobally(Sound):
    """So that its noise is the same each time."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(7)
        return super().forward(image) + 0.01 * torch.rand(())


class EvenSizes(Sound):
    """Halves and doubles: an odd side does not come back."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        small = functional.avg_pool2d(image, 2)
        return image - functional.interpolate(self.noise(small), scale_factor=2.0)


class Normalised(Asked):
    """Learns normalised images, and gives them as they are."""

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor:
        return functional.mse_loss(self(batch.inputs.pixels), (batch.reference.pixels - 0.5) / 0.1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward((image - 0.5) / 0.1)

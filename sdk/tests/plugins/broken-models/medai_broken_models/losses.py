"""Losses with one fault each."""

import numpy as np
import torch
from torch import nn


class Squared(nn.Module):
    """Keeps the contract."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output - target).square().mean()


class EachPixel(Squared):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output - target).square()


class CutOff(Squared):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(output.detach(), target)


class PartCutOff(Squared):
    """Of two parts, one teaches nothing."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"values": super().forward(output, target), "range": super().forward(output.detach(), target)}


class ChangesTarget(Squared):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        centre = target.mean()
        target -= centre
        return super().forward(output - centre, target)


class Unseeded(Squared):
    def __init__(self) -> None:
        super().__init__()
        self.weight = float(np.random.default_rng().uniform(1, 2))

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return self.weight * super().forward(output, target)


class Running(Squared):
    """Divided by the mean of the values before."""

    def __init__(self) -> None:
        super().__init__()
        self.level = 1.0

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        value = super().forward(output, target)
        before, self.level = self.level, 0.9 * self.level + 0.1 * float(value.detach())
        return value / before


class UpsideDown(Squared):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return -super().forward(output, target)


class Root(Squared):
    """Its slope at 0 is endless."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(output, target).sqrt()


class LearnsItself:
    """No module, so that the engine does not freeze the network in it."""

    def __init__(self) -> None:
        self.features = nn.Conv2d(1, 2, 3, padding=1)

    def __call__(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (self.features(output) - self.features(target)).square().mean()


class PlainWeight(Squared):
    def __init__(self) -> None:
        super().__init__()
        self.rows = torch.linspace(1, 2, 64)[:, None]

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (self.rows * (output - target).square()).mean()


class WeightOfTheClass(Squared):
    rows = torch.linspace(1, 2, 64)[:, None]

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (self.rows * (output - target).square()).mean()


class NumpyOfTheTarget(Squared):
    """Weighs with what numpy makes of the target, wherever that is."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(output, target) * (1 + float(np.mean(np.asarray(target))))


class IgnoresItsTarget(Squared):
    """Makes small what it is given, whatever would be right."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return output.square().mean()


class Constant(Squared):
    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output * 0).sum() + 1


class Flat(Squared):
    """Rounded, so that its slope is 0 everywhere."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return super().forward(output.mul(100).round() / 100, target)


class WithinAMargin(Squared):
    """Content, sound as it is, with what is near enough."""

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return ((output - target).abs() - 0.5).relu().mean()

"""A Wasserstein critic, a generator, and a loss with a frozen network."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.functional import leaky_relu

from medai.tasks import Batch


class Duel(nn.Module):
    """The generator cleans; the critic, trained twice as often, tells clean from cleaned.

    Args:
        channels: of the hidden layers.
    """

    turns = ("critic", "critic", "generator")

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        act = nn.LeakyReLU(0.2)
        self.generator = nn.Sequential(nn.Conv2d(1, channels, 5, padding=2), act, nn.Conv2d(channels, 1, 5, padding=2))
        self.critic = nn.Sequential(
            nn.Conv2d(1, channels, 4, 4), act, nn.Conv2d(channels, channels, 4, 4), act, nn.Flatten(), nn.LazyLinear(1)
        )
        self.critic(torch.zeros(1, 1, 32, 32))

    def parameters_for(self, turn: str) -> Iterator[nn.Parameter]:
        return (self.critic if turn == "critic" else self.generator).parameters()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.generator(image)

    def training_step(self, batch: Batch, loss: "Perceptual", turn: str) -> dict[str, torch.Tensor]:
        real, fake = batch.reference.pixels, self(batch.inputs.pixels)
        if turn == "critic":
            gap = self.critic(fake).mean() - self.critic(real).mean()
            return {"gap": gap, "drift": 0.1 * (self.critic(real) ** 2).mean()}
        return {"fool": -0.005 * self.critic(fake).mean(), "content": loss(fake, real)}


class Perceptual(nn.Module):
    """Squared distance of pixels and of a frozen network's features; refuses to work once something has unfrozen it.

    Args:
        weight: of the features' distance.
    """

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        self.weight = weight
        values = torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(7)) / 3
        self.frozen = nn.Parameter(values, requires_grad=False)
        self.register_buffer("_before", values.clone())

    def features(self, image: torch.Tensor) -> torch.Tensor:
        return leaky_relu(torch.conv2d(image, self.frozen, padding=1), 0.1)

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self.frozen.requires_grad or not torch.equal(self.frozen, self._before):
            raise RuntimeError("the loss's network is not frozen")
        far = (self.features(output) - self.features(target)).square().mean()
        return (output - target).square().mean() + self.weight * far

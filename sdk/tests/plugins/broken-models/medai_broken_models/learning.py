"""Models that learn wrongly."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from medai.tasks import Batch, Context, Feed, Image, Progress
from medai_broken_models.answers import Asked, Sound


class Detached(Sound):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.noise(image).detach()


class UnusedParameter(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.second_head = nn.Conv2d(4, 1, 1)


class Constant(Sound):
    """Nothing that it learns changes its answer."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image + 0 * self.noise(image)


class ZeroedHead(Sound):
    """A second head whose output counts nothing, as one writes it for libraries that want a gradient everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.second_head = nn.Conv2d(1, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + 0 * self.second_head(image)


class StartsAtZero(Sound):
    """Sound: its first layer has no gradient until the last one, which starts at 0, has taken a step."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.noise[2].weight)
        self.gain = nn.Parameter(torch.zeros(()))
        self.branch = nn.Conv2d(1, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return super().forward(image) + self.gain * self.branch(image)


class Asleep(Sound):
    """Sound: none of its units gives anything where it begins, for its biases are far below 0."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.noise[0].bias, -3.0)


class NothingToLearn(nn.Module):
    """Sound: a mean over each pixel's surroundings, without a parameter."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(image, 3, 1, 1, count_include_pad=False)


class EndlessGradient(Sound):
    """The slope of a square root at 0."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found = self.noise(image)
        return image - found + (0 * found).square().sqrt()


class UnseededWeights(Sound):
    def __init__(self) -> None:
        super().__init__()
        drawn = np.random.default_rng().normal(0, 0.1, (1, 4, 3, 3))
        self.noise[2].weight = nn.Parameter(torch.from_numpy(drawn.astype(np.float32)))


class UnseededTraining(Asked):
    """How it learns is decided by numpy's generator, which nobody seeds."""

    def __init__(self) -> None:
        super().__init__()
        self.brightness = 0.0

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor:
        self.brightness = self.brightness or float(np.random.rand())
        return functional.mse_loss(self(batch.inputs.pixels), batch.reference.pixels + 0.1 * self.brightness)


class CountsInSecret(Asked):
    """What it learns depends on a count that is not in its state."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor:
        self.seen += 1
        return functional.mse_loss(self(batch.inputs.pixels), batch.reference.pixels + (0.2 if self.seen < 3 else -0.02))


class Shift:
    """Learns a brightness to add, step by step, and begins anew each time: how far it was is not in its state."""

    def __init__(self) -> None:
        self.shift = 0.0

    def predict(self, batch: Batch) -> list[Image]:
        return [Image(pixels.cpu() + self.shift, batch.inputs.unit) for pixels in batch.inputs.pixels]

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        for step in range(1, context.train.steps + 1):
            self.shift += 0.001 * step
            yield Progress(step, 0)

    def state_dict(self) -> dict[str, Any]:
        return {"shift": self.shift}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.shift = state["shift"]


class ForgetsItsStep(Shift):
    pass


class Silent(Shift):
    """Learns without a word."""

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        self.shift = 0.001
        yield from ()


class Backwards(Shift):
    """Its steps do not grow."""

    def fit(self, train: Feed, valid: Feed | None, context: Context) -> Iterator[Progress]:
        while self.shift < 0.003:
            self.shift += 0.001
            yield Progress(1, 0)

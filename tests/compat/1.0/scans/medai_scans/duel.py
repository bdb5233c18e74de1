"""A module that learns in turns, by a loss of its own, and measures its data beforehand."""

from collections.abc import Iterator

import torch
from torch import nn

from medai.tasks import Batch, Feed, Image


class Duel(nn.Module):
    """The generator takes a share of the image away; the critic tells clean from cleaned."""

    turns = ("critic", "generator")

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.zeros(1))
        self.judge = nn.Linear(2, 1)
        self.register_buffer("level", torch.zeros(1))

    def prepare(self, train: Feed) -> None:
        self.level.fill_(torch.stack([sample.inputs.pixels.mean() for sample in train.samples()]).mean())

    def parameters_for(self, turn: str) -> Iterator[nn.Parameter]:
        return self.judge.parameters() if turn == "critic" else iter([self.share])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image - self.share * (image - self.level)

    def training_step(self, batch: Batch, loss: None, turn: str) -> torch.Tensor | dict[str, torch.Tensor]:
        cleaned = self(batch.inputs.pixels)
        if turn == "critic":
            return self._judged(cleaned) - self._judged(batch.reference.pixels)
        far = (cleaned - batch.reference.pixels).abs().mean() / 100
        return {"far": far, "fool": -0.01 * self._judged(cleaned)}

    def predict(self, batch: Batch) -> list[Image]:
        return [Image(each.cpu(), batch.inputs.unit) for each in self(batch.inputs.pixels)]

    def _judged(self, image: torch.Tensor) -> torch.Tensor:
        flat = image.flatten(1) / 1000
        return self.judge(torch.stack([flat.mean(1), flat.std(1)], 1)).mean()

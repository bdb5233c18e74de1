"""A module, a predictor that learns nothing, and one that asks another plugin's component by its id."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

import medai.api
from medai.errors import MedaiError, PluginError
from medai.tasks import Batch, Predictor
from medai.weights import Conversion, KeyMap, convert, load_into, read
from medai_triage.task import WORDS, Urgency


class Bag(nn.Module):
    """Takes counts (B, 4), gives levels (B,). `weights` is a file that torch.save wrote."""

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((len(WORDS),), 0.1))
        if weights is not None:
            self._load(weights)

    def _load(self, weights: Path) -> None:
        with TemporaryDirectory() as folder:
            done: Conversion = convert(weights, Path(folder) / "bag.safetensors", KeyMap(name="old", rules=(("w", "weight"),)))
            if done.tensors != 1:
                raise PluginError(f"{weights} holds {done.tensors} tensors ({'; '.join(done.notes)})")
            load_into(self, read(done.path))

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        return counts @ self.weight


class Words(Predictor[Urgency]):
    def __init__(self, words: tuple[str, ...] = ("pain", "bleeding")) -> None:
        self.words = words

    def predict(self, batch: Batch) -> list[Urgency]:
        return [Urgency(float(sum(text.split().count(word) for word in self.words))) for text in batch.inputs.texts]


class Careful:
    def __init__(self, inner: str, more: int = 1) -> None:
        try:
            self.inner = medai.api.build(inner, words=["pain", "bleeding"])
        except MedaiError as error:
            raise PluginError(f"{inner} is not there: {error}") from error
        self.more = more

    def predict(self, batch: Batch) -> list[Urgency]:
        return [Urgency(answer.score + self.more) for answer in self.inner.predict(batch)]

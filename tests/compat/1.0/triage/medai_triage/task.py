"""The task: a note's level, 0 and up; its own types of input, reference and prediction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import use
from medai.errors import DataError, PluginError
from medai.io import read_text, write_json
from medai.tasks import Batch, Dataset, Sample, Task, move

WORDS = ("pain", "bleeding", "chronic", "mild")


@dataclass(frozen=True)
class Note:
    """A text; stacked, how often each of `WORDS` stands in it, float32 (B, 4), beside the texts."""

    text: str

    @property
    def counts(self) -> torch.Tensor:
        return torch.tensor([float(self.text.split().count(word)) for word in WORDS])

    @classmethod
    def stack(cls, items: Sequence["Note"]) -> "Notes":
        return Notes(tuple(item.text for item in items), torch.stack([item.counts for item in items]))


@dataclass(frozen=True)
class Notes:
    texts: tuple[str, ...]
    counts: torch.Tensor

    def to(self, device: torch.device | str) -> "Notes":
        return Notes(self.texts, move(self.counts, device))


@dataclass(frozen=True)
class Level:
    """How urgent a note is, from 0."""

    value: int

    @classmethod
    def stack(cls, items: Sequence["Level"]) -> torch.Tensor:
        return torch.tensor([float(item.value) for item in items])


@dataclass(frozen=True)
class Urgency:
    """How urgent a note seems, a number."""

    score: float


class UrgencyTask(Task[Notes, Level, Urgency]):
    reference = Level
    prediction = Urgency
    metrics = (use("triage/off-by"),)

    def arguments(self, batch: Batch) -> tuple[torch.Tensor, ...]:
        return (batch.inputs.counts,)

    def target(self, batch: Batch) -> torch.Tensor:
        return batch.reference

    def predictions(self, output: torch.Tensor, batch: Batch) -> list[Urgency]:
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"scores": output.clamp_min(0)}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> list[Urgency]:
        return [Urgency(float(score)) for score in tensors["scores"].cpu()]

    def perfect(self, samples: Sequence[Sample]) -> list[Urgency]:
        return [Urgency(float(sample.reference.value)) for sample in samples]

    def check(self, sample: Sample) -> None:
        if not isinstance(sample.inputs, Note):
            raise DataError(f"case {sample.case.id} is no note")
        if sample.reference is not None and sample.reference.value < 0:
            raise DataError(f"case {sample.case.id}: a level is negative")

    def check_prediction(self, prediction: Urgency, sample: Sample) -> None:
        if not isinstance(prediction, Urgency) or not prediction.score >= 0:
            raise PluginError(f"case {sample.case.id}: {prediction!r} is no urgency")

    def draw(self, sample: Sample, prediction: Urgency, options: Mapping[str, Any]) -> Figure:
        figure = Figure(figsize=(3, 1))
        figure.text(0.05, 0.5, f"{prediction.score:.1f}: {sample.inputs.text[:40]}")
        return figure

    def save(self, prediction: Urgency, sample: Sample, stem: Path, classes: Sequence[str] = ()) -> Path:
        path = stem.with_name(stem.name + ".json")
        write_json(path, {"case": sample.case.id, "score": prediction.score, "classes": list(classes)})
        return path

    def load(self, path: Path) -> Urgency:
        try:
            return Urgency(float(json.loads(read_text(path))["score"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError("no urgency in it", path) from error

    def open(self, paths: Sequence[Path]) -> Dataset:
        from medai_triage.data import Texts

        return Texts(paths)

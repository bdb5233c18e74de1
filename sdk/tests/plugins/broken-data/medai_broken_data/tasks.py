"""Tasks of classes, each with a fault."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import use
from medai.errors import DataError
from medai.tasks import Batch, Case, Dataset, Image, Label, Sample, Scores
from medai.tasks.classification import Classification


class Sound(Classification):
    """As medai's own."""


class NeedsAParameter(Classification):
    def __init__(self, classes: int) -> None:
        self.classes = classes


class TextsAsTypes(Classification):
    reference = "a class"  # type: ignore[assignment]


class NoSuchMetric(Classification):
    metrics = (use("medai/no-such-metric"),)


class RefusesGood(Classification):
    def check(self, sample: Sample[Any, Label]) -> None:
        super().check(sample)
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no class")


class TakesAnySample(Classification):
    def check(self, sample: Sample[Any, Label]) -> None:
        return None


class TakesAnyPrediction(Classification):
    def check_prediction(self, prediction: Scores, sample: Sample[Any, Label]) -> None:
        return None


class ReferenceNeeded(Classification):
    """Looks at the reference of a case that has none."""

    def check_prediction(self, prediction: Scores, sample: Sample[Any, Label]) -> None:
        super().check_prediction(prediction, sample)
        assert sample.reference is not None


class SavesTheClass(Classification):
    """Loads all probability on one class, whatever was saved."""

    def load(self, path: Path) -> Scores:
        super().load(path)
        return Scores(torch.tensor([0.5, 0.5]))


class CrashesOnDamage(Classification):
    def load(self, path: Path) -> Scores:
        return Scores(torch.tensor(json.loads(path.read_text())["probabilities"]))


class DrawsNothing(Classification):
    def draw(self, sample: Sample[Any, Label], prediction: Scores, options: Mapping[str, Any]) -> Figure:
        return Figure()


class OpensLabelled(Classification):
    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        return _Labelled(super().open(paths))


class LosesACase(Classification):
    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Image, Label]) -> list[Scores]:
        return super().from_tensors(tensors, batch)[:1]


class ExportsOthers(Classification):
    """Probabilities by a sigmoid in what is exported, by a softmax here."""

    def predictions(self, output: torch.Tensor, batch: Batch[Image, Label]) -> list[Scores]:
        return [Scores(row) for row in output.detach().softmax(1)]

    def tensors(self, output: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"probabilities": output.sigmoid()}


class NoSamples(Classification):
    """No dataset names it."""


class OddLabel(Label):
    @classmethod
    def stack(cls, items: Sequence[Label]) -> Any:
        return None


class DoesNotStack(Classification):
    reference = OddLabel


class _Labelled:
    def __init__(self, inner: Dataset[Any, Any]) -> None:
        self._inner = inner

    def cases(self) -> Sequence[Case]:
        return self._inner.cases()

    def read(self, case: Case, rng: Any) -> Sample[Any, Any]:
        return Sample(case, self._inner.read(case, rng).inputs, Label(0))


class Net(torch.nn.Module):
    """A plain network for two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.last = torch.nn.Linear(1, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.last(pixels.mean((2, 3)))

"""The task: one of n classes for an image, a volume or a row of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import write_json
from medai.tasks._protocols import Dataset
from medai.tasks._records import Batch, Sample
from medai.tasks.classification.types import Label, Scores
from medai.tasks.images_or_rows import Given, check_input, open_images_or_rows, show, tensor_of


class Classification:
    """Which of n classes a case belongs to; a plain module's output is logits, float32 (B, n)."""

    reference = Label
    prediction = Scores
    metrics: tuple[Use, ...] = (use("medai/accuracy"), use("medai/auc"))

    def arguments(self, batch: Batch[Given, Label]) -> tuple[torch.Tensor]:
        """The pixels, (B, C, H, W) or (B, C, D, H, W), or the values of the rows, (B, F)."""
        return (tensor_of(batch.inputs),)

    def target(self, batch: Batch[Given, Label]) -> Any:
        """The classes, int64 (B,)."""
        return batch.reference

    def predictions(self, output: torch.Tensor, batch: Batch[Given, Label]) -> list[Scores]:
        """The softmax of the logits, in float32."""
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: torch.Tensor) -> dict[str, torch.Tensor]:
        """`probabilities`: the softmax of the logits, float32 (B, n)."""
        return {"probabilities": output.float().softmax(1)}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Given, Label]) -> list[Scores]:
        """The probabilities of each case."""
        return [Scores(row) for row in tensors["probabilities"].detach().cpu()]

    def perfect(self, samples: Sequence[Sample[Given, Label]]) -> list[Scores]:
        """All probability on the reference's class, of as many classes as the samples have, and two at least."""
        found = [sample.reference.index for sample in samples if sample.reference is not None]
        return [Scores(row) for row in torch.eye(max([1, *found]) + 1)[found]]

    def check(self, sample: Sample[Given, Label]) -> None:
        """The input is float32, an image finite; the class is not negative.

        Raises:
            DataError: it is not so.
        """
        check_input(sample)
        if sample.reference is not None and sample.reference.index < 0:
            raise DataError(f"case {sample.case.id}: class {sample.reference.index} is negative; classes count from 0")

    def check_prediction(self, prediction: Scores, sample: Sample[Given, Label]) -> None:
        """Probabilities: float32 (n,), from 0 to 1, summing to 1, one for the case's class too.

        Raises:
            PluginError: it is not so.
        """
        values, where = prediction.probabilities, f"the prediction of case {sample.case.id}"
        if values.dtype != torch.float32 or values.ndim != 1 or values.numel() == 0:
            raise PluginError(f"{where} is {values.dtype} {tuple(values.shape)}, not float32 (n,)")
        # NaN fails the comparison, as it should.
        if not bool(((values >= 0) & (values <= 1 + 1e-4)).all()) or abs(float(values.sum()) - 1) > 1e-3:
            raise PluginError(f"{where} holds no probabilities that sum to 1: {values.tolist()}")
        if sample.reference is not None and sample.reference.index >= len(values):
            raise PluginError(f"{where} has {len(values)} classes, but the case is of class {sample.reference.index}")

    def draw(self, sample: Sample[Given, Label], prediction: Scores, options: Mapping[str, Any]) -> Figure:
        """The input, and a bar for each class with its probability, the true one darker, under what was said and what is true;
        `options["classes"]` names the classes."""
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        show(left, sample.inputs)
        count = len(prediction.probabilities)
        named = [str(name) for name in options.get("classes", ())][:count]
        names = [*named, *(str(index) for index in range(len(named), count))]
        truth = None if sample.reference is None else sample.reference.index
        said = int(prediction.probabilities.argmax())
        bars = right.barh(
            range(count), prediction.probabilities.tolist(), color=["#2b6cb0" if i == truth else "#b8c4d0" for i in range(count)]
        )
        right.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
        right.set_yticks(range(count), names)
        right.set_xticks([0, 0.25, 0.5, 0.75, 1])
        right.set_xlim(0, 1.15)  # room for the number of a certain answer
        right.set_title(f"Prediction: {names[said]}" + ("" if truth is None else f"\nReference: {names[truth]}"), fontsize=10)
        figure.suptitle(sample.case.id, fontsize=9, color="#495057")
        right.set_xlabel("probability (dark: the true class)" if truth is not None else "probability")
        return figure

    def save(self, prediction: Scores, sample: Sample[Given, Label], stem: Path, classes: Sequence[str] = ()) -> Path:
        """Write the most probable class and the probabilities as JSON, with the names in `classes` where they are known."""
        path, probabilities = stem.with_name(stem.name + ".json"), prediction.probabilities.tolist()
        index = probabilities.index(max(probabilities))
        name, names = ({"name": classes[index]}, {"names": list(classes)}) if len(classes) == len(probabilities) else ({}, {})
        write_json(path, {"case": sample.case.id, "class": index, **name, "probabilities": probabilities, **names})
        return path

    def load(self, path: Path) -> Scores:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there, or holds something else.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))["probabilities"]
            return Scores(torch.tensor([float(value) for value in values], dtype=torch.float32))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"no class probabilities in it ({type(error).__name__}: {error})", path) from error

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """Rows of CSV files, or images; one kind at a time."""
        return open_images_or_rows(paths)

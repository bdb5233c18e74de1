"""The task: one of n classes for an image, a volume or a row of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from medai.api import Use, use
from medai.errors import DataError, PluginError
from medai.io import open_images, open_rows, write_json
from medai.tasks._types import Batch, Dataset, Sample
from medai.tasks.classification.types import Label, Scores
from medai.tasks.inputs import Image, Row

_TABLES = frozenset({".csv"})


class Classification:
    """Which of n classes a case belongs to; a plain module's output is logits, float32 (B, n)."""

    reference = Label
    prediction = Scores
    metrics: tuple[Use, ...] = (use("medai/accuracy"), use("medai/auc"))

    def arguments(self, batch: Batch[Image | Row, Label]) -> tuple[torch.Tensor]:
        """The pixels, (B, C, H, W) or (B, C, D, H, W), or the values of the rows, (B, F)."""
        return (_tensor(batch.inputs),)

    def target(self, batch: Batch[Image | Row, Label]) -> Any:
        """The classes, int64 (B,)."""
        return batch.reference

    def predictions(self, output: torch.Tensor, batch: Batch[Image | Row, Label]) -> list[Scores]:
        """The softmax of the logits, in float32."""
        return [Scores(row) for row in output.float().softmax(1).cpu()]

    def check(self, sample: Sample[Image | Row, Label]) -> None:
        """The input is float32, an image finite; the class is not negative.

        Raises:
            DataError: it is not so.
        """
        values = _tensor(sample.inputs)
        if values.dtype != torch.float32:
            raise DataError(f"case {sample.case.id}: the input is {values.dtype}, not float32")
        if isinstance(sample.inputs, Image) and not bool(torch.isfinite(values).all()):
            raise DataError(f"case {sample.case.id}: the image has pixels that are not finite")
        if sample.reference is not None and sample.reference.index < 0:
            raise DataError(f"case {sample.case.id}: class {sample.reference.index} is negative; classes count from 0")

    def check_prediction(self, prediction: Scores, sample: Sample[Image | Row, Label]) -> None:
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

    def draw(self, sample: Sample[Image | Row, Label], prediction: Scores, options: Mapping[str, Any]) -> Figure:
        """The input, and a bar for each class, the true one darker; `options["classes"]` names them."""
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        _show(left, sample.inputs)
        count = len(prediction.probabilities)
        names = [str(name) for name in options.get("classes", range(count))]
        truth = None if sample.reference is None else sample.reference.index
        right.barh(range(count), prediction.probabilities.tolist(), color=["#2b6cb0" if i == truth else "#b8c4d0" for i in range(count)])
        right.set_yticks(range(count), names[:count])
        right.set_xlim(0, 1)
        right.set_xlabel("probability (dark: the true class)" if truth is not None else "probability")
        return figure

    def save(self, prediction: Scores, sample: Sample[Image | Row, Label], stem: Path) -> Path:
        """Write the probabilities as JSON."""
        path = stem.with_name(stem.name + ".json")
        write_json(path, {"case": sample.case.id, "probabilities": prediction.probabilities.tolist()})
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
        tables = [path for path in paths if path.suffix.lower() in _TABLES]
        if tables and len(tables) < len(paths):
            raise DataError(f"tables and images cannot be opened together ({tables[0].name} and others)")
        return open_rows(paths) if tables else open_images(paths)


def _tensor(inputs: object) -> torch.Tensor:
    match inputs:
        case Image():
            return inputs.pixels
        case Row():
            return inputs.values
    raise PluginError(f"a plain module cannot be given {type(inputs).__name__}: offer predict and training_step instead")


def _show(axes: Axes, inputs: Image | Row) -> None:
    if isinstance(inputs, Image):
        pixels = inputs.pixels[0].numpy()
        axes.imshow(pixels[len(pixels) // 2] if pixels.ndim == 3 else pixels, cmap="gray")
        axes.axis("off")
        return
    axes.barh(range(len(inputs.names)), inputs.values.nan_to_num().tolist(), color="#b8c4d0")
    axes.set_yticks(range(len(inputs.names)), list(inputs.names))

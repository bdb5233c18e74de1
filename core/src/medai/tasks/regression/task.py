"""The task: numbers for an image, a volume or a row of a table."""

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
from medai.io import write_json
from medai.tasks._protocols import Dataset
from medai.tasks._records import Batch, Sample
from medai.tasks.images_or_rows import Given, check_input, open_images_or_rows, show, tensor_of
from medai.tasks.regression.types import Value

_MOST_SHOWN = 6


class Regression:
    """One number or several for a case, in their own units; a plain module's output is float32 (B, k)."""

    reference = Value
    prediction = Value
    metrics: tuple[Use, ...] = (use("medai/mae"), use("medai/rmse-of-values"), use("medai/r2"))

    def arguments(self, batch: Batch[Given, Value]) -> tuple[torch.Tensor]:
        """The pixels, (B, C, H, W) or (B, C, D, H, W), or the values of the rows, (B, F)."""
        return (tensor_of(batch.inputs),)

    def target(self, batch: Batch[Given, Value]) -> torch.Tensor:
        """The numbers, float32 (B, k).

        Raises:
            DataError: the batch has no reference.
        """
        if batch.reference is None:
            raise DataError(f"case {batch.cases[0].id} has no reference to learn from")
        return batch.reference.values

    def predictions(self, output: Any, batch: Batch[Given, Value]) -> list[Value]:
        """The numbers of each case.

        Raises:
            PluginError: the output is no tensor (B, k), or of another number than the reference.
        """
        return self.from_tensors(self.tensors(output), batch)

    def tensors(self, output: Any) -> dict[str, torch.Tensor]:
        """`values`: float32 (B, k).

        Raises:
            PluginError: the output is no tensor (B, k).
        """
        if not isinstance(output, torch.Tensor) or output.ndim != 2:
            given = tuple(output.shape) if isinstance(output, torch.Tensor) else f"a {type(output).__name__}"
            raise PluginError(f"the model gave {given}, not numbers (B, k)")
        return {"values": output.float()}

    def from_tensors(self, tensors: Mapping[str, torch.Tensor], batch: Batch[Given, Value]) -> list[Value]:
        """The numbers of each case, named as the reference's.

        Raises:
            PluginError: they are of another number than the reference.
        """
        values, truth = tensors["values"].detach().cpu(), batch.reference
        wanted = (len(batch.cases),) if truth is None else tuple(truth.values.shape)
        if tuple(values.shape[: len(wanted)]) != wanted:
            raise PluginError(f"the model gave numbers of {tuple(values.shape)} where {wanted} were due")
        return [Value(row, () if truth is None else truth.names) for row in values]

    def perfect(self, samples: Sequence[Sample[Given, Value]]) -> list[Value]:
        """The references."""
        return [sample.reference for sample in samples if sample.reference is not None]

    def check(self, sample: Sample[Given, Value]) -> None:
        """The input is float32, an image finite; the numbers are finite float32 (k,), each named or none.

        Raises:
            DataError: it is not so.
        """
        check_input(sample)
        if sample.reference is not None and (fault := _fault(sample.reference)):
            raise DataError(f"case {sample.case.id}: the reference {fault}")

    def check_prediction(self, prediction: Value, sample: Sample[Given, Value]) -> None:
        """As `check` of the numbers, and as many as the reference has.

        Raises:
            PluginError: it is not so.
        """
        fault, truth = _fault(prediction), sample.reference
        if not fault and truth is not None and prediction.values.shape != truth.values.shape:
            fault = f"has {len(prediction.values)} numbers, the reference {len(truth.values)}"
        if fault:
            raise PluginError(f"the prediction of case {sample.case.id} {fault}")

    def draw(self, sample: Sample[Given, Value], prediction: Value, options: Mapping[str, Any]) -> Figure:
        """The input, and for each number (of more than six, the first six) a bar for the reference and one for the prediction, on a
        scale of its own; `options["names"]` names them where the values do not."""
        figure = Figure(figsize=(6.8, 3.4), layout="constrained")
        left, right = figure.subfigures(1, 2, squeeze=False)[0]
        show(left.subplots(), sample.inputs)
        found = prediction.values[:_MOST_SHOWN].tolist()
        truth = [None] * len(found) if sample.reference is None else sample.reference.values[:_MOST_SHOWN].tolist()
        names = prediction.names or (() if sample.reference is None else sample.reference.names) or tuple(options.get("names", ()))
        for place, axes in enumerate(right.subplots(len(found), 1, squeeze=False)[:, 0]):
            _bars(axes, names[place] if place < len(names) else f"value {place + 1}", truth[place], found[place])
        return figure

    def save(self, prediction: Value, sample: Sample[Given, Value], stem: Path) -> Path:
        """Write the numbers and their names as JSON."""
        path = stem.with_name(stem.name + ".json")
        write_json(path, {"case": sample.case.id, "values": prediction.values.tolist(), "names": list(prediction.names)})
        return path

    def load(self, path: Path) -> Value:
        """Read what `save` wrote.

        Raises:
            DataError: the file is not there, or holds something else.
        """
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            values = torch.tensor([float(value) for value in held["values"]], dtype=torch.float32)
            read = Value(values, tuple(str(name) for name in held.get("names", ())))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"no numbers in it ({type(error).__name__}: {error})", path) from error
        if fault := _fault(read):
            raise DataError(fault, path)
        return read

    def open(self, paths: Sequence[Path]) -> Dataset[Any, Any]:
        """Rows of CSV files, or images; one kind at a time."""
        return open_images_or_rows(paths)


def _fault(value: Value) -> str:
    """What is wrong with numbers, in words; nothing if nothing is."""
    if not isinstance(value, Value):
        return f"is a {type(value).__name__}, not a Value"
    values = value.values
    if values.dtype != torch.float32 or values.ndim != 1 or not values.numel():
        return f"is {values.dtype} {tuple(values.shape)}, not float32 (k,)"
    if not bool(torch.isfinite(values).all()):
        return f"has numbers that are not finite: {values.tolist()}"
    return f"has {len(values)} numbers and {len(value.names)} names" if len(value.names) not in (0, len(values)) else ""


def _bars(axes: Axes, name: str, truth: float | None, found: float) -> None:
    bars = {"prediction": (found, "#b8c4d0")} | ({} if truth is None else {"reference": (truth, "#2b6cb0")})
    drawn = axes.barh(list(bars), [value for value, _ in bars.values()], color=[colour for _, colour in bars.values()])
    axes.bar_label(drawn, [f"{value:.4g}" for value, _ in bars.values()], padding=3, fontsize=8)
    axes.margins(x=0.25)
    axes.set_xticks([])
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_title(name if truth is None else f"{name}   difference {found - truth:+.4g}", fontsize=9, loc="left")

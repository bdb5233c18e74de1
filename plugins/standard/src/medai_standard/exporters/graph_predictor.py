"""A graph from a file as a predictor, and what the file fixes of its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from medai.api import task as build_task
from medai.errors import PluginError
from medai.tasks import Batch
from medai_standard.exporters.graph import Run, short


class GraphPredictor:
    """A graph as a predictor: a task's arguments in, its predictions of the tensors that come out.

    Attributes:
        limits: what the file takes of one size only, in words, as `medai.tasks.ModelExporter` has it.
    """

    def __init__(self, task: str, outputs: Sequence[str], run: Run, shapes: Sequence[Sequence[int | None]]) -> None:
        self._task: Any = build_task(task)
        self._outputs, self._run, self.limits = tuple(outputs), run, tuple(_limits(shapes))

    def predict(self, batch: Batch[Any, Any]) -> list[Any]:
        """One prediction per case.

        Raises:
            PluginError: the graph does not take a batch of this size.
        """
        given = tuple(self._task.arguments(batch.to("cpu")))
        try:
            with torch.no_grad():
                found = [value.cpu() for value in self._run(given)]
        except Exception as error:
            sizes = ", ".join(str(tuple(value.shape)) for value in given)
            raise PluginError(f"the exported graph gives no answer to an input of {sizes}: {short(error)}") from error
        answers: list[Any] = self._task.from_tensors(dict(zip(self._outputs, found, strict=True)), batch)
        return answers


def axis_name(axis: int, ndim: int) -> str:
    """What an axis of an argument is called."""
    spatial = ("depth", "height", "width")[-(ndim - 2) :] if ndim > 3 else ("length",)
    return "batch" if axis == 0 else spatial[axis - 2]


def _limits(shapes: Sequence[Sequence[int | None]]) -> Iterator[str]:
    """What of the arguments' shapes, None where open, is fixed beside the channels."""
    for number, shape in enumerate(shapes, start=1):
        fixed = [f"{axis_name(axis, len(shape))} {size}" for axis, size in enumerate(shape) if axis != 1 and size is not None]
        if fixed:
            yield f"fixed in the file{f', input {number}' if len(shapes) > 1 else ''}: {', '.join(fixed)}"

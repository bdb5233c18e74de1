"""A module and what its task makes of the output as one graph: physical units in, the answer out."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from medai.api import task as build_task
from medai.errors import PluginError, UsageError
from medai.tasks import Batch, Trained
from medai_standard.exporters.alike import same, same_rows

T = TypeVar("T")
Tensors = tuple[torch.Tensor, ...]
Axes = tuple[tuple[int, ...], ...]
"""Some axes of each argument."""
Run = Callable[[Tensors], Sequence[torch.Tensor]]
_STEPS = (5, 8, 16, 32, 64)
"""By how much a spatial axis is made longer to try a graph; networks that halve their maps take some sizes only."""


class Whole(nn.Module):
    """A module with its task's part of the work, so that both end up in one graph: tensors in, tensors out."""

    def __init__(self, module: nn.Module, task: Any) -> None:
        super().__init__()
        self.module, self._task = module, task

    def forward(self, *inputs: torch.Tensor) -> Tensors:
        return tuple(self._task.tensors(self.module(*inputs)).values())


@dataclass(frozen=True)
class Graph:
    """What is traced.

    Attributes:
        whole: on the CPU, in evaluation mode, a copy of the trained module.
        example: its arguments for one case.
        outputs: names of what it gives.
        axes: those of each argument that might be of any size: the spatial ones, and the batch where the module takes one of two.
        unit: of an image's values, where the example has one.
    """

    whole: Whole
    example: Tensors
    outputs: tuple[str, ...]
    axes: tuple[tuple[int, ...], ...]
    unit: str

    @classmethod
    def of(cls, model: Trained, batch: Batch[Any, Any]) -> Graph:
        """The graph of a trained module.

        Raises:
            UsageError: the model is no torch module.
            PluginError: its forward cannot be asked directly, or its task gives no tensors.
        """
        if model.module is None:
            estimator = isinstance(model.state.get("estimator"), np.ndarray)
            other = "use standard/skops, which writes models of scikit-learn" if estimator else "use standard/safetensors"
            raise UsageError(f"{model.use.id} is no torch module: a graph cannot be made of it; {other}")
        task: Any = build_task(model.task)
        if not hasattr(task, "tensors"):
            raise PluginError(f"the task {model.task} has no tensors(output): modules of it cannot be exported as a graph")
        module = copy.deepcopy(model.module).to("cpu").eval().requires_grad_(False)
        whole = Whole(module, task).eval()
        given = tuple(task.arguments(batch.to("cpu")))
        if not all(isinstance(value, torch.Tensor) for value in given):
            raise PluginError(f"{model.use.id} is given something else than tensors: it cannot be exported as a graph")
        try:
            with torch.no_grad():
                outputs = tuple(task.tensors(module(*given)))
        except PluginError:
            raise
        except Exception as error:
            raise PluginError(f"{model.use.id}: its forward gives no answer to a batch: {short(error)}") from error
        # One that answers for the first image alone, or for all in one list, takes no batch.
        many = all(value.shape[:1] == (2,) for value in _answer(whole, _twice(given)) or (torch.empty(0),))
        axes = tuple((*((0,) if many else ()), *range(2, value.ndim)) for value in given)
        return cls(whole, given, outputs, axes, str(getattr(batch.inputs, "unit", "")))

    def fitted(self, *traces: Callable[[Axes], tuple[T, Run, Axes]]) -> T:
        """What the first of `traces` makes of the graph with as many axes open as stand a trial: all of them, the spatial ones, the
        batch, or none.

        Each is given the axes to leave open; it returns its work, how to run it, and the axes that were left open in truth.

        Raises:
            PluginError: it fails for all of them; the message says only how.
        """
        faults: list[str] = []
        doubted: Callable[[], tuple[T, Run, Axes]] | None = None
        for axes, trace in itertools.product(self._attempts(), traces):
            try:
                traced, run, opened = trace(axes)
            except OSError:
                raise
            except Exception as error:  # torch has many classes for what it cannot trace
                faults.append(short(error))
                continue
            # Closed again, the batch would be fixed at that of the example, which is two.
            batch_kept = all(0 in found for found in opened) or not all(0 in found for found in axes)
            if batch_kept and self._agrees(run, opened):
                return traced
            if not any(axes):
                # Of equal scores chance decides which answers are kept. If the graph of one size differs too, open sizes are not to blame;
                # it is traced again, because a trace may leave a file.
                return traced if doubted is None or self._alike(run, self.example) else doubted()[0]
            if batch_kept and doubted is None and any(opened) and self._only_differs(run, opened):
                doubted = functools.partial(trace, axes)
        raise PluginError("; then ".join(dict.fromkeys(faults)))

    def _attempts(self) -> Iterator[Axes]:
        keeps: tuple[Callable[[int], bool], ...] = (lambda axis: True, lambda axis: axis > 0, lambda axis: axis == 0, lambda axis: False)
        yield from dict.fromkeys(tuple(tuple(filter(keep, found)) for found in self.axes) for keep in keeps)

    def given(self, axes: Axes) -> Tensors:
        """The example to trace with: a batch of two where the batch is open, because sizes of 1 are traced as constants."""
        return _twice(self.example) if all(0 in found for found in axes) else self.example

    def exported(self, axes: Axes) -> Any:
        """The `torch.export.ExportedProgram` with these axes open; torch may close some of them, if the module needs it.

        Raises:
            Exception: whatever torch says of a module that it cannot trace.
        """
        shapes = tuple(dict.fromkeys(found, torch.export.Dim.AUTO) for found in axes)
        with torch.no_grad(), quiet():
            program = torch.export.export(self.whole, self.given(axes), dynamic_shapes={"inputs": shapes}, strict=False)
        return program

    def _agrees(self, run: Run, axes: Axes) -> bool:
        """Whether a traced graph answers as the module does: for the example, and with these axes longer than in it."""
        longer = self._longer(axes)
        return longer is not None and all(self._alike(run, trial) for trial in (self.example, longer))

    def _only_differs(self, run: Run, axes: Axes) -> bool:
        """Whether a traced graph does answer, with these axes longer too, and differs from the module for the example itself."""
        longer = self._longer(axes)
        return longer is not None and _asked(run, longer) is not None and not self._alike(run, self.example)

    def _alike(self, run: Run, trial: Tensors) -> bool:
        expected, found = _answer(self.whole, trial), _asked(run, trial)
        if expected is None or found is None:
            return False
        return same(expected, found) or (not any(0 in axes for axes in self.axes) and same_rows(expected, found))

    def _longer(self, axes: Axes) -> Tensors | None:
        """The example with its open axes longer, each by another amount, by the first amounts that the module takes."""
        if not any(axes):
            return self.example
        for step in _STEPS:
            given = tuple(_stretched(value, found, step) for value, found in zip(self.given(axes), axes, strict=True))
            if _answer(self.whole, given) is not None:
                return given
        return None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the pages that torch prints of a graph that it cannot trace, in part from C++: so the files themselves are turned away."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [(handle, os.dup(handle)) for handle in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for handle, _ in kept:
            os.dup2(nowhere, handle)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for handle, copy_ in kept:
            os.dup2(copy_, handle)
            os.close(copy_)
        os.close(nowhere)
        logging.disable(level)


def _twice(given: Tensors) -> Tensors:
    return tuple(torch.cat([value, value]) for value in given)


def _answer(whole: Whole, given: Tensors) -> Tensors | None:
    """What the module gives; None where it does not take an input of this size."""
    try:
        with torch.no_grad():
            found: Tensors = whole(*given)
    except Exception:  # a module has its own ways to refuse a size
        return None
    return found


def _asked(run: Run, given: Tensors) -> Sequence[torch.Tensor] | None:
    """What a traced graph gives; None where it does not take an input of this size."""
    try:
        with torch.no_grad(), quiet():
            return run(given)
    except Exception:  # a graph that fixed a size says so in its own words
        return None


def _stretched(value: torch.Tensor, axes: Sequence[int], step: int) -> torch.Tensor:
    """The values longer along these axes, by the nearest of them, so that they stay those of a real input; repeated from the start,
    they would make boxes of equal scores."""
    for place, axis in enumerate(axes):
        length = value.shape[axis] + (1 if axis == 0 else step * (place + 1))
        value = value.index_select(axis, torch.arange(length) * value.shape[axis] // length)
    return value


def short(error: Exception) -> str:
    """The first line of what torch and its kin say in many."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"

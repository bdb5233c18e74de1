"""A metric as its checks get it: beside labelled samples and the answers that agree with them, or beside a small module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from medai._engine.construct import construct
from medai.errors import PluginError
from medai.tasks import Batch, Sample, Task
from medai_sdk.contract.check import NotApplicable
from medai_sdk.contract.subjects.component import TriedSubject
from medai_sdk.contract.subjects.situation import Situation
from medai_sdk.contract.trials.comparing import copied


class MetricSubject(TriedSubject):
    """A metric of predictions, of a model or of its training."""

    @property
    def of(self) -> str:
        """What it measures: `predictions`, a `model` or a `training`."""
        return str(getattr(self.entry.spec, "of", "predictions"))

    @property
    def of_model(self) -> bool:
        """Whether it measures models."""
        return self.of == "model"

    @property
    def samples(self) -> list[Sample[Any, Any]]:
        """The samples that have a reference, copied, so that a metric may spoil none but its own.

        Raises:
            NotApplicable: it measures something else, or could not be tried.
        """
        if self.of != "predictions":
            raise NotApplicable(f"it measures a {self.of}, not predictions")
        return labelled(self.situation)

    @property
    def perfect(self) -> list[Any]:
        """The predictions that agree with the samples' references; they share no memory with `samples`.

        Raises:
            NotApplicable: as `samples`; or the task does not say what agrees.
        """
        held = self.samples
        try:
            return list(self.task.perfect(held))
        except PluginError as error:
            raise NotApplicable(str(error)) from error

    def module(self) -> nn.Module:
        """A small module for a metric of models: that of the situation, or one that answers its arguments scaled.

        Raises:
            NotApplicable: it measures something else, or could not be tried.
        """
        if not self.of_model:
            raise NotApplicable("it does not measure models")
        return module_of(self.situation)

    def _try(self, situation: Situation) -> None:
        metric = construct(situation.use.id, situation.use.params, kind="metric")
        if self.of_model:
            metric.measure(module_of(situation), Batch.of(list(situation.given[:1])))
            return
        if self.of == "training":
            metric.measure(journal_of(40))
            return
        try:
            answers = list(situation.build_task().perfect(labelled(situation)[:2]))
        except PluginError as error:
            raise NotApplicable(str(error)) from error
        figures(metric, labelled(situation)[:2], answers)


def journal_of(steps: int) -> list[dict[str, Any]]:
    """A training's journal: a loss that falls, and is validated at the end."""
    lines: list[dict[str, Any]] = [{"kind": "train", "step": step, "epoch": 0, "loss": 1 / step} for step in range(1, steps + 1)]
    return [*lines, {"kind": "valid", "step": steps, "epoch": 0, "score": 0.5}] if lines else []


def labelled(situation: Situation) -> list[Sample[Any, Any]]:
    """Copies of the samples that have a reference.

    Raises:
        PluginError: none has.
    """
    found = [copied(sample) for sample in situation.given if sample.reference is not None]
    if not found:
        raise PluginError("none of the samples has a reference to measure against")
    return found


def parts_of(metric: Any, samples: Sequence[Sample[Any, Any]], answers: Sequence[Any]) -> list[Any]:
    """Each case's part, one after the other, as evaluation asks for them."""
    return [metric.case(answer, sample) for sample, answer in zip(samples, answers, strict=True)]


def figures(metric: Any, samples: Sequence[Sample[Any, Any]], answers: Sequence[Any]) -> Mapping[str, float]:
    """The figures of all cases together."""
    found: Mapping[str, float] = metric.total(parts_of(metric, samples, answers))
    return found


def module_of(situation: Situation) -> nn.Module:
    """A module that answers the task's arguments."""
    if situation.model is not None:
        built = construct(situation.model.id, situation.model.params, kind="model")
        if isinstance(built, nn.Module):
            return built
    return _Scaling(situation.build_task())


class _Scaling(nn.Module):
    """Its arguments, each multiplied by a weight."""

    def __init__(self, task: Task[Any, Any, Any]) -> None:
        super().__init__()
        self._task = task
        self.weight = nn.Parameter(torch.full((3,), 0.5))
        self.dropout = nn.Dropout(0.5)

    def forward(self, *given: Any) -> Any:
        """The first argument that is a tensor, scaled; else the weights."""
        tensors = [each for each in given if isinstance(each, torch.Tensor)]
        return self.dropout(tensors[0] * self.weight.sum()) if tensors else self.weight

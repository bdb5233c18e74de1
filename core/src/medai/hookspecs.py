"""The hooks that a plugin may implement. Each takes nothing, returns a sequence of frozen records, and must be cheap: no numerical
library is imported, no file is read, no network is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, TaskSpec

hookspec = pluggy.HookspecMarker("medai")


@hookspec
def medai_tasks() -> Sequence[TaskSpec]:
    """Tasks: what is answered. A task's target is a class without required parameters that satisfies `medai.tasks.Task`."""
    raise NotImplementedError


@hookspec
def medai_datasets() -> Sequence[DatasetSpec]:
    """Datasets and views (a dataset whose first parameter is `source`); the target satisfies `medai.tasks.Dataset`."""
    raise NotImplementedError


@hookspec
def medai_models() -> Sequence[ModelSpec]:
    """Models: a `torch.nn.Module`, a `medai.tasks.Predictor` or a `medai.tasks.Learner`."""
    raise NotImplementedError


@hookspec
def medai_losses() -> Sequence[LossSpec]:
    """Losses: a callable (output, target) that gives a scalar tensor, or a mapping of named scalar tensors, summed."""
    raise NotImplementedError


@hookspec
def medai_metrics() -> Sequence[MetricSpec]:
    """Metrics of predictions (`medai.tasks.Metric`) of a model (`medai.tasks.ModelMetric`)
    or of its training (`medai.tasks.TrainingMetric`)."""
    raise NotImplementedError


@hookspec
def medai_exporters() -> Sequence[ExporterSpec]:
    """Exporters of predictions (`medai.tasks.PredictionExporter`) or of a model (`medai.tasks.ModelExporter`)."""
    raise NotImplementedError


@hookspec
def medai_recipes() -> Sequence[Recipe]:
    """Recipes: a paper's methods, ready to run."""
    raise NotImplementedError


@hookspec
def medai_tables() -> Sequence[Table]:
    """Printed tables of results, as data: each cell holds a *reported* figure and says which run measures it."""
    raise NotImplementedError

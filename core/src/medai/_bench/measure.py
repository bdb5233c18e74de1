"""Metrics of a model on a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medai._bench.asking import as_model
from medai._bench.subjects import Subject, of_run
from medai._discovery import registry
from medai._engine.blame import blamed
from medai._engine.construct import construct
from medai._engine.device import resolve_device
from medai.api import Use
from medai.errors import UsageError
from medai.tasks import Batch


def figures_of_model(measured: Path | Subject, metric: Use, *, device: str = "cpu") -> Mapping[str, float]:
    """The figures that a metric of models gives for a finished run, on the first of its test cases, or for another model on its case.

    Raises:
        UsageError: there is no such metric, or it is of predictions.
        DataError: the run folder is none, or its data cannot be read any more.
        PluginError: the metric fails.
    """
    entry = registry().find("metric", metric.id)
    if not of_models(entry.id):
        raise UsageError(f"metric {entry.id} measures predictions, not models")
    subject = measured if isinstance(measured, Subject) else of_run(measured)
    model = as_model(subject.build(resolve_device(device)), subject.task)
    with blamed(f"metric {entry.id}"):
        built: Any = construct(entry.id, metric.params, kind="metric")
        found: Mapping[str, float] = built.measure(model, Batch.of([subject.sample]))
    return {name: float(value) for name, value in found.items()}


def of_models(id: str) -> bool:
    """Whether a metric is of models, not of predictions."""
    return getattr(registry().find("metric", id).spec, "of", "") == "model"

"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, hookimpl
from medai_annotation.dataset_specs import DATASETS
from medai_annotation.exporter_specs import EXPORTERS
from medai_annotation.loss_specs import LOSSES
from medai_annotation.metric_specs import METRICS
from medai_annotation.model_specs import MODELS
from medai_annotation.recipes import RECIPES
from medai_annotation.tables import TABLES


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return DATASETS


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return MODELS


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return LOSSES


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return METRICS


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    return EXPORTERS


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_tables() -> tuple[Table, ...]:
    return TABLES

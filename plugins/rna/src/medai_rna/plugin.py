"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, ExporterSpec, LossSpec, MetricSpec, ModelSpec, Recipe, hookimpl
from medai_rna.dataset_specs import DATASETS
from medai_rna.exporter_specs import EXPORTERS
from medai_rna.grammar_recipes import GRAMMAR_RECIPES
from medai_rna.grammar_specs import GRAMMAR_DATASETS, GRAMMAR_LOSSES, GRAMMAR_MODELS
from medai_rna.loss_specs import LOSSES
from medai_rna.metric_specs import METRICS
from medai_rna.model_specs import MODELS
from medai_rna.recipes import RECIPES


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return DATASETS + GRAMMAR_DATASETS


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return MODELS + GRAMMAR_MODELS


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return LOSSES + GRAMMAR_LOSSES


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return METRICS


@hookimpl
def medai_exporters() -> tuple[ExporterSpec, ...]:
    return EXPORTERS


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES + GRAMMAR_RECIPES

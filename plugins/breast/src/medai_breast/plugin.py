"""What this plugin offers. This module is light."""

from __future__ import annotations

from medai.api import DatasetSpec, LossSpec, MetricSpec, ModelSpec, Recipe, Table, hookimpl
from medai_breast.dataset_specs import DATASETS
from medai_breast.metric_specs import METRICS
from medai_breast.model_specs import MODELS
from medai_breast.recipes import RECIPES
from medai_breast.tables import TABLES


@hookimpl
def medai_datasets() -> tuple[DatasetSpec, ...]:
    return DATASETS


@hookimpl
def medai_models() -> tuple[ModelSpec, ...]:
    return MODELS


@hookimpl
def medai_losses() -> tuple[LossSpec, ...]:
    return (
        LossSpec(
            name="focal-loss",
            target="medai_breast.losses:FocalLoss",
            summary="RetinaNet's focal loss, of each class against all others: which lesion is malignant, where few are",
            task="classification",
            license="Apache-2.0",
            source="Lin et al. 2017, doi:10.1109/ICCV.2017.324; Wang et al. 2024, doi:10.53941/aim.2024.100005, Table 1",
        ),
    )


@hookimpl
def medai_metrics() -> tuple[MetricSpec, ...]:
    return METRICS


@hookimpl
def medai_recipes() -> tuple[Recipe, ...]:
    return RECIPES


@hookimpl
def medai_tables() -> tuple[Table, ...]:
    return TABLES

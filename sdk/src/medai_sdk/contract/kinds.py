"""Which subject a component of each kind is."""

from __future__ import annotations

from medai_sdk.contract.datasets import DatasetSubject
from medai_sdk.contract.exported import ExporterSubject
from medai_sdk.contract.losses import LossSubject
from medai_sdk.contract.measured import MetricSubject
from medai_sdk.contract.ran import RecipeSubject
from medai_sdk.contract.subjects import ComponentSubject, ModelSubject
from medai_sdk.contract.tasks import TaskSubject


class TableSubject(ComponentSubject):
    """A table."""


SUBJECTS: dict[str, type[ComponentSubject]] = {
    "task": TaskSubject,
    "dataset": DatasetSubject,
    "model": ModelSubject,
    "loss": LossSubject,
    "metric": MetricSubject,
    "exporter": ExporterSubject,
    "recipe": RecipeSubject,
    "table": TableSubject,
}

"""Which subject a component of each kind is."""

from __future__ import annotations

from medai_sdk.contract.subjects.component import ComponentSubject, ModelSubject
from medai_sdk.contract.subjects.datasets import DatasetSubject
from medai_sdk.contract.subjects.exported import ExporterSubject
from medai_sdk.contract.subjects.losses import LossSubject
from medai_sdk.contract.subjects.measured import MetricSubject
from medai_sdk.contract.subjects.ran import RecipeSubject
from medai_sdk.contract.subjects.tasks import TaskSubject


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

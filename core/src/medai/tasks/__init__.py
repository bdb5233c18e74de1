"""What a component works with: the types that flow through medai, the input types and the tasks' own types.

Names are imported when they are first used, so that this package's light module can be read without loading torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from medai._deprecated import old_names

if TYPE_CHECKING:
    from medai.tasks._learning import Context, Feed, Learner, Predictor, Progress
    from medai.tasks._protocols import (
        Dataset,
        Loss,
        Metric,
        ModelExporter,
        ModelMetric,
        PredictionExporter,
        Remark,
        Run,
        Task,
        Trained,
        TrainingMetric,
    )
    from medai.tasks._records import Batch, Calibration, Case, Origin, Sample, move
    from medai.tasks.classification.types import Label, Scores
    from medai.tasks.clustering.types import Cluster
    from medai.tasks.detection.types import Boxes
    from medai.tasks.inputs import Image, Row, Sequence
    from medai.tasks.pairing.types import Pairs
    from medai.tasks.regression.types import Value
    from medai.tasks.segmentation.types import Mask
    from medai.tasks.views import View

_HOMES = {
    "_learning": ("Context", "Feed", "Learner", "Predictor", "Progress"),
    "_protocols": (
        "Dataset",
        "Loss",
        "Metric",
        "ModelExporter",
        "ModelMetric",
        "PredictionExporter",
        "Remark",
        "Run",
        "Task",
        "Trained",
        "TrainingMetric",
    ),
    "_records": ("Batch", "Calibration", "Case", "Origin", "Sample", "move"),
    "classification.types": ("Label", "Scores"),
    "clustering.types": ("Cluster",),
    "detection.types": ("Boxes",),
    "inputs": ("Image", "Row", "Sequence"),
    "pairing.types": ("Pairs",),
    "regression.types": ("Value",),
    "segmentation.types": ("Mask",),
    "views": ("View",),
}
_old = old_names(__name__)
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Batch",
    "Boxes",
    "Calibration",
    "Case",
    "Cluster",
    "Context",
    "Dataset",
    "Feed",
    "Image",
    "Label",
    "Learner",
    "Loss",
    "Mask",
    "Metric",
    "ModelExporter",
    "ModelMetric",
    "Origin",
    "Pairs",
    "PredictionExporter",
    "Predictor",
    "Progress",
    "Remark",
    "Row",
    "Run",
    "Sample",
    "Scores",
    "Sequence",
    "Task",
    "Trained",
    "TrainingMetric",
    "Value",
    "View",
    "move",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        return _old(name)
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value

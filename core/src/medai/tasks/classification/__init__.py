"""Which of n classes a case belongs to."""

from medai.tasks.classification.metrics import Accuracy, AreaUnderCurve
from medai.tasks.classification.task import Classification
from medai.tasks.classification.types import Label, Scores

__all__ = ["Accuracy", "AreaUnderCurve", "Classification", "Label", "Scores"]

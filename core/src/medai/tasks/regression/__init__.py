"""Which number, or numbers, a case has."""

from medai.tasks.regression.metrics import MeanAbsoluteError, RootMeanSquaredError, RSquared
from medai.tasks.regression.task import Regression
from medai.tasks.regression.types import Value

__all__ = ["MeanAbsoluteError", "RSquared", "Regression", "RootMeanSquaredError", "Value"]

"""How far predicted numbers are from the true ones, over all cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from medai.errors import DataError, PluginError
from medai.tasks._records import Sample
from medai.tasks.images_or_rows import Given
from medai.tasks.regression.types import Value

Array = np.ndarray[Any, np.dtype[np.float64]]
Pair = tuple[tuple[str, ...], Array]
"""One case's names, and its true and predicted numbers, float64 (2, k)."""


class _OfValues:
    """A figure of pooled cases. Of several numbers there is one of each, with its name (or place, from 1) behind a hyphen, and their
    mean, which means little where their units differ.

    Args:
        label: put before the figures' names with a hyphen, so that one metric may be used twice.
    """

    better: Literal["higher", "lower"] = "lower"
    name = ""

    def __init__(self, label: str = "") -> None:
        self._figure = f"{label}-{self.name}" if label else self.name

    def case(self, prediction: Value, sample: Sample[Given, Value]) -> Pair:
        """The true and the predicted numbers.

        Raises:
            DataError: the case has no reference.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no reference to compare with")
        return sample.reference.names, np.stack([sample.reference.values.double().numpy(), prediction.values.double().numpy()])

    def total(self, parts: Sequence[Pair]) -> Mapping[str, float]:
        """The figure; NaN where it is not defined.

        Raises:
            PluginError: cases differ in how many numbers they have.
        """
        if not parts:
            return {self._figure: np.nan}
        if len({part[1].shape for part in parts}) > 1:
            raise PluginError(f"{self._figure}: cases differ in how many numbers they have")
        values = np.stack([part[1] for part in parts])
        each = self._measure(values[:, 0], values[:, 1])
        if len(each) == 1:
            return {self._figure: float(each[0])}
        names = parts[0][0] or tuple(str(place + 1) for place in range(len(each)))
        by_name = {f"{self._figure}-{name}": float(value) for name, value in zip(names, each, strict=True)}
        return {self._figure: float(each.mean())} | by_name

    def _measure(self, truth: Array, found: Array) -> Array:
        """(B, k) and (B, k) to (k,)."""
        raise NotImplementedError


class MeanAbsoluteError(_OfValues):
    """`mae`: the mean absolute error, in the number's unit."""

    name = "mae"

    def _measure(self, truth: Array, found: Array) -> Array:
        return np.asarray(np.abs(found - truth).mean(0))


class RootMeanSquaredError(_OfValues):
    """`rmse`: the root of the mean squared error over all cases, in the number's unit."""

    name = "rmse"

    def _measure(self, truth: Array, found: Array) -> Array:
        return np.asarray(np.sqrt(np.square(found - truth).mean(0)))


class RSquared(_OfValues):
    """`r2`: the coefficient of determination, 1 less the squared errors' sum over that of the deviations from the cases' mean.

    At most 1; 0 is what the mean itself reaches. NaN where the true numbers do not vary, and so of one case.
    """

    better: Literal["higher", "lower"] = "higher"
    name = "r2"

    def _measure(self, truth: Array, found: Array) -> Array:
        errors, spread = np.square(found - truth).sum(0), np.square(truth - truth.mean(0)).sum(0)
        return np.asarray(1 - np.divide(errors, spread, out=np.full_like(errors, np.nan), where=spread > 0))

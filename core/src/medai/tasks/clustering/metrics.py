"""How well clusters agree with classes, whatever number a cluster has; cases are pooled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from medai.errors import DataError
from medai.tasks._records import Sample
from medai.tasks.classification.types import Label
from medai.tasks.clustering.types import Cluster
from medai.tasks.images_or_rows import Given

Array = np.ndarray[Any, Any]
Placed = tuple[int, int]
"""One case's class and cluster."""


class _Agreement:
    """A figure of the table of classes by clusters; NaN of fewer than two cases, of which any clustering is right."""

    better: Literal["higher", "lower"] = "higher"
    name = ""

    def case(self, prediction: Cluster, sample: Sample[Given, Label]) -> Placed:
        """The class and the cluster.

        Raises:
            DataError: the case has no class.
        """
        if sample.reference is None:
            raise DataError(f"case {sample.case.id} has no class to compare with")
        return sample.reference.index, prediction.index

    def total(self, parts: Sequence[Placed]) -> Mapping[str, float]:
        """The figure of the pooled cases."""
        return {self.name: self._measure(_table(parts)) if len(parts) > 1 else math.nan}

    def _measure(self, table: Array) -> float:
        raise NotImplementedError


class AdjustedRand(_Agreement):
    """`adjusted-rand`: the share of pairs of cases on which classes and clusters agree, corrected for chance: 1 where they are the same,
    0 on average where clusters are drawn at random. After Hubert and Arabie 1985, doi:10.1007/BF01908075."""

    name = "adjusted-rand"

    def _measure(self, table: Array) -> float:
        together = _pairs(table).sum()
        classes, clusters = _pairs(table.sum(1)).sum(), _pairs(table.sum(0)).sum()
        expected = classes * clusters / _pairs(table.sum())
        most = (classes + clusters) / 2
        # All in one, or each by itself, on both sides: they are the same.
        return 1.0 if most == expected else float((together - expected) / (most - expected))


class ClusteringAccuracy(_Agreement):
    """`clustering-accuracy`: the share of cases in the right cluster when each cluster is given one class at most, and each class one
    cluster, in the best possible way. The matching after Kuhn 1955, doi:10.1002/nav.3800020109."""

    name = "clustering-accuracy"

    def _measure(self, table: Array) -> float:
        return float(table[linear_sum_assignment(table, maximize=True)].sum() / table.sum())


class NormalizedMutualInformation(_Agreement):
    """`nmi`: the mutual information of classes and clusters over the mean of their entropies, from 0 to 1; 1 where both are but one.

    After Strehl and Ghosh 2002, JMLR 3, 583, who take the geometric mean; the arithmetic one is what scikit-learn takes.
    """

    name = "nmi"

    def _measure(self, table: Array) -> float:
        joint = table / table.sum()
        classes, clusters = joint.sum(1), joint.sum(0)
        entropies = (_entropy(classes) + _entropy(clusters)) / 2
        return 1.0 if entropies == 0 else max(0.0, (2 * entropies - _entropy(joint)) / entropies)


def _table(parts: Sequence[Placed]) -> Array:
    """How many cases of each class (row) are in each cluster (column), float64."""
    classes, clusters = (np.unique(column, return_inverse=True)[1] for column in np.asarray(parts).T)
    table = np.zeros((classes.max() + 1, clusters.max() + 1))
    np.add.at(table, (classes, clusters), 1)
    return table


def _pairs(counts: Array) -> Array:
    return np.asarray(counts * (counts - 1) / 2)


def _entropy(shares: Array) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())

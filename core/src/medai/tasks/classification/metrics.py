"""Accuracy and the area under the receiver's operating characteristic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from medai.errors import PluginError
from medai.tasks._records import Sample
from medai.tasks.classification.types import Label, Scores
from medai.tasks.inputs import Image, Row

Verdict = tuple[int, tuple[float, ...]]
"""One case's class and the probability of each class."""


class Accuracy:
    """The share of cases whose most probable class is theirs; of equal ones, the first counts."""

    better: Literal["higher", "lower"] = "higher"

    def case(self, prediction: Scores, sample: Sample[Image | Row, Label]) -> float:
        """1 where the class is right, else 0."""
        return float(int(prediction.probabilities.argmax()) == _index(sample))

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """`accuracy`, from 0 to 1."""
        return {"accuracy": sum(parts) / len(parts) if parts else math.nan}


class AreaUnderCurve:
    """The area under the ROC curve as the rank statistic of Mann and Whitney: ties count one half.

    With two classes, the probability of class 1 ranks the cases. With more, each class against the rest, and the mean over the
    classes that have cases (Hand and Till 2001 give the pairwise alternative, which this is not).
    """

    better: Literal["higher", "lower"] = "higher"

    def case(self, prediction: Scores, sample: Sample[Image | Row, Label]) -> Verdict:
        """The class and the probabilities."""
        return _index(sample), tuple(prediction.probabilities.tolist())

    def total(self, parts: Sequence[Verdict]) -> Mapping[str, float]:
        """`auc`, from 0 to 1, of the pooled cases; NaN where all are of one class."""
        labels = np.array([label for label, _ in parts], dtype=np.int64)
        if len(np.unique(labels)) < 2:
            return {"auc": math.nan}
        scores = np.array([probabilities for _, probabilities in parts], dtype=np.float64)
        classes = [1] if scores.shape[1] == 2 else np.unique(labels).tolist()
        return {"auc": float(np.mean([_rank_statistic(labels == index, scores[:, index]) for index in classes]))}


def _rank_statistic(positive: np.ndarray[tuple[int], np.dtype[np.bool_]], scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    count = int(positive.sum())
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count)))


def _index(sample: Sample[Image | Row, Label]) -> int:
    if sample.reference is None:
        raise PluginError(f"case {sample.case.id} has no label to compare with")
    return sample.reference.index

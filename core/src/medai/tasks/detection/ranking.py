"""Boxes of many images in one ranking: precision, recall and COCO's average precision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from medai.tasks.detection.matching import FOUND, NOT_COUNTED, Array, Matches

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Ranking:
    """The boxes of one class from all images, best scores first, and those of equal score in the order of the images.

    Attributes:
        scores: float64 (N,), falling.
        outcomes: int8 (R, T, N), as of `Matches`.
        wanted: int64 (R,), how many reference boxes there are.
    """

    scores: Array
    outcomes: Array
    wanted: Array

    @classmethod
    def of(cls, parts: Sequence[Mapping[int, Matches]], label: int) -> Ranking | None:
        """The ranking of a class; None where no image has a box of it."""
        found = [part[label] for part in parts if label in part]
        if not found:
            return None
        scores = np.concatenate([each.scores for each in found])
        order = np.argsort(-scores, kind="stable")
        outcomes = np.concatenate([each.outcomes for each in found], axis=2).take(order, axis=2)
        return cls(scores[order], outcomes, np.sum([each.wanted for each in found], axis=0))

    def curve(self, place: int, level: int) -> tuple[Array, Array]:
        """Recall and precision, float64 (N,), with the boxes down to each of those that count, in one range and at one threshold; recall
        is NaN where there is no reference box."""
        outcomes = self.outcomes[place, level]
        found = (outcomes[outcomes != NOT_COUNTED] == FOUND).cumsum()
        wanted = int(self.wanted[place]) or math.nan
        return found / wanted, found / np.arange(1, len(found) + 1)

    def average_precision(self) -> Array:
        """Precision interpolated at 101 recalls, float64 (R, T); NaN where there is no reference box."""
        ranges, levels, count = self.outcomes.shape
        width = int(self.wanted.max(initial=0))
        if width == 0:
            return np.full((ranges, levels), np.nan)
        outcomes = self.outcomes.reshape(ranges * levels, count)
        # In one dimension, which is found ten times as fast.
        columns, places = np.divmod(np.flatnonzero(outcomes == FOUND), max(count, 1))
        # Precision grows with a box that found something alone, so that the others are only counted.
        number = np.arange(len(columns)) - np.searchsorted(columns, columns)
        best: Array = np.zeros((len(outcomes), width))
        best[columns, number] = (number + 1) / _counted(outcomes)[columns, places]
        # The best precision at this recall or a higher one.
        best = np.maximum.accumulate(best[:, ::-1], axis=1)[:, ::-1].reshape(ranges, levels, width)
        result = np.full((ranges, levels), np.nan)
        for place, wanted in enumerate(self.wanted.tolist()):
            if wanted:
                reached = np.searchsorted(np.arange(1, wanted + 1) / wanted, _RECALLS)
                result[place] = best[place][:, reached].mean(1)
        return result


def recall(parts: Sequence[Mapping[int, Matches]], label: int, most: int) -> Array | None:
    """The share of a class's reference boxes that are found by the best `most` of its boxes in each image, float64 (R, T), NaN where there
    is none; None where no image has a box of the class."""
    own = [part[label] for part in parts if label in part]
    if not own:
        return None
    found = np.sum([(each.outcomes[..., :most] == FOUND).sum(2) for each in own], axis=0)
    wanted = np.sum([each.wanted for each in own], axis=0)[:, None]
    result: Array = np.divide(found, wanted, out=np.full(found.shape, np.nan), where=wanted > 0)
    return result


def mean_over(figures: Sequence[Array]) -> Array:
    """The mean of classes' figures, of those that have them; NaN where none has."""
    held = np.stack(figures)
    defined = ~np.isnan(held)
    count = defined.sum(0)
    result: Array = np.divide(np.where(defined, held, 0).sum(0), count, out=np.full(count.shape, np.nan), where=count > 0)
    return result


def _counted(outcomes: Array) -> Array:
    """How many boxes count, down to each, int64 (..., N)."""
    if (outcomes >= 0).all():
        return np.broadcast_to(np.arange(1, outcomes.shape[1] + 1), outcomes.shape)
    result: Array = (outcomes != NOT_COUNTED).cumsum(1, dtype=np.int32)
    return result

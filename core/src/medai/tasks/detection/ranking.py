"""Boxes of many images in one ranking: precision, recall and COCO's average precision."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medai.tasks.detection.matching import FOUND, NOT_COUNTED, Array, Matches

_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Ranking:
    """The boxes of one class from all images, best scores first, and those of equal score in the order of the images.

    Attributes:
        scores: float64 (N,), falling.
        ranks: int64 (N,), each box's place in its own image, from 0.
        outcomes: int8 (R, T, N), as of `Matches`.
        wanted: int64 (R,), how many reference boxes there are.
    """

    scores: Array
    ranks: Array
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
        ranks = np.concatenate([np.arange(len(each.scores)) for each in found])
        return cls(scores[order], ranks[order], outcomes, np.sum([each.wanted for each in found], axis=0))

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
        columns, places = self._found
        # Precision grows with a box that found something alone, so that the others are only counted.
        number = np.arange(len(columns)) - np.searchsorted(columns, columns)
        best: Array = np.zeros((ranges * levels, int(self.wanted.max(initial=0))))
        best[columns, number] = (number + 1) / _counted(self.outcomes.reshape(-1, max(count, 1)))[columns, places]
        # The best precision at this recall or a higher one.
        best = np.maximum.accumulate(best[:, ::-1], axis=1)[:, ::-1].reshape(ranges, levels, -1)
        result = np.full((ranges, levels), np.nan)
        for place, wanted in enumerate(self.wanted.tolist()):
            if wanted:
                reached = np.searchsorted(np.arange(1, wanted + 1) / wanted, _RECALLS)
                result[place] = best[place][:, reached].mean(1)
        return result

    def recall(self, most: int) -> Array:
        """The share of reference boxes that are found by the best `most` boxes of each image, float64 (R, T); NaN where there is none."""
        ranges, levels, _ = self.outcomes.shape
        columns, places = self._found
        found = np.bincount(columns[self.ranks[places] < most], minlength=ranges * levels).reshape(ranges, levels)
        wanted = self.wanted[:, None]
        result: Array = np.divide(found, wanted, out=np.full(found.shape, np.nan), where=wanted > 0)
        return result

    @cached_property
    def _found(self) -> tuple[Array, Array]:
        """The range and threshold, in one number, and the place of each box that found a reference box, in their order."""
        # In one dimension, where they are found ten times as fast.
        columns, places = np.divmod(np.flatnonzero(self.outcomes == FOUND), max(len(self.scores), 1))
        return columns, places


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

"""Which pairs of a sequence are right, and what is known of one sequence from their counts."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from medai.tasks import Pairs

Pair = tuple[int, int]


class Counts(NamedTuple):
    """The pairs of one sequence, or of several together.

    Attributes:
        predicted: pairs predicted.
        right: those of them that are in the reference, or by its side within the slip.
        wanted: pairs of the reference.
        found: those of them that are predicted, or have a predicted pair by their side.
        places: pairs of positions that could be.
    """

    predicted: int
    right: int
    wanted: int
    found: int
    places: int


def count(prediction: Pairs, reference: Pairs, slip: int) -> Counts:
    """Count the pairs of a sequence.

    Args:
        prediction: the structure predicted.
        reference: the structure known.
        slip: by how many positions one end of a pair may be beside that of the other, the other end being the same.
    """
    predicted, wanted = set(prediction.pairs), set(reference.pairs)
    places = reference.length * (reference.length - 1) // 2
    return Counts(len(predicted), _near(predicted, wanted, slip), len(wanted), _near(wanted, predicted, slip), places)


def _near(pairs: Collection[Pair], others: Collection[Pair], slip: int) -> int:
    """How many pairs are among others, or have one beside them."""
    steps = [(0, 0), *((step, 0) for step in _steps(slip)), *((0, step) for step in _steps(slip))]
    return sum(any((i + left, j + right) in others for left, right in steps) for i, j in pairs)


def _steps(slip: int) -> list[int]:
    return [step for step in range(-slip, slip + 1) if step]


def of_sequence(counts: Counts) -> tuple[float, float, float]:
    """F1, precision and recall of one sequence.

    Where nothing is to be found and nothing was predicted, all three are 1. Where nothing was predicted though there is something to find,
    precision is 0, as a method must not gain by saying nothing. Where nothing is to be found, recall of a prediction is NaN.
    """
    if not counts.predicted and not counts.wanted:
        return 1.0, 1.0, 1.0
    precision = counts.right / counts.predicted if counts.predicted else 0.0
    recall = counts.found / counts.wanted if counts.wanted else math.nan
    return harmonic(precision, recall if counts.wanted else 0.0), precision, recall


def pooled(counts: Counts) -> tuple[float, float, float]:
    """F1, precision and recall of several sequences' pairs together: as of one sequence, but where nothing is to be found and nothing was
    predicted, all three are NaN."""
    return of_sequence(counts) if counts.predicted or counts.wanted else (math.nan,) * 3


def harmonic(first: float, second: float) -> float:
    """The harmonic mean of two shares; 0 where both are."""
    return 2 * first * second / (first + second) if first + second else 0.0


def correlation(counts: Counts) -> float:
    """Matthews' correlation over all pairs of positions (1975, doi:10.1016/0005-2795(75)90109-9), of exact pairs; 1 where nothing is to be
    found and nothing was predicted, 0 where one of the two is empty.
    """
    if not counts.predicted and not counts.wanted:
        return 1.0
    wrong, missed = counts.predicted - counts.right, counts.wanted - counts.found
    neither = counts.places - counts.predicted - missed
    spread = math.sqrt(counts.predicted) * math.sqrt(counts.wanted) * math.sqrt(neither + wrong) * math.sqrt(neither + missed)
    return (counts.right * neither - wrong * missed) / spread if spread else 0.0

"""How many of the pairs were found, and how many of the found are right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from medai.errors import PluginError
from medai.tasks._records import Sample
from medai.tasks.inputs import Sequence as Letters
from medai.tasks.pairing.types import Pairs

Counts = tuple[int, int, int]
"""Pairs right, predicted, and in the reference."""


class PairScores:
    """Precision, recall and their harmonic mean over base pairs.

    A pair is right when both of its positions are. Several sequences are pooled: their pairs are counted together; of one sequence,
    the figures are its own.
    """

    better: Literal["higher", "lower"] = "higher"

    def case(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> Counts:
        """The sequence's counts."""
        if sample.reference is None:
            raise PluginError(f"case {sample.case.id} has no pairs to compare with")
        return len(set(prediction.pairs) & set(sample.reference.pairs)), len(prediction.pairs), len(sample.reference.pairs)

    def total(self, parts: Sequence[Counts]) -> Mapping[str, float]:
        """`f1`, `precision` and `recall`, from 0 to 1; one whose denominator is 0 is NaN."""
        right, predicted, wanted = (sum(part[index] for part in parts) for index in range(3))
        return {
            "f1": _ratio(2 * right, predicted + wanted),
            "precision": _ratio(right, predicted),
            "recall": _ratio(right, wanted),
        }


def _ratio(top: int, bottom: int) -> float:
    return top / bottom if bottom else math.nan

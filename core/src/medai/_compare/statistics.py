"""Resamples over groups and seeds, paired tests, and the correction for making many of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from medai._results.bootstrap import Draws

SIGNIFICANT = 0.05
WILCOXON = "Wilcoxon"
FEWEST_FOR_WILCOXON = 6
"""Of five pairs, even those that all point one way have p = 0.0625."""


@dataclass(frozen=True)
class Tested:
    """A paired test.

    Attributes:
        p: two-sided; None where there was nothing to test.
        sign: of the difference as the test sees it: 1, -1, or 0 for neither.
        count: the pairs that it stands on.
        said: the test in words.
    """

    p: float | None
    sign: int
    count: int
    said: str


def over_seeds(draws: Draws) -> Draws:
    """Paired draws of S seeds, float64 (S, R), as those of their mean, (R,): each resample draws S seeds with replacement as well.

    Which seeds are drawn hangs on the draws themselves, so that it is the same in every comparison and another for every entry.
    """
    seeds, resamples = draws.shape
    if seeds == 1:
        return np.asarray(draws[0], dtype=np.float64)
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(np.ascontiguousarray(draws).tobytes()).digest()[:8]))
    chosen = rng.integers(seeds, size=(seeds, resamples))
    return np.asarray(np.take_along_axis(draws, chosen, axis=0).mean(axis=0), dtype=np.float64)


def signed_rank(first: Draws, second: Draws, groups: Sequence[str]) -> Tested:
    """Wilcoxon's signed-rank test of values per case, (cases,), over groups where there are at least six, else over cases.

    Cases that lack a value in one of the two are left out.
    """
    defined = ~(np.isnan(first) | np.isnan(second))
    named = np.asarray(groups)[defined]
    first, second, count = first[defined], second[defined], len(set(named.tolist()))
    grouped = count < len(named)
    if grouped and count >= FEWEST_FOR_WILCOXON:
        first, second, unit = _means(first, named), _means(second, named), "groups"
    else:
        unit = f"cases, of too few groups ({count})" if count < FEWEST_FOR_WILCOXON else "cases"
    with np.errstate(invalid="ignore"):
        # Two infinite values that are alike do not differ.
        differences = np.where(first == second, 0.0, first - second)
    differences = differences[~np.isnan(differences)]
    said = f"{WILCOXON} over {len(differences)} {unit}"
    unlike = differences[differences != 0]
    if not differences.size:
        return Tested(None, 0, 0, said)
    if not unlike.size:
        return Tested(1.0, 0, len(differences), said)
    ranks = stats.rankdata(np.abs(unlike)) * np.sign(unlike)
    return Tested(float(stats.wilcoxon(unlike).pvalue), int(np.sign(ranks.sum())), len(differences), said)


def tells_none(count: int, pairs: int) -> bool:
    """Whether Wilcoxon's test of `count` values could tell none of so many pairs apart, whatever the values.

    All pointing one way, they have p = 2 / 2**count, which is corrected for every pair.
    """
    return pairs * 2.0 ** (1 - count) >= SIGNIFICANT


def bootstrap_test(difference: float, draws: Draws, groups: int) -> Tested:
    """A test of a difference of figures by its paired draws, (R,): how many of their standard deviations it is from zero, by a t
    distribution with a degree of freedom less than there are groups.

    Not by the share of draws on the other side of zero: of 1000 that cannot be less than 0.002 twice, which the correction for more than
    25 pairs would always call a tie.
    """
    said = f"paired bootstrap over {groups} groups"
    finite = draws[np.isfinite(draws)]
    if finite.size < len(draws) / 2 or not math.isfinite(difference):
        return Tested(None, 0, groups, said)
    sign, spread = int(np.sign(difference)), float(finite.std(ddof=1))
    if spread == 0:
        return Tested(1.0 if difference == 0 else 0.0, sign, groups, said)
    return Tested(float(2 * stats.t.sf(abs(difference) / spread, groups - 1)), sign, groups, said)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p values corrected by Holm's method over all that are there."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    highest = 0.0
    for number, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - number) * value))
        corrected[place] = highest
    return corrected


def _means(values: Draws, groups: np.ndarray[tuple[int], np.dtype[np.str_]]) -> Draws:
    """The mean of each group, in the order of their names."""
    return np.array([values[groups == group].mean() for group in np.unique(groups)])

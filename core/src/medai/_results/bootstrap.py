"""Intervals by bootstrap over groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Draws = np.ndarray[Any, np.dtype[np.float64]]

FEWEST_GROUPS = 5
RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A percentile interval, or in words why there is none.

    `draws` is the figure of each resample, float64 (R,); None where there were too few groups to draw from.
    """

    low: float | None
    high: float | None
    said: str
    draws: Draws | None = field(default=None, compare=False, repr=False)


def intervals(
    total: Callable[[Sequence[Any]], Mapping[str, float]], parts: Sequence[Any], groups: Sequence[str], *, seed: int = 0
) -> dict[str, Interval]:
    """An interval for each figure of `total`: groups are drawn with replacement, each with all of its cases.

    With fewer than five groups an interval would be a claim without ground; it says so in place of one. Which groups are drawn depends
    on their names and the seed alone, so that what different predictors reached on the same groups is paired, draw by draw.
    """
    names = list(total(parts)) if parts else []
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    if len(members) < FEWEST_GROUPS:
        return dict.fromkeys(names, Interval(None, None, too_few(len(members))))
    pools, rng = [members[group] for group in sorted(members)], np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(pools), size=len(pools))
        figures = total([parts[place] for pool in chosen for place in pools[pool]])
        for name in names:
            drawn[name].append(figures.get(name, float("nan")))
    return {name: interval_of(np.asarray(values, dtype=np.float64)) for name, values in drawn.items()}


def interval_of(draws: Draws, said: str = "bootstrap over groups") -> Interval:
    """The percentile interval of draws (R,); `said` is what they were drawn over."""
    finite = draws[np.isfinite(draws)]
    if finite.size < len(draws) / 2:
        return Interval(None, None, "not defined in most resamples", draws)
    low, high = np.percentile(finite, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(low), float(high), f"{LEVEL:.0%} {said}", draws)


def too_few(groups: int) -> str:
    """Why there is no interval."""
    return f"too few groups ({groups})"

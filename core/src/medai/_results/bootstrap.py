"""Intervals by bootstrap over groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FEWEST_GROUPS = 5
RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A percentile interval, or in words why there is none."""

    low: float | None
    high: float | None
    said: str


def intervals(
    total: Callable[[Sequence[Any]], Mapping[str, float]], parts: Sequence[Any], groups: Sequence[str], *, seed: int = 0
) -> dict[str, Interval]:
    """An interval for each figure of `total`: groups are drawn with replacement, each with all of its cases.

    With fewer than five groups an interval would be a claim without ground; it says so in place of one.
    """
    names = list(total(parts)) if parts else []
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        members.setdefault(group, []).append(place)
    if len(members) < FEWEST_GROUPS:
        return dict.fromkeys(names, Interval(None, None, f"too few groups ({len(members)})"))
    pools, rng = list(members.values()), np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(RESAMPLES):
        chosen = rng.integers(len(pools), size=len(pools))
        figures = total([parts[place] for pool in chosen for place in pools[pool]])
        for name in names:
            drawn[name].append(figures.get(name, float("nan")))
    return {name: _percentiles(np.asarray(values)) for name, values in drawn.items()}


def _percentiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> Interval:
    finite = values[np.isfinite(values)]
    if finite.size < RESAMPLES // 2:
        return Interval(None, None, "not defined in most resamples")
    low, high = np.percentile(finite, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(low), float(high), f"{LEVEL:.0%} bootstrap over groups")

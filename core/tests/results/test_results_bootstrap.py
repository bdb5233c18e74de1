from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from medai._results import bootstrap
from medai._results.bootstrap import intervals


def mean(parts: Sequence[float]) -> Mapping[str, float]:
    return {"mean": math.fsum(parts) / len(parts)}


def test_it_covers_the_truth_as_often_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """40 groups of 3 alike cases: an interval over cases instead would cover about 74 %."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 200)
    rng, inside, widths, trials = np.random.default_rng(1), 0, [], 300
    groups = [f"g{n}" for n in range(40) for _ in range(3)]
    for trial in range(trials):
        parts = np.repeat(rng.normal(5.0, 1.0, 40), 3).tolist()
        found = intervals(mean, parts, groups, seed=trial)["mean"]
        assert found.low is not None and found.high is not None
        inside += found.low <= 5.0 <= found.high
        widths.append(found.high - found.low)
    assert 0.90 <= inside / trials <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 1.96 / math.sqrt(40), rel=0.08)


def test_groups_of_unlike_size_are_drawn_whole() -> None:
    seen: list[tuple[int, int]] = []

    def total(parts: Sequence[str]) -> Mapping[str, float]:
        seen.append((parts.count("a1"), parts.count("a2")))
        return {"count": float(len(parts))}

    found = intervals(total, ["a1", "a2", "b", "c", "d", "e"], ["a", "a", "b", "c", "d", "e"])["count"]
    assert all(first == second for first, second in seen) and {first for first, _ in seen} >= {0, 1, 2}
    assert found.said == "95% bootstrap over groups"


@pytest.mark.parametrize("count", [1, 2, 4])
def test_too_few_groups_say_so(count: int) -> None:
    found = intervals(mean, [1.0, 2.0] * count, [f"g{n}" for n in range(count)] * 2)["mean"]
    assert (found.low, found.high, found.said) == (None, None, f"too few groups ({count})")
    assert intervals(mean, [], []) == {}


def test_the_same_seed_gives_the_same_interval() -> None:
    parts, groups = [math.sqrt(n) for n in range(20)], [str(n) for n in range(20)]
    assert intervals(mean, parts, groups) == intervals(mean, parts, groups) != intervals(mean, parts, groups, seed=1)


def test_draws_of_the_same_groups_are_paired_in_whatever_order_the_cases_come() -> None:
    parts, groups = [math.sqrt(n) for n in range(20)], [f"g{n % 9}" for n in range(20)]
    forth, back = intervals(mean, parts, groups)["mean"].draws, intervals(mean, parts[::-1], groups[::-1])["mean"].draws
    twice = intervals(mean, [2 * part for part in parts], groups)["mean"].draws
    assert forth is not None and back is not None and twice is not None and forth.shape == (bootstrap.RESAMPLES,)
    assert np.allclose(forth, back, rtol=1e-12) and np.allclose(twice, 2 * forth, rtol=1e-12)
    other = intervals(mean, parts, groups, seed=1)["mean"].draws
    assert other is not None and not np.allclose(forth, other)
    assert intervals(mean, parts, ["g0"] * 20)["mean"].draws is None


def test_figures_that_are_often_not_defined() -> None:
    def total(parts: Sequence[float]) -> Mapping[str, float]:
        return {"never": float("nan"), "sometimes": float("nan") if 0.0 not in parts else 1.0, **mean(parts)}

    found = intervals(total, [float(n) for n in range(8)], [str(n) for n in range(8)])
    assert found["never"].low is None and found["never"].said == "not defined in most resamples"
    assert (found["sometimes"].low, found["sometimes"].high) == (1.0, 1.0)
    assert found["mean"].low is not None

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from medai._compare.statistics import bootstrap_test, holm, over_seeds, signed_rank

INF, NAN = float("inf"), float("nan")


def by_case(count: int) -> list[str]:
    return [f"g{number}" for number in range(count)]


def test_holm_by_hand() -> None:
    # In order 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1; the last is no less than the one before.
    assert holm([0.01, 0.04, None, 0.03, 0.005]) == pytest.approx([0.03, 0.06, None, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0]) and holm([]) == [] and holm([None]) == [None]


def test_eight_cases_that_all_point_one_way() -> None:
    first = np.arange(8) + np.arange(1, 9) / 10
    found = signed_rank(first, np.arange(8.0), by_case(8))
    assert (found.p, found.sign, found.count, found.said) == (pytest.approx(2 / 2**8), 1, 8, "Wilcoxon over 8 cases")
    assert signed_rank(np.arange(8.0), first, by_case(8)).sign == -1


def test_cases_of_a_group_count_once_where_there_are_six_groups() -> None:
    first = np.concatenate([np.arange(6) + np.arange(1, 7) / 10, np.arange(6) + np.arange(1, 7) / 10])
    second, groups = np.tile(np.arange(6.0), 2), by_case(6) * 2
    found = signed_rank(first, second, groups)
    assert (found.p, found.said) == (pytest.approx(2 / 2**6), "Wilcoxon over 6 groups")
    # Within a group, one case up and the other as far down is no difference.
    assert signed_rank(np.array([1.0, -1.0] * 6), np.zeros(12), [f"g{number // 2}" for number in range(12)]).p == 1.0


def test_with_five_groups_the_cases_are_tested_and_it_says_so() -> None:
    first = np.arange(10) + np.arange(1, 11) / 10
    found = signed_rank(first, np.arange(10.0), [f"g{number // 2}" for number in range(10)])
    assert (found.p, found.said) == (pytest.approx(2 / 2**10), "Wilcoxon over 10 cases, of too few groups (5)")


def test_cases_without_a_value_and_values_without_end() -> None:
    first, second = np.array([1.0, 2, 3, 4, 5, 6, NAN, INF, INF]), np.array([0.9, 1.8, 2.7, 3.6, 4.5, 5.4, 1, INF, 1])
    found = signed_rank(first, second, by_case(9))
    assert found.count == 8 and found.sign == 1 and found.p == pytest.approx(2 / 2**7)
    assert signed_rank(np.array([NAN]), np.array([1.0]), ["g"]).p is None
    assert signed_rank(np.ones(7), np.ones(7), by_case(7)).p == 1.0


def test_a_pooled_figure_is_tested_by_its_draws() -> None:
    draws = np.random.default_rng(0).normal(0.3, 0.1, 1000)
    found = bootstrap_test(0.3, draws, 12)
    assert found.p == pytest.approx(2 * stats.t.sf(0.3 / draws.std(ddof=1), 11)) and found.sign == 1
    assert found.said == "paired bootstrap over 12 groups"
    assert bootstrap_test(0.0, np.zeros(10), 5).p == 1.0 and bootstrap_test(0.5, np.full(10, 0.5), 5).p == 0.0
    assert bootstrap_test(0.3, np.full(10, NAN), 5).p is None


def test_thirty_pairs_leave_a_clear_difference_of_a_pooled_figure_clear() -> None:
    """Of 1000 draws none is on the other side: their share alone, 0.002 at the least, would not outlive the correction."""
    clear = bootstrap_test(1.0, np.random.default_rng(0).normal(1.0, 0.1, 1000), 30).p
    corrected = holm([clear, *[0.5] * 29])[0]
    assert corrected is not None and corrected < 0.001


def test_seeds_are_drawn_as_well() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(0, 1, 20_000)
    assert over_seeds(one[None]) is not None and np.array_equal(over_seeds(one[None]), one)
    assert np.allclose(over_seeds(np.stack([one, one, one])), one)
    apart = over_seeds(np.stack([one - 6, one, one + 6]))
    # The variance over groups, and that of a mean of three of -6, 0, 6 drawn with replacement: 24 / 3.
    assert apart.var() == pytest.approx(1 + 8, rel=0.05) and apart.mean() == pytest.approx(0, abs=0.1)
    assert np.array_equal(apart, over_seeds(np.stack([one - 6, one, one + 6])))


def test_seeds_of_two_entries_are_drawn_apart() -> None:
    one, other = np.random.default_rng(0).normal(0, 0.01, (2, 20_000))
    first, second = (over_seeds(np.stack([draws - 6, draws, draws + 6])) for draws in (one, other))
    assert (first - second).var() == pytest.approx(16, rel=0.05)

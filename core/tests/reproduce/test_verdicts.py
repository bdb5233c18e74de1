"""What a measured figure says of a reported one, and of one of another size."""

from __future__ import annotations

import pytest

from medai._reproduce.verdict import FAR, Verdict, judge


def verdict(reported: float, measured: float, low: float | None = None, high: float | None = None, *hindrances: str) -> Verdict:
    return judge(reported, measured, low, high, interval="one group", hindrances=hindrances, failure="")


@pytest.mark.parametrize(
    ("reported", "measured", "word", "why"),
    [
        (14.5, 14.75, "above", "by 0.25, no interval: one group"),
        (34_071_842, 14_047_458, "below", "by 20,024,384, no interval: one group"),
        (14.5, FAR * 14.5, "above", "by 1,436, no interval: one group"),
        (14.5, 29_000_000, "above", "2,000,000 times what is reported: it diverged, or is another quantity"),
        (14.5, -2900, "below", "200 times what is reported: it diverged, or is another quantity"),
        # Finding nothing is a result, and of nothing there are no times.
        (0.8, 0.0, "below", "by 0.8, no interval: one group"),
        (0.0, 5000.0, "above", "by 5,000, no interval: one group"),
        (31.0, float("inf"), "above", "by inf, no interval: one group"),
    ],
)
def test_without_an_interval_the_difference_is_said_or_that_it_is_absurd(reported: float, measured: float, word: str, why: str) -> None:
    found = verdict(reported, measured)
    assert (found.word, found.why) == (word, why)


def test_an_interval_excuses_no_absurd_figure_and_a_hindrance_goes_before_it() -> None:
    assert verdict(14.5, 2900, 2800, 3000) == Verdict("above", ("200 times what is reported: it diverged, or is another quantity",))
    assert verdict(14.5, 15.5, 15, 16) == Verdict("above")
    assert verdict(14.5, 2900, 10, 5000) == Verdict("within")
    assert verdict(14.5, 2900, 2800, 3000, "scale quick") == Verdict("not comparable", ("scale quick",))

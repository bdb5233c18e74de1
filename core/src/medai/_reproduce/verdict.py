"""What a measured figure says of a reported one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

FAR = 100
"""Times the reported figure beyond which a measured one is no result to set beside it: a training that diverged, or another quantity."""

Word = Literal["within", "above", "below", "not comparable", "not reported", "not measured"]


@dataclass(frozen=True)
class Verdict:
    """A word, and the reasons where the word alone does not say it."""

    word: Word
    whys: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The reasons in one."""
        return "; ".join(self.whys)


class Reasons:
    """Reasons why figures cannot be compared, which many cells share: each is said once, under a number, so that a table stays one."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        shared = (why for verdict in verdicts if verdict.word == "not comparable" for why in verdict.whys)
        self._numbers = {why: number for number, why in enumerate(dict.fromkeys(shared), start=1)}

    def said(self, verdict: Verdict) -> str:
        """The verdict as it stands in a cell, its shared reasons by number."""
        if not verdict.whys:
            return verdict.word
        if verdict.word == "not comparable":
            return f"{verdict.word} ({', '.join(map(str, sorted(self._numbers[why] for why in verdict.whys)))})"
        return f"{verdict.word}: {verdict.why}"

    def listed(self) -> list[str]:
        """The reasons, each behind its number."""
        return [f"({number}) {why}" for why, number in self._numbers.items()]


def judge(
    reported: float | None,
    measured: float | None,
    low: float | None,
    high: float | None,
    *,
    interval: str,
    hindrances: Sequence[str],
    failure: str,
) -> Verdict:
    """The verdict on a cell.

    `within` is a reported figure that lies in the measured interval; `above` and `below` say where the measured figure lies, in numbers
    and whichever way is good. Without an interval only the side can be told, and the reason says so. Of a measured figure that is more
    than `FAR` times the reported one, how many times it is, and what that means, takes the difference's place: it stays above or below,
    because a method that diverges has failed, which no hindrance excuses. A figure that is far too small is not singled out: 0 is what a
    method reaches that finds nothing.

    Args:
        reported: the printed figure.
        measured: ours.
        low: the interval's lower end; None where there is none.
        high: its upper end.
        interval: why there is none.
        hindrances: what keeps the two from being compared.
        failure: why nothing was measured.
    """
    if failure or measured is None:
        return Verdict("not measured", (failure or "the figure is not defined on these cases",))
    if reported is None:
        return Verdict("not reported")
    if hindrances:
        return Verdict("not comparable", tuple(hindrances))
    if low is not None and high is not None:
        if low <= reported <= high:
            return Verdict("within")
        return Verdict("above" if reported < low else "below", _far(reported, measured))
    if measured == reported:
        return Verdict("within")
    difference = (f"by {_in_words(abs(measured - reported))}, no interval: {interval}",)
    return Verdict("above" if measured > reported else "below", _far(reported, measured) or difference)


def _far(reported: float, measured: float) -> tuple[str, ...]:
    """What is to be said of a measured figure that is of another size than the reported one, if it is."""
    if reported == 0 or not math.isfinite(measured) or abs(measured) <= FAR * abs(reported):
        return ()
    return (f"{_in_words(abs(measured / reported))} times what is reported: it diverged, or is another quantity",)


def _in_words(amount: float) -> str:
    return f"{amount:.4g}" if amount < 1000 else f"{amount:,.0f}"

"""What a measured figure says of a reported one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal["within", "above", "below", "not comparable", "not reported", "not measured"]


@dataclass(frozen=True)
class Verdict:
    """A word, and the reason where the word alone does not say it."""

    word: Word
    why: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.why}" if self.why else self.word


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
    and whichever way is good. Without an interval only the side can be told, and the reason says so.

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
        return Verdict("not measured", failure or "the figure is not defined on these cases")
    if reported is None:
        return Verdict("not reported")
    if hindrances:
        return Verdict("not comparable", "; ".join(hindrances))
    if low is None or high is None:
        if measured == reported:
            return Verdict("within")
        return Verdict("above" if measured > reported else "below", f"by {abs(measured - reported):.4g}, no interval: {interval}")
    if low <= reported <= high:
        return Verdict("within")
    return Verdict("above" if reported < low else "below")

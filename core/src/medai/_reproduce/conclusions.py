"""What a rebuilt table comes to: which row is ahead in each column, and whether what the paper says of gains is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from medai._compare import Ranking, powerless, told_apart
from medai._reproduce.gather import Result
from medai.api import Claim, Table


@dataclass(frozen=True)
class Gain:
    """The largest gain of rows, by how much their figure is higher than that of the rows that they are held against, and how often there
    was one.

    Attributes:
        share: by how much of the other's figure, 3.84 for 384 %.
        row: whose gain it is.
        over: the row that it is held against.
        ahead: pairs of rows with a gain above 0.
        pairs: pairs of rows that have both figures.
    """

    share: float
    row: str
    over: str
    ahead: int
    pairs: int


@dataclass(frozen=True)
class Checked:
    """A claim, and the gains in the printed and in the measured figures; None where there are none.

    Attributes:
        told: the pairs that the paired tests tell apart when they are corrected for the claim's pairs alone, the better row first.
    """

    claim: Claim
    printed: Gain | None
    measured: Gain | None
    told: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        printed, measured = (_said(gain) for gain in (self.printed, self.measured))
        said = f"“{self.claim.text}”: {self.claim.column} of the printed figures {printed}; of the measured ones {measured}"
        if self.measured is None:
            return said
        told = "; ".join(f"{first} better than {second}" for first, second in self.told) or "none of the pairs"
        return f"{said}; told apart by the paired tests, Holm over these pairs: {told}"


def checked(table: Table, results: Sequence[Result], rankings: Mapping[str, Ranking]) -> list[Checked]:
    """Each claim of the table."""
    return [
        Checked(
            claim,
            _gain(claim, results, lambda result: result.cell.reported),
            _gain(claim, results, lambda result: result.value),
            _told(claim, rankings[claim.column]) if claim.column in rankings else (),
        )
        for claim in table.claims
    ]


def standings(results: Sequence[Result], rankings: Mapping[str, Ranking]) -> list[str]:
    """For each column, the row that is ahead and those which the paired tests cannot tell from it; nothing of figures of the models
    themselves, such as parameters, which have no better side."""
    found = []
    for column in dict.fromkeys(result.cell.column for result in results):
        rows = [result for result in results if result.cell.column == column and result.value is not None]
        if len(rows) > 1 and rows[0].better:
            first = (max if rows[0].better == "higher" else min)(rows, key=lambda result: result.value or 0.0)
            found.append(f"{column}: {first.cell.row} is ahead ({first.value:.4g}){_certainty(first, rankings.get(column))}")
    return found


def _certainty(first: Result, ranking: Ranking | None) -> str:
    if first.best:
        return ", better than every other row by the paired tests"
    if ranking is not None and (why := powerless(ranking)):
        return f"; {why}"
    if ranking is not None and len(first.ties) == len(ranking.rows) - 1:
        return ", but these cases tell none of the rows from it"
    return f", not told from it: {'; '.join(first.ties)}" if first.ties else ""


def _gain(claim: Claim, results: Sequence[Result], figure: Callable[[Result], float | None]) -> Gain | None:
    values = {result.cell.row: figure(result) for result in results if result.cell.column == claim.column}
    gains = {}
    for row, over in claim.pairs:
        own, others = values.get(row), values.get(over)
        if own is not None and others:
            gains[row, over] = own / others - 1
    if not gains:
        return None
    row, over = max(gains, key=lambda pair: gains[pair])
    return Gain(gains[row, over], row, over, sum(share > 0 for share in gains.values()), len(gains))


def _told(claim: Claim, ranking: Ranking) -> tuple[tuple[str, str], ...]:
    wanted = {frozenset(pair) for pair in claim.pairs}
    pairs = [pair for pair in ranking.pairs if frozenset((pair.first, pair.second)) in wanted]
    return tuple((pair.first, pair.second) for pair in told_apart(pairs))


def _said(gain: Gain | None) -> str:
    if gain is None:
        return "none can be had"
    most = f"at most {gain.share:+.0%}" if gain.pairs > 1 else f"{gain.share:+.0%}"
    often = f", a gain in {gain.ahead} of {gain.pairs} pairs" if gain.pairs > 1 else ""
    return f"{most} ({gain.row} over {gain.over}){often}"

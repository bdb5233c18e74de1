"""Leaderboards: for each figure the entries by value, and which of them can be told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from medai._compare.measured import Entry, Measured, measure
from medai._compare.statistics import SIGNIFICANT, WILCOXON, Tested, bootstrap_test, holm, over_seeds, signed_rank, tells_none
from medai._results.bootstrap import FEWEST_GROUPS, Draws, Interval, interval_of, too_few
from medai._words import nearest
from medai.errors import DataError, UsageError

Verdict = Literal["better", "tie", "not tested"]


@dataclass(frozen=True)
class Row:
    """An entry's place for one figure.

    Attributes:
        rank: one more than the entries with a better value; None where the figure is not defined.
        value: the mean over seeds.
        deviation: the standard deviation over seeds; None for one seed.
        low, high: the 95 % interval over groups and seeds; None where `interval` says why there is none.
        ties: the entries that it cannot be told apart from.
        untested: the entries that it could not be compared with.
        best: whether it is better than every other entry by the tests, not by its value alone.
    """

    name: str
    rank: int | None
    value: float | None
    deviation: float | None
    low: float | None
    high: float | None
    interval: str
    cases: int
    groups: int
    seeds: int
    ties: tuple[str, ...]
    untested: tuple[str, ...]
    best: bool


@dataclass(frozen=True)
class Pair:
    """Two entries, the one with the better value first.

    Attributes:
        difference: the first's value less the second's.
        low, high: its 95 % interval by the paired resamples; None where there are too few groups for it.
        p: two-sided, of the test that `test` names.
        sign: of the difference as the test sees it: 1, -1, or 0 for neither.
        corrected: `p` by Holm's method over the figure's pairs.
        count: the pairs of values, or the groups, that the test stands on.
        verdict: `better` where `corrected` is under 0.05, the interval leaves out zero, and both point the way of the difference.
    """

    first: str
    second: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    sign: int
    corrected: float | None
    count: int
    test: str
    verdict: Verdict


@dataclass(frozen=True)
class Ranking:
    """One figure: its rows from the best value to the worst, those without a value last, and every pair."""

    figure: str
    better: str
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Board:
    """The rankings of entries that were measured alike; `notes` are what a reader must know beside."""

    protocol_hash: str
    rankings: tuple[Ranking, ...]
    notes: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Plain data, as `--json` prints and `leaderboard.json` holds it."""
        return asdict(self)


def leaderboard(entries: Sequence[Entry], figure: str | None = None) -> Board:
    """Rank entries by each figure that they have, or by one.

    Raises:
        UsageError: two entries have one name, one has no such predictor, or none has the figure.
        DataError: they were not measured alike, or a folder cannot be used.
    """
    found = measure(entries)
    names = list(dict.fromkeys(name for runs in found for run in runs for name in run.figures))
    if figure is not None and figure not in names:
        raise UsageError(f"no figure {figure!r}{nearest(figure, names)}")
    by_name = {entry.name: runs for entry, runs in zip(entries, found, strict=True)}
    rankings = tuple(_ranking(name, by_name) for name in names if figure in (None, name))
    return Board(found[0][0].summary["protocol_hash"], rankings, (*_notes(by_name), *_advice(rankings)))


def powerless(ranking: Ranking) -> str:
    """That there are too many entries for so few groups, so that all of them tie; empty where that is not so."""
    counts = [pair.count for pair in ranking.pairs if pair.test.startswith(WILCOXON)]
    if not counts or not tells_none(max(counts), len(ranking.pairs)):
        return ""
    return f"corrected for {len(ranking.pairs)} pairs, tests over {max(counts)} groups or cases can tell none apart, whatever the figures"


def _advice(rankings: Sequence[Ranking]) -> list[str]:
    """What to do about it, once."""
    found = next(filter(None, map(powerless, rankings)), "")
    return [f"{found}: compare fewer entries at a time, or measure on more"] if found else []


def _ranking(figure: str, entries: Mapping[str, Sequence[Measured]]) -> Ranking:
    better = _direction(figure, entries)
    sides = {name: _Side.of(figure, runs) for name, runs in entries.items()}
    sign = -1 if better == "higher" else 1
    ordered = sorted(sides, key=lambda name: (math.isnan(sides[name].value), sign * sides[name].value))
    pooled = not all(run.is_mean(figure) for runs in entries.values() for run in runs if not math.isnan(run.value(figure)))
    pairs = _pairs([(name, sides[name]) for name in ordered], pooled)
    values = [sides[name].value for name in ordered]
    ranks = [None if math.isnan(own) else 1 + sum(sign * other < sign * own for other in values) for own in values]
    rows = tuple(_row(name, rank, sides[name], pairs) for name, rank in zip(ordered, ranks, strict=True))
    return Ranking(figure, better, rows, tuple(pairs))


def _direction(figure: str, entries: Mapping[str, Sequence[Measured]]) -> str:
    ways: dict[str, str] = {run.figures[figure]["better"]: name for name, runs in entries.items() for run in runs if figure in run.figures}
    if len(ways) > 1:
        (way, first), (other, second) = list(ways.items())[:2]
        raise DataError(f"{figure} is better {way} in {first} and better {other} in {second}")
    return next(iter(ways))


@dataclass(frozen=True)
class _Side:
    """One entry under one figure: over all cases, in each resample, (R,), and of each case, (cases,), all as means over its seeds."""

    seeds: tuple[float, ...]
    draws: Draws | None
    cases: Draws
    groups: tuple[str, ...]

    @classmethod
    def of(cls, figure: str, runs: Sequence[Measured]) -> _Side:
        drawn = [run.draws.get(figure) for run in runs]
        draws = None if any(item is None for item in drawn) else over_seeds(np.stack([item for item in drawn if item is not None]))
        cases = np.stack([run.of_cases(figure) for run in runs]).mean(axis=0)
        return cls(tuple(run.value(figure) for run in runs), draws, cases, tuple(runs[0].groups.values()))

    @property
    def value(self) -> float:
        return float(np.mean(self.seeds))

    @property
    def group_count(self) -> int:
        return len(set(self.groups))

    @property
    def interval(self) -> Interval:
        if math.isnan(self.value):
            return Interval(None, None, "not defined")
        if self.draws is None:
            return Interval(None, None, too_few(self.group_count))
        return interval_of(self.draws, "bootstrap over groups" if len(self.seeds) == 1 else "bootstrap over groups and seeds")


def _row(name: str, rank: int | None, side: _Side, pairs: Sequence[Pair]) -> Row:
    own = [pair for pair in pairs if name in (pair.first, pair.second)]
    others = {
        verdict: [pair.second if pair.first == name else pair.first for pair in own if pair.verdict == verdict] for verdict in _VERDICTS
    }
    interval = side.interval
    return Row(
        name,
        rank,
        None if math.isnan(side.value) else side.value,
        float(np.std(side.seeds, ddof=1)) if len(side.seeds) > 1 and rank is not None else None,
        interval.low,
        interval.high,
        interval.said,
        len(side.cases),
        side.group_count,
        len(side.seeds),
        tuple(others["tie"]),
        tuple(others["not tested"]),
        bool(own) and all(pair.first == name and pair.verdict == "better" for pair in own),
    )


_VERDICTS: tuple[Verdict, ...] = ("better", "tie", "not tested")


def _pairs(ordered: Sequence[tuple[str, _Side]], pooled: bool) -> list[Pair]:
    both = list(combinations(ordered, 2))
    tests = [_tested(first, second, pooled) for (_, first), (_, second) in both]
    corrected = holm([test.p for test in tests])
    return [_pair(*names, test, p) for names, test, p in zip(both, tests, corrected, strict=True)]


def told_apart(pairs: Sequence[Pair]) -> list[Pair]:
    """Those of a few chosen pairs that can be told apart when their tests are corrected for these alone, and not for every pair of the
    figure: by fewer, so that more may be told."""
    corrected = holm([pair.p for pair in pairs])
    return [
        pair
        for pair, p in zip(pairs, corrected, strict=True)
        if _verdict(pair.difference or 0.0, Interval(pair.low, pair.high, ""), pair.sign, p) == "better" and pair.low is not None
    ]


def _tested(first: _Side, second: _Side, pooled: bool) -> Tested:
    if math.isnan(first.value) or math.isnan(second.value):
        return Tested(None, 0, 0, "not defined")
    if not pooled:
        return signed_rank(first.cases, second.cases, first.groups)
    draws = _difference(first, second)
    if draws is None:
        return Tested(None, 0, first.group_count, f"no test, the figure is no mean over cases and there are {too_few(first.group_count)}")
    return bootstrap_test(first.value - second.value, draws, first.group_count)


def _difference(first: _Side, second: _Side) -> Draws | None:
    if first.draws is None or second.draws is None:
        return None
    if first.draws.shape != second.draws.shape:
        raise DataError(f"{len(first.draws)} resamples in one run, {len(second.draws)} in another: medai evaluate makes them anew")
    with np.errstate(invalid="ignore"):
        return first.draws - second.draws


def _pair(one: tuple[str, _Side], other: tuple[str, _Side], test: Tested, corrected: float | None) -> Pair:
    (name, first), (its, second) = one, other
    draws, difference = _difference(first, second), first.value - second.value
    interval = Interval(None, None, "") if draws is None or math.isnan(difference) else interval_of(draws)
    return Pair(
        name,
        its,
        difference if math.isfinite(difference) else None,
        interval.low,
        interval.high,
        test.p,
        test.sign,
        corrected,
        test.count,
        test.said,
        _verdict(difference, interval, test.sign, corrected),
    )


def _verdict(difference: float, interval: Interval, sign: int, corrected: float | None) -> Verdict:
    if corrected is None:
        return "not tested"
    # Most cases may be better on the one side and the mean on the other: then neither is better.
    told = corrected < SIGNIFICANT and sign == np.sign(difference) != 0
    if interval.low is not None and interval.high is not None:
        told = told and not interval.low <= 0 <= interval.high
    elif interval.draws is not None:
        told = False
    return "better" if told else "tie"


def _notes(entries: Mapping[str, Sequence[Measured]]) -> list[str]:
    runs = [(name, run) for name, found in entries.items() for run in found]
    groups, notes = runs[0][1].group_count, []
    if any(run.summary["one_subject"] for _, run in runs):
        notes.append("one subject: the figures say nothing about other people")
    if groups < FEWEST_GROUPS:
        notes.append(f"{too_few(groups)}: no intervals; tests are over cases, which are not independent within a group")
    first, views = runs[0][0], runs[0][1].record["configuration"].get("views", [])
    other = next((name for name, run in runs if run.record["configuration"].get("views", []) != views), None)
    if other is not None:
        notes.append(f"{first} and {other} see the cases through different views: look whether what they are measured against is the same")
    return notes

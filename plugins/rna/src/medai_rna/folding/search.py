"""Structures in the order of their scores: the search for shortest paths, where a step's length is what its choice loses to the best."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from medai_rna.folding.choices import BRANCH, BRANCHES, CLOSED, EXTERIOR_FROM, NOTHING, choices
from medai_rna.folding.problem import Folding
from medai_rna.folding.zuker import Best

Segment = tuple[int, int, int]
Step = tuple[float, tuple[Segment, ...]]

ROUNDING = 1e-9
"""What scores of the same structure may differ by, added up in another order, relative to the best score."""


class _Partial(NamedTuple):
    """Part of a structure, of which the next step is one of several; those after it are looked at when this one was."""

    lost: float
    newest: int
    before: float
    segments: tuple[Segment, ...]
    pairs: tuple[tuple[int, int], ...]
    steps: list[Step]
    step: int


class Search:
    """The structures of a folding that lose at most `within` to the best."""

    def __init__(self, folding: Folding, best: Best, within: float) -> None:
        self.folding = folding
        self.best = best
        self.within = within + ROUNDING * (1 + abs(float(best.exterior[0])))
        self.known: dict[Segment, list[Step]] = {}

    def structures(self) -> Iterator[tuple[tuple[int, int], ...]]:
        """The pairs of each, the best first."""
        # Of parts that lose the same, the newest is the one that is nearest to its end.
        waiting: list[_Partial] = []
        newest = count(0, -1)
        first = self.steps((EXTERIOR_FROM, 0, len(self.folding.letters)))
        heappush(waiting, _Partial(first[0][0], next(newest), 0.0, (), (), first, 0))
        while waiting:
            part = heappop(waiting)
            if part.step + 1 < len(part.steps) and (other := part.before + part.steps[part.step + 1][0]) <= self.within:
                heappush(waiting, part._replace(lost=other, newest=next(newest), step=part.step + 1))
            segments = part.segments + part.steps[part.step][1]
            if not segments:
                yield part.pairs
                continue
            *rest, segment = segments
            pairs = (*part.pairs, segment[1:]) if segment[0] == CLOSED else part.pairs
            steps = self.steps(segment)
            heappush(waiting, _Partial(part.lost + steps[0][0], next(newest), part.lost, tuple(rest), pairs, steps, 0))

    def steps(self, segment: Segment) -> list[Step]:
        """The choices of a segment with what each loses, the least first."""
        if segment not in self.known:
            self.known[segment] = self._steps(segment)
        return self.known[segment]

    def _steps(self, segment: Segment) -> list[Step]:
        top = self._bound(segment)
        asked = self.folding
        found = choices(asked.vector, asked.strand, asked.places, self.best, *segment, top - self.within)
        steps = [
            (max(0.0, top - score), tuple(part for part in (one, other) if part[0] != NOTHING))
            for score, one, other in ((made[0], made[1:4], made[4:]) for made in found)
        ]
        return sorted(steps)

    def _bound(self, segment: Segment) -> float:
        kind, i, j = segment
        if kind == EXTERIOR_FROM:
            return float(self.best.exterior[i])
        row = {CLOSED: self.best.closed, BRANCH: self.best.branch, BRANCHES: self.best.branches}[kind]
        return float(row[self.best.start[i] + j])

"""One structure: its loops, its score, and the scores that this is the sum of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.folding.counting import (
    count_exterior_pair,
    count_exterior_unpaired,
    count_hairpin,
    count_interior,
    count_multi_inner,
    count_multi_outer,
    count_multi_unpaired,
    counted,
    nothing,
)
from medai_rna.folding.loops import (
    compiled,
    exterior_pair,
    exterior_unpaired,
    free,
    hairpin,
    interior,
    multi_inner,
    multi_outer,
    multi_unpaired,
)
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand

_SOUND, _CROSSES, _CANNOT_BE, _TOO_LONG, _LEFT_OUT = range(5)


class Loop(NamedTuple):
    """A loop of a nested structure.

    Attributes:
        kind: exterior, hairpin, stack, bulge, interior or multi.
        closing: the pair (i, j) around it; None of the exterior loop.
        branches: the pairs in it, 5' to 3', without the closing one.
        unpaired: the positions in it that do not pair, 5' to 3'.
    """

    kind: str
    closing: tuple[int, int] | None
    branches: tuple[tuple[int, int], ...]
    unpaired: tuple[int, ...]


def loops_of(pairs: Pairs) -> list[Loop]:
    """The loops of a structure: the exterior one, then those that each pair closes, in the order of the pairs.

    Raises:
        DataError: pairs cross, or a position pairs twice.
    """
    partner = _partners(pairs)
    _refuse_crossing(partner)
    closings = [None, *sorted(pairs.pairs)]
    return [_loop(partner, closing) for closing in closings]


def score_of(folding: Folding, pairs: Pairs) -> float:
    """The score of a structure.

    Raises:
        DataError: the structure is of another length; its pairs cross; one of them cannot be, or a forced one is missing; a bulge or
            interior loop is longer than `LONGEST`.
    """
    return float(_score(folding.vector, folding.strand, folding.places, _sound(folding, pairs)))


def counts_of(folding: Folding, pairs: Pairs) -> Counts:
    """How often a structure uses each score.

    Raises:
        DataError: as `score_of`.
    """
    partner = _sound(folding, pairs)
    tables, places = nothing(folding.vector.size, len(partner), folding.places is not None)
    _count(tables, folding.strand, places, partner)
    return counted(tables, places)


def _partners(pairs: Pairs) -> np.ndarray:
    """The partner of each position, or -1; int32 (N,)."""
    partner = np.full(pairs.length, -1, dtype=np.int32)
    if pairs.pairs:
        ends = np.array(pairs.pairs)
        if len(np.unique(ends)) < ends.size:
            twice = np.flatnonzero(np.bincount(ends.reshape(-1)) > 1)[0]
            raise DataError(f"the position {twice + 1} pairs twice")
        partner[ends[:, 0]], partner[ends[:, 1]] = ends[:, 1], ends[:, 0]
    return partner


def _refuse_crossing(partner: np.ndarray) -> None:
    opened: list[int] = []
    for place, other in enumerate(partner.tolist()):
        if other > place:
            opened.append(place)
        elif other >= 0 and opened.pop() != other:
            raise DataError(f"the pair {other + 1}-{place + 1} crosses another")


def _loop(partner: np.ndarray, closing: tuple[int, int] | None) -> Loop:
    i, j = closing or (-1, len(partner))
    branches, unpaired = [], []
    place = i + 1
    while place < j:
        if (other := int(partner[place])) >= 0:
            branches.append((place, other))
            place = other
        else:
            unpaired.append(place)
        place += 1
    return Loop(_kind(closing, branches, unpaired), closing, tuple(branches), tuple(unpaired))


def _kind(closing: tuple[int, int] | None, branches: list[tuple[int, int]], unpaired: list[int]) -> str:
    if closing is None:
        return "exterior"
    if len(branches) != 1:
        return "multi" if branches else "hairpin"
    if not unpaired:
        return "stack"
    (k, m), (i, j) = branches[0], closing
    return "bulge" if k == i + 1 or m == j - 1 else "interior"


def _sound(folding: Folding, pairs: Pairs) -> np.ndarray:
    """The partners of a structure that the folding allows."""
    letters = folding.letters
    if pairs.length != len(letters):
        raise DataError(f"a structure of {pairs.length} positions for a sequence of {len(letters)}")
    partner = _partners(pairs)
    flaw, i, j = _flaw(folding.strand, partner)
    if flaw != _SOUND:
        named = f"the pair {letters[i]}{i + 1}-{letters[j]}{j + 1}" if j >= 0 else f"the position {letters[i]}{i + 1}"
        said = {
            _CROSSES: "crosses another",
            _CANNOT_BE: "cannot be: its bases do not pair, its loop is too short, or a constraint forbids it",
            _TOO_LONG: f"closes a loop of more than {LONGEST} unpaired bases with one pair inside it",
            _LEFT_OUT: "has to pair, and does not",
        }
        raise DataError(f"{named} {said[flaw]}")
    return partner


@compiled
def _flaw(strand: Strand, partner: np.ndarray) -> tuple[int, int, int]:
    """What is wrong with a structure, and the pair (or position, and -1) where."""
    length = partner.shape[0]
    opened, depth = np.empty(length + 1, dtype=np.int64), 0
    for j in range(length):
        i = partner[j]
        if i > j:
            opened[depth] = j
            depth += 1
        elif i >= 0:
            depth -= 1
            if opened[depth] != i:
                return _CROSSES, i, j
            if strand.kinds[i, j] < 0:
                return _CANNOT_BE, i, j
            k, m = _ends(partner, i, j)
            if k < m and partner[k] == m and (k - i) + (j - m) - 2 > LONGEST:
                return _TOO_LONG, i, j
        elif not free(strand, j, j):
            return _LEFT_OUT, j, -1
    return _SOUND, -1, -1


@compiled
def _ends(partner: np.ndarray, i: int, j: int) -> tuple[int, int]:
    """The first and the last position between i and j that pair; j and i where none does."""
    k, m = i + 1, j - 1
    while k < j and partner[k] < 0:
        k += 1
    while m > i and partner[m] < 0:
        m -= 1
    return k, m


@compiled
def _score(tables: np.ndarray, strand: Strand, places: Places | None, partner: np.ndarray) -> float:
    length = partner.shape[0]
    score, free_from = 0.0, 0
    while free_from < length:
        k = free_from
        while k < length and partner[k] < 0:
            k += 1
        score += exterior_unpaired(tables, places, free_from, k - 1)
        if k < length:
            score += exterior_pair(tables, strand, places, k, partner[k])
            k = partner[k]
        free_from = k + 1
    for i in range(length):
        j = partner[i]
        if j > i:
            k, m = _ends(partner, i, j)
            if k > m:
                score += hairpin(tables, strand, places, i, j)
            elif partner[k] == m:
                score += interior(tables, strand, places, i, j, k, m)
            else:
                score += multi_outer(tables, strand, places, i, j)
                before = i
                while k < j:
                    score += multi_unpaired(tables, places, before + 1, k - 1)
                    score += multi_inner(tables, strand, places, k, partner[k])
                    before = partner[k]
                    k, m = _ends(partner, before, j)
                score += multi_unpaired(tables, places, before + 1, j - 1)
    return score


@compiled
def _count(tables: np.ndarray, strand: Strand, places: Places | None, partner: np.ndarray) -> None:
    length = partner.shape[0]
    free_from = 0
    while free_from < length:
        k = free_from
        while k < length and partner[k] < 0:
            k += 1
        count_exterior_unpaired(tables, places, 1.0, free_from, k - 1)
        if k < length:
            count_exterior_pair(tables, strand, places, 1.0, k, partner[k])
            k = partner[k]
        free_from = k + 1
    for i in range(length):
        j = partner[i]
        if j > i:
            k, m = _ends(partner, i, j)
            if k > m:
                count_hairpin(tables, strand, places, 1.0, i, j)
            elif partner[k] == m:
                count_interior(tables, strand, places, 1.0, i, j, k, m)
            else:
                count_multi_outer(tables, strand, places, 1.0, i, j)
                before = i
                while k < j:
                    count_multi_unpaired(tables, places, 1.0, before + 1, k - 1)
                    count_multi_inner(tables, strand, places, 1.0, k, partner[k])
                    before = partner[k]
                    k, m = _ends(partner, before, j)
                count_multi_unpaired(tables, places, 1.0, before + 1, j - 1)

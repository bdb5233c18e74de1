"""The structure of the best score, and those that come near it."""

from __future__ import annotations

from itertools import islice

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Pairs
from medai_rna.folding.loops import (
    compiled,
    exterior_pair,
    free,
    hairpin,
    interior,
    multi_inner,
    multi_outer,
)
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import LONGEST, SHORTEST_HAIRPIN, Places
from medai_rna.folding.search import Search
from medai_rna.folding.strand import Strand
from medai_rna.folding.structure import score_of
from medai_rna.folding.zuker import NEVER, Best, filled


def best_structure(folding: Folding) -> tuple[float, Pairs]:
    """The structure of the highest score, and its score; of several with the same score, one.

    Raises:
        DataError: no structure meets the constraints.
    """
    pairs = Pairs(_pairs(traced(folding.vector, folding.strand, folding.places, best_of(folding))), len(folding.letters))
    return score_of(folding, pairs), pairs


def best_of(folding: Folding) -> Best:
    """The best scores of all segments.

    Raises:
        DataError: no structure meets the constraints.
    """
    best = filled(folding.vector, folding.strand, folding.places)
    if best.exterior[0] == NEVER:
        raise DataError("no structure meets the constraints")
    return best


def suboptimal(folding: Folding, within: float, most: int = 1000) -> list[tuple[float, Pairs]]:
    """The structures whose scores are at most `within` below the best (Wuchty et al. 1999), each once, best first.

    They are all there are, unless as many as `most` come back: then they are the best ones.

    Args:
        folding: the sequence.
        within: the width of the band, in the unit of the scores; an energy E is E / kT.
        most: structures at most.

    Raises:
        DataError: no structure meets the constraints.
        UsageError: `within` is negative, or `most` less than 1.
    """
    if within < 0 or most < 1:
        raise UsageError(f"at most {most} structures within {within} of the best: take a band of 0 or more, and 1 structure or more")
    search = Search(folding, best_of(folding), within)
    found = [Pairs(tuple(sorted(pairs)), len(folding.letters)) for pairs in islice(search.structures(), most)]
    return sorted(((score_of(folding, pairs), pairs) for pairs in found), key=lambda answer: -answer[0])


def _pairs(partner: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((i, j) for i, j in enumerate(partner.tolist()) if i < j)


@compiled
def traced(tables: np.ndarray, strand: Strand, places: Places | None, best: Best) -> np.ndarray:
    """The partner of each position, or -1, in a structure of the best score; int32 (N,).

    Each step takes the best of all its choices, not one whose score equals that of the segment: rounding may have made them differ.
    """
    length = strand.codes.shape[0]
    partner = np.full(length, -1, dtype=np.int32)
    opened, depth = np.empty((length + 1, 2), dtype=np.int64), 0
    i = 0
    while i < length:
        j = _exterior_end(tables, strand, places, best, i)
        if j > i:
            opened[depth, 0], opened[depth, 1] = i, j
            depth += 1
        i = max(i, j) + 1
    while depth > 0:
        depth -= 1
        i, j = opened[depth]
        partner[i], partner[j] = j, i
        k, m, score = _inner_pair(tables, strand, places, best, i, j)
        split, several, branched = _last_branch(best, i + 1, j - 1, True)
        if split >= 0 and branched + multi_outer(tables, strand, places, i, j) > score:
            end = j - 1
            while split >= 0:
                opened[depth, 0], opened[depth, 1] = split, _branch_end(tables, strand, places, best, split, end)
                depth += 1
                end = split - 1
                split, several, _ = _last_branch(best, i + 1, end, False) if several else (-1, False, NEVER)
        elif k >= 0:
            opened[depth, 0], opened[depth, 1] = k, m
            depth += 1
    return partner


@compiled
def _exterior_end(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int) -> int:
    """The partner of i where the exterior loop reaches it, or -1."""
    end, top = -1, best.exterior[i + 1] + best.exterior_free[i]
    for j in range(i + SHORTEST_HAIRPIN + 1, strand.codes.shape[0]):
        closed = best.closed[best.start[i] + j]
        if closed > NEVER:
            score = closed + exterior_pair(tables, strand, places, i, j) + best.exterior[j + 1]
            if score > top:
                end, top = j, score
    return end


@compiled
def _inner_pair(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int, j: int) -> tuple[int, int, float]:
    """The one pair in the loop that (i, j) closes, or -1 twice where it is a hairpin; and the score of what is best of these."""
    inner, other, top = -1, -1, NEVER
    if free(strand, i + 1, j - 1):
        top = hairpin(tables, strand, places, i, j)
    for k in range(i + 1, min(i + LONGEST + 2, j - SHORTEST_HAIRPIN - 1)):
        if not free(strand, i + 1, k - 1):
            break
        for m in range(j - 1, max(k + SHORTEST_HAIRPIN, j - 2 - LONGEST + (k - i - 1)), -1):
            if not free(strand, m + 1, j - 1):
                break
            closed = best.closed[best.start[k] + m]
            if closed > NEVER:
                score = closed + interior(tables, strand, places, i, j, k, m)
                if score > top:
                    inner, other, top = k, m, score
    return inner, other, top


@compiled
def _last_branch(best: Best, i: int, j: int, several: bool) -> tuple[int, bool, float]:
    """Where the last branch in i..j of a multiloop begins, or -1; whether there are others before it; and the score.

    With `several`, there have to be.
    """
    begin, more, top, unpaired = -1, False, NEVER, 0.0
    for k in range(i, j - SHORTEST_HAIRPIN):
        branch = best.branch[best.start[k] + j]
        before = best.branches[best.start[i] + k - 1] if k > i else NEVER
        if before + branch > top:
            begin, more, top = k, True, before + branch
        if not several and unpaired + branch > top:
            begin, more, top = k, False, unpaired + branch
        unpaired += best.multi_free[k]
    return begin, more, top


@compiled
def _branch_end(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int, j: int) -> int:
    """The partner of i, where a branch of a multiloop begins with i and unpaired bases after it reach to j."""
    end, top, unpaired = -1, NEVER, 0.0
    for m in range(j, i + SHORTEST_HAIRPIN, -1):
        closed = best.closed[best.start[i] + m]
        if closed > NEVER:
            score = closed + multi_inner(tables, strand, places, i, m) + unpaired
            if score > top:
                end, top = m, score
        unpaired += best.multi_free[m]
    return end

"""What a segment of a structure may be made of: each structure is one way through these choices, and only one."""

from __future__ import annotations

import numpy as np

from medai_rna.folding.loops import compiled, exterior_pair, free, hairpin, interior, multi_inner, multi_outer
from medai_rna.folding.scores import LONGEST, SHORTEST_HAIRPIN, Places
from medai_rna.folding.strand import Strand
from medai_rna.folding.zuker import NEVER, Best

NOTHING, EXTERIOR_FROM, CLOSED, BRANCH, BRANCHES = range(5)
"""Kinds of segments: none; the exterior loop from i on; what the pair (i, j) closes; in a multiloop, a branch that begins at i with
unpaired bases to j; one branch or more in i..j."""

Choice = tuple[float, int, int, int, int, int, int]
"""The score at best, and two segments that are left to choose: kind, i and j of each."""


@compiled
def choices(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, kind: int, i: int, j: int, least: float) -> list[Choice]:
    """All choices of a segment whose score at best is `least` or more."""
    if kind == EXTERIOR_FROM:
        return _exterior(tables, strand, places, best, i, least)
    if kind == CLOSED:
        return _closed(tables, strand, places, best, i, j, least)
    if kind == BRANCH:
        return _branch(tables, strand, places, best, i, j, least)
    return _branches(best, i, j, least)


@compiled
def _exterior(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int, least: float) -> list[Choice]:
    found = [(NEVER, NOTHING, 0, 0, NOTHING, 0, 0)]
    unpaired, length = 0.0, strand.codes.shape[0]
    for k in range(i, length):
        for m in range(k + SHORTEST_HAIRPIN + 1, length):
            closed = best.closed[best.start[k] + m]
            if closed > NEVER:
                score = unpaired + closed + exterior_pair(tables, strand, places, k, m) + best.exterior[m + 1]
                if score >= least:
                    found.append((score, CLOSED, k, m, EXTERIOR_FROM, m + 1, length))
        unpaired += best.exterior_free[k]
    if unpaired >= least:
        found.append((unpaired, NOTHING, 0, 0, NOTHING, 0, 0))
    return found[1:]


@compiled
def _closed(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int, j: int, least: float) -> list[Choice]:
    found = [(NEVER, NOTHING, 0, 0, NOTHING, 0, 0)]
    if free(strand, i + 1, j - 1):
        score = hairpin(tables, strand, places, i, j)
        if score >= least:
            found.append((score, NOTHING, 0, 0, NOTHING, 0, 0))
    for k in range(i + 1, min(i + LONGEST + 2, j - SHORTEST_HAIRPIN - 1)):
        for m in range(j - 1, max(k + SHORTEST_HAIRPIN, j - 2 - LONGEST + (k - i - 1)), -1):
            closed = best.closed[best.start[k] + m]
            if closed > NEVER and free(strand, i + 1, k - 1) and free(strand, m + 1, j - 1):
                score = closed + interior(tables, strand, places, i, j, k, m)
                if score >= least:
                    found.append((score, CLOSED, k, m, NOTHING, 0, 0))
    outer = multi_outer(tables, strand, places, i, j)
    for k in range(i + 2, j - SHORTEST_HAIRPIN - 1):
        score = outer + best.branches[best.start[i + 1] + k - 1] + best.branch[best.start[k] + j - 1]
        if score >= least:
            found.append((score, BRANCHES, i + 1, k - 1, BRANCH, k, j - 1))
    return found[1:]


@compiled
def _branch(tables: np.ndarray, strand: Strand, places: Places | None, best: Best, i: int, j: int, least: float) -> list[Choice]:
    found = [(NEVER, NOTHING, 0, 0, NOTHING, 0, 0)]
    unpaired = 0.0
    for m in range(j, i + SHORTEST_HAIRPIN, -1):
        closed = best.closed[best.start[i] + m]
        if closed > NEVER:
            score = closed + multi_inner(tables, strand, places, i, m) + unpaired
            if score >= least:
                found.append((score, CLOSED, i, m, NOTHING, 0, 0))
        unpaired += best.multi_free[m]
    return found[1:]


@compiled
def _branches(best: Best, i: int, j: int, least: float) -> list[Choice]:
    found = [(NEVER, NOTHING, 0, 0, NOTHING, 0, 0)]
    unpaired = 0.0
    for k in range(i, j - SHORTEST_HAIRPIN):
        branch = best.branch[best.start[k] + j]
        if unpaired + branch >= least:
            found.append((unpaired + branch, BRANCH, k, j, NOTHING, 0, 0))
        if k > i and best.branches[best.start[i] + k - 1] + branch >= least:
            found.append((best.branches[best.start[i] + k - 1] + branch, BRANCHES, i, k - 1, BRANCH, k, j))
        unpaired += best.multi_free[k]
    return found[1:]

"""Structures without what crosses: the largest part of one that is nested, and the pairs that do not stand in it."""

from __future__ import annotations

import numpy as np
from numba import njit

from medai.tasks import Pairs

CANONICAL = frozenset({"AU", "UA", "CG", "GC", "GU", "UG"})
"""Watson and Crick's pairs, and the wobble pair."""


def nested(structure: Pairs) -> Pairs:
    """The largest part of a structure in which no two pairs cross and no position pairs twice (Smit et al. 2008, doi:10.1261/rna.881308,
    the dynamic programme for the most pairs). Where several are as large, pairs from the left are kept.
    """
    ends = np.array(structure.pairs, dtype=np.int64).reshape(-1, 2)
    conflict = _conflicting(ends)
    if not conflict.any():
        return structure
    places = np.unique(ends[conflict])
    kept = _largest(len(places), np.searchsorted(places, ends[conflict]))
    chosen = ~conflict
    chosen[np.flatnonzero(conflict)[kept]] = True
    return Pairs(tuple(pair for pair, stays in zip(structure.pairs, chosen, strict=True) if stays), structure.length)


def canonical(structure: Pairs, letters: str) -> Pairs:
    """The pairs of A with U, G with C and G with U; T counts as U, and any letter of another kind as one that does not pair."""
    spelled = letters.upper().replace("T", "U")
    kept = tuple((i, j) for i, j in structure.pairs if spelled[i] + spelled[j] in CANONICAL)
    return Pairs(kept, structure.length, structure.multiplets)


def _conflicting(ends: np.ndarray) -> np.ndarray:
    """Which pairs cross another or share a position with it, bool (P,)."""
    found = np.zeros(len(ends), dtype=bool)
    for place, (i, j) in enumerate(ends):
        first, last = ends[:, 0], ends[:, 1]
        crosses = ((i < first) & (first < j) & (j < last)) | ((first < i) & (i < last) & (last < j))
        shares = (first == i) | (last == j) | (first == j) | (last == i)
        shares[place] = False
        found[place] = bool((crosses | shares).any())
    return found


def _largest(length: int, ends: np.ndarray) -> list[int]:
    """The indices of the pairs (P, 2), sorted, that stay."""
    starts = np.searchsorted(ends[:, 0], np.arange(length + 1))
    return sorted(_chosen(_fill(length, starts, ends[:, 1]), starts, ends[:, 1]))


@njit(cache=True)
def _fill(length: int, starts: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The most pairs between positions i and j - 1, int32 (N + 1, N + 1); the pairs that begin at i are last[starts[i] : starts[i + 1]]."""
    most = np.zeros((length + 2, length + 2), dtype=np.int32)
    for i in range(length - 1, -1, -1):
        for j in range(i + 1, length + 1):
            best = most[i + 1, j]
            for pair in range(starts[i], starts[i + 1]):
                k = last[pair]
                if k < j:
                    best = max(best, 1 + most[i + 1, k] + most[k + 1, j])
            most[i, j] = best
    return most


def _chosen(most: np.ndarray, starts: np.ndarray, last: np.ndarray) -> list[int]:
    kept, waiting = [], [(0, len(starts) - 1)]
    while waiting:
        i, j = waiting.pop()
        if i >= j or most[i, j] == 0:
            continue
        for pair in range(starts[i], starts[i + 1]):
            k = int(last[pair])
            if k < j and 1 + most[i + 1, k] + most[k + 1, j] == most[i, j]:
                kept.append(pair)
                waiting += [(i + 1, k), (k + 1, j)]
                break
        else:
            waiting.append((i + 1, j))
    return kept

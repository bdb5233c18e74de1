"""What is expected of the scores of ended interior loops, and of whatever a pair closes; the counting half of `outside`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medai_rna.folding.counting import count_multi_outer, count_stretch, nothing
from medai_rna.folding.inside import BULGE, GENERAL, ONE_BY_MORE, reach, summed, summing
from medai_rna.folding.loops import (
    BULGE_END,
    BULGE_MISMATCH,
    IN_INTERIOR,
    INTERIOR_1N,
    INTERIOR_INNER,
    INTERIOR_MISMATCH,
    INTERIOR_OUTER,
    INTERIOR_SIZE,
    compiled,
    inlined,
    reversed_kind,
    sided,
)
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand
from medai_rna.folding.weights import WIDE, Weights

SPENT = 3
"""The row of `Tally.outer`, after those of the kinds of ends, of what a pair closes by hairpins and explicit interior loops."""


class Tally(NamedTuple):
    """Expected counts of a sequence of N bases, as they come; L is `WIDE`.

    Attributes:
        tables: as `Scores.pack` lays them out.
        places: likewise at the positions; None: there are none.
        sizes: of ended interior loops, by unpaired bases 5' and 3', (L, L).
        lefts: of how many bases before each position are unpaired in an ended interior loop, (N, L).
        rights: of how many after it.
        outer: what pairs close, of the last rows, (4, L, N + 2 L): that of (i, j) at i modulo L, j.
        in_hairpins: of bases in hairpins, (1,).
        row: room for one row, (L,).
    """

    tables: np.ndarray
    places: Places | None
    sizes: np.ndarray
    lefts: np.ndarray
    rights: np.ndarray
    outer: np.ndarray
    in_hairpins: np.ndarray
    row: np.ndarray


def tally_of(size: int, length: int, with_places: bool) -> Tally:
    """Nothing counted yet: tables of this size, and a sequence of this length."""
    tables, places = nothing(size, length, with_places)
    rows = np.zeros((length, WIDE)), np.zeros((length, WIDE))
    return Tally(tables, places, np.zeros((WIDE, WIDE)), *rows, np.zeros((4, WIDE, length + 2 * WIDE)), np.zeros(1), np.zeros(WIDE))


@summed
def spread(
    weights: Weights, tally: Tally, ring: np.ndarray, outer: np.ndarray, left: int, m: int, slot: int, start: int, amount: float
) -> float:
    """`window` of what surrounds, with an amount of each product counted where it belongs."""
    size, place, line, first = np.uint64(left), np.uint64(m), np.uint64(slot), np.uint64(start)
    last = np.uint64(reach(left))
    total = 0.0
    for index in range(last):
        value = weights.sizes_on[size, index] * weights.after[place, index] * ring[line, first + index]
        total += value
        tally.row[index] = amount * value
    # One loop for each row, so that the compiler need not ask whether all of them are apart.
    for index in range(last):
        outer[line, first + index] += tally.row[index]
    for index in range(last):
        tally.sizes[size, index] += tally.row[index]
    for index in range(last):
        tally.rights[place, index] += tally.row[index]
    return total


@inlined
def spread_one(
    weights: Weights, tally: Tally, rings: np.ndarray, kind: int, left: int, right: int, m: int, slot: int, amount: float
) -> float:
    """The same of one size."""
    value = weights.sizes[left, right] * weights.after[m, right] * rings[kind, slot, m + 1 + right]
    tally.outer[kind, slot, m + 1 + right] += amount * value
    tally.sizes[left, right] += amount * value
    tally.rights[m, right] += amount * value
    return value


@summed
def count_ended(
    weights: Weights,
    strand: Strand,
    tally: Tally,
    rings: np.ndarray,
    k: int,
    m: int,
    inner: tuple[float, float, float],
    held: float,
) -> tuple[float, float, float]:
    """`ended_outside`, and what it means for the counts of sizes, ends and unpaired bases, where (k, m) holds this weight."""
    bulge, one, general = 0.0, 0.0, 0.0
    general_ring, general_outer = rings[GENERAL], tally.outer[GENERAL]
    for left in range(min(LONGEST + 1, k)):
        weight = weights.before[k, left]
        if weight == 0.0:
            break
        slot = (k - 1 - left) % WIDE
        bulges, ones, generals = 0.0, 0.0, 0.0
        by_bulge, by_one, by_general = weight * held * inner[BULGE], weight * held * inner[ONE_BY_MORE], weight * held * inner[GENERAL]
        if left == 0:
            bulges = spread(weights, tally, rings[BULGE], tally.outer[BULGE], left, m, slot, m + 1, by_bulge)
        elif left == 1:
            ones = spread(weights, tally, rings[ONE_BY_MORE], tally.outer[ONE_BY_MORE], left, m, slot, m + 1, by_one)
        else:
            bulges = spread_one(weights, tally, rings, BULGE, left, 0, m, slot, by_bulge)
            ones = spread_one(weights, tally, rings, ONE_BY_MORE, left, 1, m, slot, by_one)
            generals = spread(weights, tally, general_ring, general_outer, left, m, slot, m + 1, by_general)
        tally.lefts[k, left] += by_bulge * bulges + by_one * ones + by_general * generals
        bulge += weight * bulges
        one += weight * ones
        general += weight * generals
    kind = reversed_kind(np.int64(strand.kinds[k, m]))
    flows = inner[BULGE] * bulge * held, inner[ONE_BY_MORE] * one * held, inner[GENERAL] * general * held
    count_ends(tally.tables, kind, strand.codes[m + 1], strand.codes[k - 1], flows)
    count_plane(tally.places, INTERIOR_INNER, k, m, flows[0] + flows[1] + flows[2])
    return bulge, one, general


@inlined
def count_plane(places: Places | None, plane: int, i: int, j: int, amount: float) -> None:
    if places is not None:
        places.planes[plane, i, j] += amount


@inlined
def count_ends(tables: np.ndarray, kind: int, before: int, after: int, flows: tuple[float, float, float]) -> None:
    """Of a pair as an end of ended interior loops."""
    place = sided(kind, before, after)
    tables[BULGE_END + kind] += flows[BULGE]
    tables[BULGE_MISMATCH + place] += flows[BULGE]
    tables[INTERIOR_1N + place] += flows[ONE_BY_MORE]
    tables[INTERIOR_MISMATCH + place] += flows[GENERAL]


@summing
def settle(strand: Strand, probabilities: np.ndarray, tally: Tally, i: int) -> None:
    """Count what the pairs of a row close, once all that they may hold is known; the row of `Tally.outer` is ready for another."""
    slot = i % WIDE
    for j in range(i + 4, strand.codes.shape[0]):
        if probabilities[i, j] > 0.0:
            flows = tally.outer[BULGE, slot, j], tally.outer[ONE_BY_MORE, slot, j], tally.outer[GENERAL, slot, j]
            ended = flows[0] + flows[1] + flows[2]
            count_ends(tally.tables, np.int64(strand.kinds[i, j]), strand.codes[i + 1], strand.codes[j - 1], flows)
            count_plane(tally.places, INTERIOR_OUTER, i, j, ended)
            # What is left of the pair's probability closes multiloops.
            rest = max(0.0, probabilities[i, j] - ended - tally.outer[SPENT, slot, j])
            count_multi_outer(tally.tables, strand, tally.places, rest, i, j)
    tally.outer[:, slot, :] = 0.0


def gather(tally: Tally) -> None:
    """Add what was counted by size to the tables and the positions."""
    size = LONGEST + 1
    tally.tables[INTERIOR_SIZE : INTERIOR_SIZE + size * size] += tally.sizes[:size, :size].reshape(-1)
    if tally.places is not None:
        _gather_stretches(tally.places, tally.lefts, tally.rights)


@compiled
def _gather_stretches(places: Places, lefts: np.ndarray, rights: np.ndarray) -> None:
    for place in range(lefts.shape[0]):
        for size in range(1, LONGEST + 1):
            if size <= place:
                count_stretch(places, lefts[place, size], IN_INTERIOR, place - size, place - 1)
            if place + size < lefts.shape[0]:
                count_stretch(places, rights[place, size], IN_INTERIOR, place + 1, place + size)

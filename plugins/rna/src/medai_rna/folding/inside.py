"""The weights of all structures of every stretch of a sequence: the inside half of the partition function (McCaskill 1990)."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numba
import numpy as np

from medai_rna.folding.loops import (
    BULGE_END,
    BULGE_MISMATCH,
    INTERIOR_1N,
    INTERIOR_INNER,
    INTERIOR_MISMATCH,
    INTERIOR_OUTER,
    PAIR,
    exterior_pair,
    free,
    hairpin,
    inlined,
    interior,
    multi_inner,
    multi_outer,
    reversed_kind,
    sided,
)
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand
from medai_rna.folding.weights import EXPLICIT, WIDE, Weights

# Sums of products may be taken in any order, which is what makes rows of them fast.
summing = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"}, _nrt=False)
summed = numba.njit(forceinline=True, error_model="numpy", fastmath={"reassoc", "contract"}, _nrt=False)

BULGE, ONE_BY_MORE, GENERAL = range(3)
"""Kinds of the ends of interior loops: of bulges of two or more bases, of loops of 1 x 3 or more, and of all that are not explicit."""


class Work(NamedTuple):
    """Room that is not kept: of the last rows for each kind of ends, (3, `WIDE`, N + 2 `WIDE`), and twice of one row, (N,)."""

    rings: np.ndarray
    single: np.ndarray
    other: np.ndarray


def work_of(length: int) -> Work:
    """Zeros."""
    return Work(np.zeros((3, WIDE, length + 2 * WIDE)), np.zeros(length), np.zeros(length))


@summed
def dot(first: np.ndarray, second: np.ndarray) -> float:
    """Of rows of the same length."""
    total = 0.0
    for place in range(first.shape[0]):
        total += first[place] * second[place]
    return total


@summed
def window(
    sizes: np.ndarray, size: int, near: np.ndarray, place: int, ring: np.ndarray, slot: int, start: int, first: int, last: int
) -> float:
    """The sum over a row of products: of sizes, of unpaired bases at a place, and of what a ring holds from a start on."""
    # Indices that are unsigned, and a length that the compiler does not know: it would look at whether indices count from the end, or
    # write the loop out in single steps, and either keeps it from the vector registers.
    row, at, line, begin = np.uint64(size), np.uint64(place), np.uint64(slot), np.uint64(start)
    total = 0.0
    for index in range(np.uint64(first), np.uint64(last)):
        total += sizes[row, index] * near[at, index] * ring[line, begin + index]
    return total


@inlined
def reach(left: int) -> int:
    """Entries of a row, half of all or all, that hold the sizes of a side where the other has this many unpaired bases."""
    return WIDE // 2 if left > WIDE // 2 - 2 else WIDE


@inlined
def ends(powers: np.ndarray, kind: int, before: int, after: int) -> tuple[float, float, float]:
    """The weight of a pair as an end of an ended interior loop, of each kind."""
    place = sided(kind, before, after)
    bulge = powers[BULGE_END + kind] * powers[BULGE_MISMATCH + place]
    return bulge, powers[INTERIOR_1N + place], powers[INTERIOR_MISMATCH + place]


@inlined
def inner_ends(powers: np.ndarray, strand: Strand, places: Places | None, k: int, m: int) -> tuple[float, float, float]:
    """`ends` of the pair inside, with its own score at its place."""
    bulge, one, general = ends(powers, reversed_kind(np.int64(strand.kinds[k, m])), strand.codes[m + 1], strand.codes[k - 1])
    if places is not None:
        own = exp(places.planes[INTERIOR_INNER, k, m])
        return bulge * own, one * own, general * own
    return bulge, one, general


@inlined
def outer_ends(weights: Weights, strand: Strand, places: Places | None, i: int, j: int) -> tuple[float, float, float]:
    """`ends` of the pair outside, scaled."""
    bulge, one, general = ends(weights.powers, np.int64(strand.kinds[i, j]), strand.codes[i + 1], strand.codes[j - 1])
    own = -span(weights, i, i) - span(weights, j, j)
    if places is not None:
        own += places.planes[PAIR, i, j] + places.planes[INTERIOR_OUTER, i, j]
    own = exp(own)
    return bulge * own, one * own, general * own


@inlined
def span(weights: Weights, i: int, j: int) -> float:
    """The logarithm of the scale of the bases i..j."""
    return weights.scale[j + 1] - weights.scale[i]


@inlined
def hairpin_weight(weights: Weights, strand: Strand, places: Places | None, i: int, j: int) -> float:
    """0 where its bases may not all be unpaired."""
    return exp(hairpin(weights.tables, strand, places, i, j) - span(weights, i, j)) if free(strand, i + 1, j - 1) else 0.0


@inlined
def interior_weight(weights: Weights, strand: Strand, places: Places | None, i: int, j: int, k: int, m: int) -> float:
    """0 where its bases may not all be unpaired."""
    if not free(strand, i + 1, k - 1) or not free(strand, m + 1, j - 1):
        return 0.0
    return exp(interior(weights.tables, strand, places, i, j, k, m) - span(weights, i, k - 1) - span(weights, m + 1, j))


@inlined
def multi_outer_weight(weights: Weights, strand: Strand, places: Places | None, i: int, j: int) -> float:
    return exp(multi_outer(weights.tables, strand, places, i, j) - span(weights, i, i) - span(weights, j, j))


@summed
def ended_inside(weights: Weights, rings: np.ndarray, i: int, j: int) -> tuple[float, float, float]:
    """The ended interior loops that (i, j) closes, without its own end; a sum for each kind of ends."""
    bulge, one, general = 0.0, 0.0, 0.0
    general_ring = rings[GENERAL]
    for left in range(min(LONGEST + 1, j - i - 5)):
        weight = weights.after[i, left]
        if weight == 0.0:
            break
        k = i + 1 + left
        slot = k % WIDE
        if left == 0:
            bulge += window(weights.sizes_back, left, weights.before_back, j, rings[BULGE], slot, j, 0, WIDE)
        elif left == 1:
            one += weight * window(weights.sizes_back, left, weights.before_back, j, rings[ONE_BY_MORE], slot, j, 0, WIDE)
        else:
            bulge += weight * weights.sizes[left, 0] * rings[BULGE, slot, j - 1 + WIDE]
            one += weight * weights.sizes[left, 1] * weights.before[j, 1] * rings[ONE_BY_MORE, slot, j - 2 + WIDE]
            general += weight * window(
                weights.sizes_back, left, weights.before_back, j, general_ring, slot, j, WIDE // 2 if left > WIDE // 2 - 2 else 0, WIDE
            )
    return bulge, one, general


@summing
def inside(
    weights: Weights, strand: Strand, places: Places | None, closed: np.ndarray, parts: np.ndarray, suffix: np.ndarray, work: Work
) -> None:
    """Fill in the weights, scaled, of N bases.

    Args:
        weights: see there.
        strand: the sequence.
        places: scores at its positions.
        closed: zeros (N, N); becomes, for i < j, at [j, i] the weight of what the pair (i, j) holds.
        parts: zeros (N, N); becomes, for i < j, the weight of one or more branches of a multiloop in i..j, and at [j, i] that of one
            branch that begins at i.
        suffix: (N + 1,); becomes the weight of the exterior loop from each position on.
        work: as `work_of` makes it; `rings` is of closed weights times the pair's as an inner end: that of (k, m) is at k modulo `WIDE`
            and m + `WIDE`.
    """
    length = strand.codes.shape[0]
    rings, single, several = work
    suffix[length] = 1.0
    for i in range(length - 1, -1, -1):
        slot = i % WIDE
        begins = 0.0
        rest = weights.exterior[i] * suffix[i + 1]
        # What is split into branches in the stretch inside (i, j), of the row before, until it is written over.
        enclosed = several[i + 3] if i + 3 < length else 0.0
        for j in range(i + 4, length):
            held = 0.0
            if strand.kinds[i, j] >= 0:
                held = hairpin_weight(weights, strand, places, i, j)
                for index in range(EXPLICIT.shape[0]):
                    k, m = i + 1 + EXPLICIT[index, 0], j - 1 - EXPLICIT[index, 1]
                    if strand.kinds[k, m] >= 0:
                        held += interior_weight(weights, strand, places, i, j, k, m) * closed[m, k]
                sums = ended_inside(weights, rings, i, j)
                outer = outer_ends(weights, strand, places, i, j)
                held += outer[BULGE] * sums[BULGE] + outer[ONE_BY_MORE] * sums[ONE_BY_MORE] + outer[GENERAL] * sums[GENERAL]
                if enclosed > 0.0:
                    held += multi_outer_weight(weights, strand, places, i, j) * enclosed
                closed[j, i] = held
                rest += held * exp(exterior_pair(weights.tables, strand, places, i, j)) * suffix[j + 1]
            enclosed = several[j]
            if i > 0 and j < length - 1:
                begins *= weights.multi[j]
                if held > 0.0:
                    inner = inner_ends(weights.powers, strand, places, i, j)
                    for kind in range(3):
                        rings[kind, slot, j + WIDE] = held * inner[kind]
                    begins += held * exp(multi_inner(weights.tables, strand, places, i, j))
                else:
                    for kind in range(3):
                        rings[kind, slot, j + WIDE] = 0.0
                several[j] = dot(parts[i][i + 4 : j - 4], parts[j][i + 5 : j - 3]) if j - i > 8 else 0.0
                single[j] = single[j] * weights.multi[i] + begins
                parts[i, j] = several[j] + single[j]
                parts[j, i] = begins
        suffix[i] = rest

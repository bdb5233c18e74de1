"""The probability of every pair, and what is expected of every score: the outside half of the partition function.

Each step is the derivative of one of `inside`, in the opposite order.
"""

from __future__ import annotations

from math import exp

import numpy as np

from medai_rna.folding.counting import (
    count_exterior_pair,
    count_hairpin,
    count_interior,
    count_multi_inner,
)
from medai_rna.folding.inside import (
    BULGE,
    GENERAL,
    ONE_BY_MORE,
    Work,
    dot,
    hairpin_weight,
    inner_ends,
    interior_weight,
    multi_outer_weight,
    outer_ends,
    summed,
    summing,
    window,
)
from medai_rna.folding.loops import exterior_pair, multi_inner
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand
from medai_rna.folding.tally import SPENT, Tally, count_ended, settle
from medai_rna.folding.weights import EXPLICIT, WIDE, Weights


@summing
def prefixes(weights: Weights, strand: Strand, places: Places | None, closed: np.ndarray, prefix: np.ndarray) -> None:
    """The weight of the exterior loop up to each position, into (N + 1,)."""
    length = strand.codes.shape[0]
    prefix[0] = 1.0
    for j in range(length):
        whole = prefix[j] * weights.exterior[j]
        for i in range(j - 3):
            if closed[j, i] > 0.0:
                whole += prefix[i] * closed[j, i] * exp(exterior_pair(weights.tables, strand, places, i, j))
        prefix[j + 1] = whole


@summed
def after_splits(parts: np.ndarray, closed: np.ndarray, k: int, branch: np.ndarray) -> None:
    """What surrounds a branch that begins at k, where others come before it in its multiloop: from all rows i < k of what surrounds
    splits, each times what is before k in it."""
    length = branch.shape[0]
    branch[:] = 0.0
    first, last, end = np.uint64(k + 4), np.uint64(k - 1), np.uint64(length - 1)
    for quad in range(0, max(k - 5, 0), 4):
        i = np.uint64(quad + 1)
        i1, i2, i3 = min(np.uint64(quad + 2), last), min(np.uint64(quad + 3), last), min(np.uint64(quad + 4), last)
        # Past the last row that can hold anything, parts[k - 1, k - 1] is 0.
        w0, w1, w2, w3 = parts[last, i], parts[last, i1], parts[last, i2], parts[last, i3]
        for j in range(first, end):
            branch[j] += w0 * closed[i, j] + w1 * closed[i1, j] + w2 * closed[i2, j] + w3 * closed[i3, j]


@summed
def ended_outside(weights: Weights, rings: np.ndarray, k: int, m: int) -> tuple[float, float, float]:
    """What surrounds (k, m) where it ends an ended interior loop from inside, without its own end; a sum for each kind of ends."""
    bulge, one, general = 0.0, 0.0, 0.0
    general_ring = rings[GENERAL]
    for left in range(min(LONGEST + 1, k)):
        weight = weights.before[k, left]
        if weight == 0.0:
            break
        slot = (k - 1 - left) % WIDE
        if left == 0:
            bulge += window(weights.sizes_on, left, weights.after, m, rings[BULGE], slot, m + 1, 0, WIDE)
        elif left == 1:
            one += weight * window(weights.sizes_on, left, weights.after, m, rings[ONE_BY_MORE], slot, m + 1, 0, WIDE)
        else:
            bulge += weight * weights.sizes[left, 0] * rings[BULGE, slot, m + 1]
            one += weight * weights.sizes[left, 1] * weights.after[m, 1] * rings[ONE_BY_MORE, slot, m + 2]
            general += weight * window(
                weights.sizes_on, left, weights.after, m, general_ring, slot, m + 1, 0, WIDE // 2 if left > WIDE // 2 - 2 else WIDE
            )
    return bulge, one, general


@summing
def outside(
    weights: Weights,
    strand: Strand,
    places: Places | None,
    closed: np.ndarray,
    parts: np.ndarray,
    prefix: np.ndarray,
    suffix: np.ndarray,
    work: Work,
    tally: Tally | None,
) -> None:
    """Fill in the probabilities of pairs of N bases.

    Args:
        weights: see there.
        strand: the sequence.
        places: scores at its positions.
        closed: as `inside` leaves it; becomes, at [j, i], the weight of what surrounds the pair (i, j), and at [i, j] that of what
            surrounds i..j where it is split into branches.
        parts: as `inside` leaves it, transposed; becomes, above the diagonal, the probabilities.
        prefix: of the exterior loop, as `prefixes` leaves it.
        suffix: the same from behind, as `inside` leaves it.
        work: as `work_of` makes it; `rings` is of what surrounds pairs times their weights as outer ends: that of (i, j) is at i modulo
            `WIDE` and j.
        tally: where to count what is expected of each score; None: that is not asked.
    """
    length = strand.codes.shape[0]
    total = suffix[0]
    rings, single, branch = work
    for k in range(length):
        slot = k % WIDE
        after_splits(parts, closed, k, branch)
        branching = 0.0
        if tally is not None and k >= WIDE:
            settle(strand, parts, tally, k - WIDE)
        for m in range(length - 1, k + 3, -1):
            within = k > 0 and m < length - 1
            if within:
                around = dot(closed[k][m + 5 : length - 1], parts[m + 1][m + 5 : length - 1])
                single[m] = around + single[m] * weights.multi[k - 1]
                branching = branch[m] + single[m] + (branching * weights.multi[m + 1] if m < length - 2 else 0.0)
                if closed[m + 1, k - 1] > 0.0:
                    around += closed[m + 1, k - 1] * multi_outer_weight(weights, strand, places, k - 1, m + 1)
                closed[k, m] = around
            held = closed[m, k]
            if held == 0.0:
                for kind in range(3):
                    rings[kind, slot, m] = 0.0
                parts[k, m] = 0.0
                continue
            surrounds = prefix[k] * suffix[m + 1] / total * exp(exterior_pair(weights.tables, strand, places, k, m))
            if tally is not None:
                count_exterior_pair(tally.tables, strand, tally.places, surrounds * held, k, m)
            if within:
                as_branch = branching * exp(multi_inner(weights.tables, strand, places, k, m))
                if tally is not None:
                    count_multi_inner(tally.tables, strand, tally.places, as_branch * held, k, m)
                surrounds += as_branch
                for index in range(EXPLICIT.shape[0]):
                    i, j = k - 1 - EXPLICIT[index, 0], m + 1 + EXPLICIT[index, 1]
                    if i >= 0 and j < length and closed[j, i] > 0.0:
                        looped = closed[j, i] * interior_weight(weights, strand, places, i, j, k, m)
                        surrounds += looped
                        if tally is not None:
                            count_interior(tally.tables, strand, tally.places, looped * held, i, j, k, m)
                            tally.outer[SPENT, i % WIDE, j] += looped * held
                inner = inner_ends(weights.powers, strand, places, k, m)
                if tally is None:
                    sums = ended_outside(weights, rings, k, m)
                else:
                    sums = count_ended(weights, strand, tally, rings, k, m, inner, held)
                surrounds += inner[BULGE] * sums[BULGE] + inner[ONE_BY_MORE] * sums[ONE_BY_MORE] + inner[GENERAL] * sums[GENERAL]
            outer = outer_ends(weights, strand, places, k, m)
            for kind in range(3):
                rings[kind, slot, m] = surrounds * outer[kind]
            closed[m, k] = surrounds
            # What was here is not asked for again: only rows from m + 1 on are.
            parts[k, m] = surrounds * held
            if tally is not None:
                hairpins = surrounds * hairpin_weight(weights, strand, places, k, m)
                count_hairpin(tally.tables, strand, tally.places, hairpins, k, m)
                tally.outer[SPENT, slot, m] += hairpins
                tally.in_hairpins[0] += hairpins * (m - k - 1)
    if tally is not None:
        for i in range(max(0, length - WIDE), length):
            settle(strand, parts, tally, i)


@summing
def transpose(square: np.ndarray) -> None:
    """In its place."""
    for i in range(square.shape[0]):
        for j in range(i):
            square[i, j], square[j, i] = square[j, i], square[i, j]


@summing
def clear_lower(square: np.ndarray) -> None:
    """Leave nothing below the diagonal."""
    for i in range(square.shape[0]):
        square[i, :i] = 0.0

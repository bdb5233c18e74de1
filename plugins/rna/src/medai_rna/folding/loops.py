"""Where the score of each kind of loop stands: what every compiled programme is written in.

A loop's score is a sum of entries of the tables and of the arrays over positions. `tables` is the vector of `Scores.pack` (or, in the place
of scores, of counts of how often each entry is used), `strand` a `Strand`, `places` a `Places` or None. Pairs are given as i < j.
"""

from __future__ import annotations

from math import log

import numba
import numpy as np

from medai_rna.folding.scores import LONGEST, OFFSET, Places
from medai_rna.folding.strand import Strand

# A compiled programme is kept on disk beside its module. What it calls in other modules is kept with it, and a change there is not seen:
# after a change of this module, remove the __pycache__ folders of the package.
compiled = numba.njit(cache=True, nogil=True, error_model="numpy")
# What is inlined keeps no count of who refers to an array: to count would take longer than a loop's score.
inlined = numba.njit(forceinline=True, error_model="numpy", _nrt=False)

PAIR, STACK, HAIRPIN, INTERIOR_OUTER, INTERIOR_INNER, MULTI_OUTER, MULTI_INNER, EXTERIOR = range(8)
IN_HAIRPIN, IN_INTERIOR, IN_MULTI, IN_EXTERIOR = range(4)

HAIRPIN_LENGTH, HAIRPIN_EXTENSION, HAIRPIN_MISMATCH = OFFSET["hairpin_length"], OFFSET["hairpin_extension"], OFFSET["hairpin_mismatch"]
HAIRPIN_THREE, HAIRPIN_MOTIF = OFFSET["hairpin_three"], OFFSET["hairpin_motif"]
STACKS, BULGE_ONE, BULGE_BASE, BULGE_END = OFFSET["stack"], OFFSET["bulge_one"], OFFSET["bulge_base"], OFFSET["bulge_end"]
BULGE_MISMATCH = OFFSET["bulge_mismatch"]
INTERIOR_SIZE, INTERIOR_MISMATCH = OFFSET["interior_size"], OFFSET["interior_mismatch"]
INTERIOR_1N, INTERIOR_23 = OFFSET["interior_1n"], OFFSET["interior_23"]
INTERIOR_11, INTERIOR_21, INTERIOR_22 = OFFSET["interior_11"], OFFSET["interior_21"], OFFSET["interior_22"]
MULTI_CLOSE, MULTI_MISMATCH = OFFSET["multi"], OFFSET["multi_mismatch"]
MULTI_BRANCH, MULTI_UNPAIRED = MULTI_CLOSE + 1, MULTI_CLOSE + 2
EXTERIOR_UNPAIRED, EXTERIOR_MISMATCH = OFFSET["exterior_unpaired"], OFFSET["exterior_mismatch"]


@inlined
def reversed_kind(kind: int) -> int:
    """The kind of a pair as seen from its other side."""
    return kind ^ 1


@inlined
def two(kind: int, other: int) -> int:
    """The place of two pairs in a table that begins with them."""
    return kind * 6 + other


@inlined
def sided(place: int, first: int, second: int) -> int:
    """The place of two bases after what comes before them in a table."""
    return (place * 5 + first) * 5 + second


@inlined
def free(strand: Strand, i: int, j: int) -> bool:
    """Whether i..j (none if j < i) may all be unpaired."""
    return strand.must[j + 1] == strand.must[i]


@inlined
def motif_of(strand: Strand, i: int, j: int) -> int:
    """The index of the motif that the hairpin (i, j) is, or -1."""
    size = j - i - 1
    if size == 3:
        return strand.motif_at[i, 0]
    if size == 4:
        return strand.motif_at[i, 1]
    if size == 6:
        return strand.motif_at[i, 2]
    return -1


@inlined
def hairpin(tables: np.ndarray, strand: Strand, places: Places | None, i: int, j: int) -> float:
    """The loop that (i, j) closes alone; its unpaired bases must be `free`."""
    size = j - i - 1
    kind = np.int64(strand.kinds[i, j])
    motif = motif_of(strand, i, j)
    if motif >= 0:
        score = tables[HAIRPIN_MOTIF + motif]
    else:
        score = tables[HAIRPIN_LENGTH + min(size, LONGEST)]
        if size > LONGEST:
            score += tables[HAIRPIN_EXTENSION] * log(size / LONGEST)
        table = HAIRPIN_THREE if size == 3 else HAIRPIN_MISMATCH
        score += tables[table + sided(kind, strand.codes[i + 1], strand.codes[j - 1])]
    if places is not None:
        score += places.planes[PAIR, i, j] + places.planes[HAIRPIN, i, j]
        score += places.sums[IN_HAIRPIN, j] - places.sums[IN_HAIRPIN, i + 1]
    return score


@inlined
def interior(tables: np.ndarray, strand: Strand, places: Places | None, i: int, j: int, k: int, m: int) -> float:
    """Stack, bulge or interior loop between (i, j) and (k, m) inside it; its unpaired bases must be `free` and at most `LONGEST`."""
    left, right = k - i - 1, j - m - 1
    outer, inner = np.int64(strand.kinds[i, j]), reversed_kind(np.int64(strand.kinds[k, m]))
    if left == 0 and right == 0:
        score = tables[STACKS + two(outer, inner)]
        if places is not None:
            score += places.planes[PAIR, i, j] + places.planes[STACK, i, j]
        return score
    score = tables[INTERIOR_SIZE + left * (LONGEST + 1) + right]
    before, after = strand.codes[i + 1], strand.codes[j - 1]
    inside_before, inside_after = strand.codes[k - 1], strand.codes[m + 1]
    if left == 0 or right == 0:
        score += tables[BULGE_MISMATCH + sided(outer, before, after)]
        score += tables[BULGE_MISMATCH + sided(inner, inside_after, inside_before)]
        if left + right == 1:
            score += tables[BULGE_ONE + two(outer, inner)] + tables[BULGE_BASE + (before if left == 1 else after)]
        else:
            score += tables[BULGE_END + outer] + tables[BULGE_END + inner]
    elif left == 1 and right == 1:
        score += tables[INTERIOR_11 + sided(two(outer, inner), before, after)]
    elif left == 1 and right == 2:
        score += tables[INTERIOR_21 + sided(two(outer, inner) * 5 + before, inside_after, after)]
    elif left == 2 and right == 1:
        score += tables[INTERIOR_21 + sided(two(inner, outer) * 5 + inside_after, before, inside_before)]
    elif left == 2 and right == 2:
        score += tables[INTERIOR_22 + sided(sided(two(outer, inner), before, inside_before), inside_after, after)]
    else:
        table = INTERIOR_1N if left == 1 or right == 1 else INTERIOR_23 if left + right == 5 else INTERIOR_MISMATCH
        score += tables[table + sided(outer, before, after)] + tables[table + sided(inner, inside_after, inside_before)]
    if places is not None:
        score += places.planes[PAIR, i, j] + places.planes[INTERIOR_OUTER, i, j] + places.planes[INTERIOR_INNER, k, m]
        score += places.sums[IN_INTERIOR, k] - places.sums[IN_INTERIOR, i + 1]
        score += places.sums[IN_INTERIOR, j] - places.sums[IN_INTERIOR, m + 1]
    return score


@inlined
def multi_outer(tables: np.ndarray, strand: Strand, places: Places | None, i: int, j: int) -> float:
    """What (i, j) adds as the pair that closes a multiloop: the closing, and itself as a branch."""
    kind = reversed_kind(np.int64(strand.kinds[i, j]))
    score = tables[MULTI_CLOSE] + tables[MULTI_BRANCH]
    score += tables[MULTI_MISMATCH + sided(kind, strand.codes[j - 1], strand.codes[i + 1])]
    if places is not None:
        score += places.planes[PAIR, i, j] + places.planes[MULTI_OUTER, i, j]
    return score


@inlined
def multi_inner(tables: np.ndarray, strand: Strand, places: Places | None, i: int, j: int) -> float:
    """What (i, j) adds as a branch inside a multiloop."""
    kind = np.int64(strand.kinds[i, j])
    score = tables[MULTI_BRANCH] + tables[MULTI_MISMATCH + sided(kind, strand.codes[i - 1], strand.codes[j + 1])]
    if places is not None:
        score += places.planes[MULTI_INNER, i, j]
    return score


@inlined
def multi_unpaired(tables: np.ndarray, places: Places | None, i: int, j: int) -> float:
    """The unpaired bases i..j (none if j < i) of a multiloop; they must be `free`."""
    score = tables[MULTI_UNPAIRED] * (j - i + 1)
    if places is not None:
        score += places.sums[IN_MULTI, j + 1] - places.sums[IN_MULTI, i]
    return score


@inlined
def exterior_pair(tables: np.ndarray, strand: Strand, places: Places | None, i: int, j: int) -> float:
    """What (i, j) adds as a pair of the exterior loop."""
    before = strand.codes[i - 1] if i > 0 else 0
    after = strand.codes[j + 1] if j + 1 < strand.codes.shape[0] else 0
    score = tables[EXTERIOR_MISMATCH + sided(np.int64(strand.kinds[i, j]), before, after)]
    if places is not None:
        score += places.planes[EXTERIOR, i, j]
    return score


@inlined
def exterior_unpaired(tables: np.ndarray, places: Places | None, i: int, j: int) -> float:
    """The unpaired bases i..j (none if j < i) of the exterior loop; they must be `free`."""
    score = tables[EXTERIOR_UNPAIRED] * (j - i + 1)
    if places is not None:
        score += places.sums[IN_EXTERIOR, j + 1] - places.sums[IN_EXTERIOR, i]
    return score

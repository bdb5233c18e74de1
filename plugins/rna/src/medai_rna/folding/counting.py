"""The twins of `loops`: each adds a weight to every score that its namesake there is the sum of.

`tables` and `places` are laid out as the scores are and hold counts: `places.sums` those with respect to the sums, out of which `Counts`
takes those of each position.
"""

from __future__ import annotations

from math import log

import numpy as np

from medai_rna.folding.loops import (
    BULGE_BASE,
    BULGE_END,
    BULGE_MISMATCH,
    BULGE_ONE,
    EXTERIOR,
    EXTERIOR_MISMATCH,
    EXTERIOR_UNPAIRED,
    HAIRPIN,
    HAIRPIN_EXTENSION,
    HAIRPIN_LENGTH,
    HAIRPIN_MISMATCH,
    HAIRPIN_MOTIF,
    HAIRPIN_THREE,
    IN_EXTERIOR,
    IN_HAIRPIN,
    IN_INTERIOR,
    IN_MULTI,
    INTERIOR_1N,
    INTERIOR_11,
    INTERIOR_21,
    INTERIOR_22,
    INTERIOR_23,
    INTERIOR_INNER,
    INTERIOR_MISMATCH,
    INTERIOR_OUTER,
    INTERIOR_SIZE,
    MULTI_BRANCH,
    MULTI_CLOSE,
    MULTI_INNER,
    MULTI_MISMATCH,
    MULTI_OUTER,
    MULTI_UNPAIRED,
    PAIR,
    STACK,
    STACKS,
    inlined,
    motif_of,
    reversed_kind,
    sided,
    two,
)
from medai_rna.folding.problem import Counts
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand


def nothing(size: int, length: int, with_places: bool) -> tuple[np.ndarray, Places | None]:
    """Tables of this size and places of this length to count in, all 0; without places where the folding has none."""
    return np.zeros(size), Places(np.zeros((8, length, length)), np.zeros((4, length + 1))) if with_places else None


def counted(tables: np.ndarray, places: Places | None) -> Counts:
    """What was counted."""
    if places is None:
        return Counts(tables)
    # A position's score is in the sums of all positions after it.
    return Counts(tables, places.planes, np.ascontiguousarray(np.cumsum(places.sums[:, :0:-1], axis=1)[:, ::-1]))


@inlined
def count_stretch(places: Places, weight: float, loop: int, i: int, j: int) -> None:
    """The unpaired bases i..j (none if j < i) of this kind of loop."""
    places.sums[loop, j + 1] += weight
    places.sums[loop, i] -= weight


@inlined
def count_hairpin(tables: np.ndarray, strand: Strand, places: Places | None, weight: float, i: int, j: int) -> None:
    size = j - i - 1
    motif = motif_of(strand, i, j)
    if motif >= 0:
        tables[HAIRPIN_MOTIF + motif] += weight
    else:
        tables[HAIRPIN_LENGTH + min(size, LONGEST)] += weight
        if size > LONGEST:
            tables[HAIRPIN_EXTENSION] += weight * log(size / LONGEST)
        table = HAIRPIN_THREE if size == 3 else HAIRPIN_MISMATCH
        tables[table + sided(np.int64(strand.kinds[i, j]), strand.codes[i + 1], strand.codes[j - 1])] += weight
    if places is not None:
        places.planes[PAIR, i, j] += weight
        places.planes[HAIRPIN, i, j] += weight
        count_stretch(places, weight, IN_HAIRPIN, i + 1, j - 1)


@inlined
def count_interior(tables: np.ndarray, strand: Strand, places: Places | None, weight: float, i: int, j: int, k: int, m: int) -> None:
    left, right = k - i - 1, j - m - 1
    outer, inner = np.int64(strand.kinds[i, j]), reversed_kind(np.int64(strand.kinds[k, m]))
    if left == 0 and right == 0:
        tables[STACKS + two(outer, inner)] += weight
        if places is not None:
            places.planes[PAIR, i, j] += weight
            places.planes[STACK, i, j] += weight
        return
    tables[INTERIOR_SIZE + left * (LONGEST + 1) + right] += weight
    before, after = strand.codes[i + 1], strand.codes[j - 1]
    inside_before, inside_after = strand.codes[k - 1], strand.codes[m + 1]
    if left == 0 or right == 0:
        tables[BULGE_MISMATCH + sided(outer, before, after)] += weight
        tables[BULGE_MISMATCH + sided(inner, inside_after, inside_before)] += weight
        if left + right == 1:
            tables[BULGE_ONE + two(outer, inner)] += weight
            tables[BULGE_BASE + (before if left == 1 else after)] += weight
        else:
            tables[BULGE_END + outer] += weight
            tables[BULGE_END + inner] += weight
    elif left == 1 and right == 1:
        tables[INTERIOR_11 + sided(two(outer, inner), before, after)] += weight
    elif left == 1 and right == 2:
        tables[INTERIOR_21 + sided(two(outer, inner) * 5 + before, inside_after, after)] += weight
    elif left == 2 and right == 1:
        tables[INTERIOR_21 + sided(two(inner, outer) * 5 + inside_after, before, inside_before)] += weight
    elif left == 2 and right == 2:
        tables[INTERIOR_22 + sided(sided(two(outer, inner), before, inside_before), inside_after, after)] += weight
    else:
        table = INTERIOR_1N if left == 1 or right == 1 else INTERIOR_23 if left + right == 5 else INTERIOR_MISMATCH
        tables[table + sided(outer, before, after)] += weight
        tables[table + sided(inner, inside_after, inside_before)] += weight
    if places is not None:
        places.planes[PAIR, i, j] += weight
        places.planes[INTERIOR_OUTER, i, j] += weight
        places.planes[INTERIOR_INNER, k, m] += weight
        count_stretch(places, weight, IN_INTERIOR, i + 1, k - 1)
        count_stretch(places, weight, IN_INTERIOR, m + 1, j - 1)


@inlined
def count_multi_outer(tables: np.ndarray, strand: Strand, places: Places | None, weight: float, i: int, j: int) -> None:
    kind = reversed_kind(np.int64(strand.kinds[i, j]))
    tables[MULTI_CLOSE] += weight
    tables[MULTI_BRANCH] += weight
    tables[MULTI_MISMATCH + sided(kind, strand.codes[j - 1], strand.codes[i + 1])] += weight
    if places is not None:
        places.planes[PAIR, i, j] += weight
        places.planes[MULTI_OUTER, i, j] += weight


@inlined
def count_multi_inner(tables: np.ndarray, strand: Strand, places: Places | None, weight: float, i: int, j: int) -> None:
    tables[MULTI_BRANCH] += weight
    tables[MULTI_MISMATCH + sided(np.int64(strand.kinds[i, j]), strand.codes[i - 1], strand.codes[j + 1])] += weight
    if places is not None:
        places.planes[MULTI_INNER, i, j] += weight


@inlined
def count_multi_unpaired(tables: np.ndarray, places: Places | None, weight: float, i: int, j: int) -> None:
    tables[MULTI_UNPAIRED] += weight * (j - i + 1)
    if places is not None:
        count_stretch(places, weight, IN_MULTI, i, j)


@inlined
def count_exterior_pair(tables: np.ndarray, strand: Strand, places: Places | None, weight: float, i: int, j: int) -> None:
    before = strand.codes[i - 1] if i > 0 else 0
    after = strand.codes[j + 1] if j + 1 < strand.codes.shape[0] else 0
    tables[EXTERIOR_MISMATCH + sided(np.int64(strand.kinds[i, j]), before, after)] += weight
    if places is not None:
        places.planes[EXTERIOR, i, j] += weight


@inlined
def count_exterior_unpaired(tables: np.ndarray, places: Places | None, weight: float, i: int, j: int) -> None:
    tables[EXTERIOR_UNPAIRED] += weight * (j - i + 1)
    if places is not None:
        count_stretch(places, weight, IN_EXTERIOR, i, j)

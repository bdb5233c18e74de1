"""The best scores of all segments of a sequence: the dynamic programme of Zuker and Stiegler (1981), one row of segments at a time.

What costs is done on whole rows, which the compiler turns into vector instructions. Interior loops: but for the smallest, the score of a
loop is one term of its size, one of its outer and one of its inner pair, so that all loops of one size that begin at one base are a row
of `bound` shifted by a constant. Multiloops: a branch is added to every segment before it as the row of segments that begin with it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medai_rna.folding.loops import (
    BULGE_END,
    BULGE_MISMATCH,
    IN_INTERIOR,
    INTERIOR_1N,
    INTERIOR_23,
    INTERIOR_INNER,
    INTERIOR_MISMATCH,
    INTERIOR_OUTER,
    INTERIOR_SIZE,
    PAIR,
    compiled,
    exterior_pair,
    exterior_unpaired,
    free,
    hairpin,
    interior,
    multi_inner,
    multi_outer,
    multi_unpaired,
    reversed_kind,
    sided,
)
from medai_rna.folding.scores import LONGEST, SHORTEST_HAIRPIN, Places
from medai_rna.folding.strand import Strand

NEVER = -np.inf
_BULGE, _ONE, _TWO_THREE, _OTHER = range(4)
_SPECIAL = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2)])
_KEPT = 32  # rows of `bound`: more than a loop can reach over, and a power of two
_BLOCK = 32  # segments of a row that are finished before their branches are added to those after them


class Best(NamedTuple):
    """The best scores of the segments i..j of a sequence of N bases, of all i <= j: entry `start[i] + j`; -inf where there is none.

    Attributes:
        start: int64 (N,).
        closed: of the pair (i, j) with all inside it.
        branch: in a multiloop, of one branch that begins at i with unpaired bases after it.
        branches: in a multiloop, of at least one branch.
        exterior: of the exterior loop from i on, (N + 1,).
        multi_free: of each base that is unpaired in a multiloop, (N,).
        exterior_free: the same of the exterior loop.
    """

    start: np.ndarray
    closed: np.ndarray
    branch: np.ndarray
    branches: np.ndarray
    exterior: np.ndarray
    multi_free: np.ndarray
    exterior_free: np.ndarray


@compiled
def filled(tables: np.ndarray, strand: Strand, places: Places | None) -> Best:
    """The best scores of all segments."""
    length = strand.codes.shape[0]
    best = _empty(tables, strand, places)
    bound = np.full((4, _KEPT, length), NEVER)
    loops = np.empty((4, length))
    after, now = np.full(length, NEVER), np.full(length, NEVER)
    for i in range(length - 1, -1, -1):
        row = best.closed[best.start[i] + i : best.start[i] + length]
        _bound_loops(loops, bound, tables, strand, i)
        _close(row, loops, after, best, tables, strand, places, i)
        _bind(bound, row, tables, strand, places, i)
        _branch(best, row, tables, strand, places, i)
        _branches(now, best, i)
        after, now = now, after
        top = best.exterior[i + 1] + best.exterior_free[i]
        for j in range(i + SHORTEST_HAIRPIN + 1, length):
            if row[j - i] > NEVER:
                top = max(top, row[j - i] + exterior_pair(tables, strand, places, i, j) + best.exterior[j + 1])
        best.exterior[i] = top
    return best


@compiled
def _empty(tables: np.ndarray, strand: Strand, places: Places | None) -> Best:
    length = strand.codes.shape[0]
    entries = length * (length + 1) // 2
    start = np.empty(length, dtype=np.int64)
    multi_free, exterior_free = np.empty(length), np.empty(length)
    for i in range(length):
        start[i] = i * length - i * (i + 1) // 2
        multi_free[i] = exterior_free[i] = NEVER
        if free(strand, i, i):
            multi_free[i] = multi_unpaired(tables, places, i, i)
            exterior_free[i] = exterior_unpaired(tables, places, i, i)
    closed, branch, branches = np.full(entries, NEVER), np.full(entries, NEVER), np.full(entries, NEVER)
    return Best(start, closed, branch, branches, np.zeros(length + 1), multi_free, exterior_free)


@compiled
def _bound_loops(loops: np.ndarray, bound: np.ndarray, tables: np.ndarray, strand: Strand, i: int) -> None:
    """For each pair (i, j), the best of its interior loops by kind, without what the outer pair adds; but for the `_SPECIAL` ones."""
    length = strand.codes.shape[0]
    loops[:, i:] = NEVER
    for left in range(LONGEST + 1):
        k = i + 1 + left
        if k + SHORTEST_HAIRPIN + 2 >= length or not free(strand, i + 1, k - 1):
            break
        sizes = tables[INTERIOR_SIZE + left * (LONGEST + 1) : INTERIOR_SIZE + (left + 1) * (LONGEST + 1)]
        if left > 1:
            _one_size(loops[_BULGE], bound[_BULGE, k % _KEPT], sizes[0], strand.must, k, 0)
        if left > 2 and left < LONGEST:
            _one_size(loops[_ONE], bound[_ONE, k % _KEPT], sizes[1], strand.must, k, 1)
        if left == 2 or left == 3:
            _one_size(loops[_TWO_THREE], bound[_TWO_THREE, k % _KEPT], sizes[5 - left], strand.must, k, 5 - left)
        kind = _BULGE if left == 0 else _ONE if left == 1 else _OTHER
        first = (2, 3, 4, 3)[left] if left < 4 else 2
        _all_sizes(loops[kind], bound[kind, k % _KEPT], sizes, strand.must, k, first, LONGEST - left)


@compiled
def _one_size(best: np.ndarray, bound: np.ndarray, size: float, must: np.ndarray, k: int, right: int) -> None:
    """Raise the best of each j to that of a loop whose inner pair (k, m) has `right` unpaired bases between m and j."""
    first = k + SHORTEST_HAIRPIN + 2 + right
    if must[-1] == 0:
        if first < best.size:
            raise_to(best[first:], bound[first - 1 - right : best.size - 1 - right], size)
        return
    for j in range(first, best.size):
        if must[j] == must[j - right]:
            best[j] = max(best[j], bound[j - 1 - right] + size)


@compiled
def _all_sizes(best: np.ndarray, bound: np.ndarray, sizes: np.ndarray, must: np.ndarray, k: int, first: int, last: int) -> None:
    """The same with `first` to `last` unpaired bases."""
    right = first
    while must[-1] == 0 and right + 3 <= last:
        # Where a loop is larger than the first of the four, m may be too near to k: such pairs are bound with -inf.
        start, end = k + SHORTEST_HAIRPIN + 2 + right, best.size
        if start >= end:
            return
        one, two, three, four = start - 1 - right, start - 2 - right, start - 3 - right, start - 4 - right
        width = end - start
        _raise_to_four(
            best[start:],
            bound[one : one + width],
            bound[two : two + width],
            bound[three : three + width],
            bound[four : four + width],
            sizes[right],
            sizes[right + 1],
            sizes[right + 2],
            sizes[right + 3],
        )
        right += 4
    while right <= last:
        _one_size(best, bound, sizes[right], must, k, right)
        right += 1


@compiled
def raise_to(best: np.ndarray, row: np.ndarray, score: float) -> None:
    """Raise each entry to that of the row plus a score."""
    for x in range(best.size):
        value, held = row[x] + score, best[x]
        best[x] = value if value > held else held


@compiled
def _raise_to_four(
    best: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, of_a: float, of_b: float, of_c: float, of_d: float
) -> None:
    for x in range(best.size):
        held, first, second, third, fourth = best[x], a[x] + of_a, b[x] + of_b, c[x] + of_c, d[x] + of_d
        first = first if first > second else second
        third = third if third > fourth else fourth
        first = first if first > third else third
        best[x] = first if first > held else held


@compiled
def _close(
    row: np.ndarray, loops: np.ndarray, after: np.ndarray, best: Best, tables: np.ndarray, strand: Strand, places: Places | None, i: int
) -> None:
    """The best score of each pair (i, j), with all inside it; `after` is, of i + 1, that of two or more branches."""
    for j in range(i + SHORTEST_HAIRPIN + 1, strand.codes.shape[0]):
        if strand.kinds[i, j] < 0:
            continue
        side = sided(np.int64(strand.kinds[i, j]), strand.codes[i + 1], strand.codes[j - 1])
        bulge = loops[_BULGE, j] + tables[BULGE_END + strand.kinds[i, j]] + tables[BULGE_MISMATCH + side]
        one, two_three = loops[_ONE, j] + tables[INTERIOR_1N + side], loops[_TWO_THREE, j] + tables[INTERIOR_23 + side]
        top = max(max(bulge, one), max(two_three, loops[_OTHER, j] + tables[INTERIOR_MISMATCH + side]))
        if places is not None:
            top += places.planes[PAIR, i, j] + places.planes[INTERIOR_OUTER, i, j]
            top += places.sums[IN_INTERIOR, j] - places.sums[IN_INTERIOR, i + 1]
        for size in range(_SPECIAL.shape[0]):
            k, m = i + 1 + _SPECIAL[size, 0], j - 1 - _SPECIAL[size, 1]
            if (
                m - k > SHORTEST_HAIRPIN
                and best.closed[best.start[k] + m] > NEVER
                and free(strand, i + 1, k - 1)
                and free(strand, m + 1, j - 1)
            ):
                top = max(top, best.closed[best.start[k] + m] + interior(tables, strand, places, i, j, k, m))
        if free(strand, i + 1, j - 1):
            top = max(top, hairpin(tables, strand, places, i, j))
        if after[j - 1] > NEVER:
            top = max(top, after[j - 1] + multi_outer(tables, strand, places, i, j))
        row[j - i] = top


@compiled
def _bind(bound: np.ndarray, row: np.ndarray, tables: np.ndarray, strand: Strand, places: Places | None, i: int) -> None:
    """Of each pair (i, j), its best score with what it adds as the inner pair of a loop, by kinds of loops."""
    slot, length = i % _KEPT, strand.codes.shape[0]
    bound[:, slot, i:] = NEVER
    for j in range(i + SHORTEST_HAIRPIN + 1, length - 1 if i > 0 else 0):
        score = row[j - i]
        if score > NEVER:
            kind = reversed_kind(np.int64(strand.kinds[i, j]))
            side = sided(kind, strand.codes[j + 1], strand.codes[i - 1])
            if places is not None:
                score += places.planes[INTERIOR_INNER, i, j] + places.sums[IN_INTERIOR, i] - places.sums[IN_INTERIOR, j + 1]
            bound[_BULGE, slot, j] = score + tables[BULGE_END + kind] + tables[BULGE_MISMATCH + side]
            bound[_ONE, slot, j] = score + tables[INTERIOR_1N + side]
            bound[_TWO_THREE, slot, j] = score + tables[INTERIOR_23 + side]
            bound[_OTHER, slot, j] = score + tables[INTERIOR_MISMATCH + side]


@compiled
def _branch(best: Best, row: np.ndarray, tables: np.ndarray, strand: Strand, places: Places | None, i: int) -> None:
    """A branch (i, m) with unpaired bases to j, of all j."""
    held, length = NEVER, strand.codes.shape[0]
    for j in range(i + SHORTEST_HAIRPIN + 1, length - 1 if i > 0 else 0):
        held += best.multi_free[j]
        if row[j - i] > NEVER:
            held = max(held, row[j - i] + multi_inner(tables, strand, places, i, j))
        best.branch[best.start[i] + j] = held


@compiled
def _branches(two: np.ndarray, best: Best, i: int) -> None:
    """One branch or more in i..j, and (in `two`) two or more, of all j."""
    length, row = two.size, best.start[i]
    two[i:] = NEVER
    for begin in range(i + SHORTEST_HAIRPIN + 1, length - 1, _BLOCK):
        end = min(begin + _BLOCK, length)
        for j in range(begin, end):
            score = max(two[j], max(best.branch[row + j], best.branches[best.start[i + 1] + j] + best.multi_free[i]))
            best.branches[row + j] = score
            if score > NEVER and j + 1 < end:
                other = best.start[j + 1]
                raise_to(two[j + 1 : end], best.branch[other + j + 1 : other + end], score)
        if end < length:
            _add_branches(two[end:], best, row, begin, end)


@compiled
def _add_branches(two: np.ndarray, best: Best, row: int, begin: int, end: int) -> None:
    """A further branch to segments that end within a block, which begins right after them and reaches beyond the block."""
    width = two.size
    for j in range(begin, end, 4):
        scores = best.branches[row + j : row + j + 4]
        if scores.max() > NEVER:
            one, two_, three, four = best.start[j + 1] + end, best.start[j + 2] + end, best.start[j + 3] + end, best.start[j + 4] + end
            _raise_to_four(
                two,
                best.branch[one : one + width],
                best.branch[two_ : two_ + width],
                best.branch[three : three + width],
                best.branch[four : four + width],
                scores[0],
                scores[1],
                scores[2],
                scores[3],
            )

"""The compiled programme: spans filled from short to long, spread from long to short, and traced back.

Spans are i..j - 1, and `chart[A, i, j]` is what nonterminal A makes of one: the sum over all derivations of their weights, or the largest.
`turned` holds the same of nonterminals that stand on the right of another, with the axes of i and j exchanged, so that the sum over the
places between two nonterminals runs along rows of both. Weights are scaled by a factor for each base made, which whoever calls chooses.
"""

from __future__ import annotations

import numba
import numpy as np

from medai_rna.folding.loops import compiled, inlined
from medai_rna.folding.scores import LONGEST
from medai_rna.grammars.grammar import (
    AFTER_COLUMNS,
    EMISSION,
    FIRST,
    HIGH,
    LEAST,
    LEFT,
    LENGTH,
    LOW,
    MOST,
    RIGHT,
    SECOND,
    SEEN_PAIR,
    SHAPE,
    SOLID,
    SPLIT,
    WIDTH,
    Program,
)

# Sums along rows may be taken in any order, which lets them be taken several at a time.
_along_rows = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})


@_along_rows
def summed(one: np.ndarray, two: np.ndarray, low: int, high: int) -> float:
    total = 0.0
    for k in range(low, high):
        total += one[k] * two[k]
    return total


@_along_rows
def _largest(one: np.ndarray, two: np.ndarray, low: int, high: int) -> float:
    total = 0.0
    for k in range(low, high):
        total = max(total, one[k] * two[k])
    return total


@_along_rows
def added(out: np.ndarray, row: np.ndarray, factor: float, low: int, high: int) -> None:
    for k in range(low, high):
        out[k] += factor * row[k]


@inlined
def made_at_ends(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j):  # type: ignore[no-untyped-def]
    """The weight of the bases that a step makes at the ends of a span; 0 where they may not pair, or be unpaired, as it has them."""
    shape, entry = steps[step, SHAPE], steps[step, EMISSION]
    left, right = shapes[shape, LEFT], shapes[shape, RIGHT]
    if j - i < left + right:
        return 0.0
    if entry < 0:
        return 1.0
    for t in range(left):
        u = shapes[shape, AFTER_COLUMNS + t]
        if u < 0:
            if single[i + t] == 0:
                return 0.0
        elif pairs[i + t, j - 1 - u] == 0:
            return 0.0
    for u in range(right):
        if shapes[shape, AFTER_COLUMNS + left + u] and single[j - 1 - u] == 0:
            return 0.0
    if shapes[shape, SEEN_PAIR] and (i == 0 or j >= single.shape[0] or pairs[i - 1, j] == 0):
        return 0.0
    return emissions[entry + lefts[shape, i] * shapes[shape, WIDTH] + rights[shape, j]]


@compiled
def fill(
    program: Program,
    rules: np.ndarray,
    emissions: np.ndarray,
    lengths: np.ndarray,
    lefts: np.ndarray,
    rights: np.ndarray,
    runs: np.ndarray,
    pairs: np.ndarray,
    single: np.ndarray,
    best: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """What each nonterminal makes of each span.

    Args:
        program: the grammar.
        rules: weight of each step (R,).
        emissions: all tables, each with an entry for bases that are not known.
        lengths: all distributions over lengths.
        lefts: the code of the bases seen before and made left of a span that begins at i (S, N + 1).
        rights: of those made right and seen behind a span that ends before j (S, N + 1).
        runs: the weight of n unpaired bases from i on (N + 1, LONGEST + 1).
        pairs: which pairs may be, uint8 (N, N).
        single: which bases may be unpaired, uint8 (N,).
        best: the largest weight of a derivation in place of their sum.

    Returns:
        chart (K, N + 1, N + 1), and what is turned (., N + 1, N + 1).
    """
    order, begin, steps, splits, slots, enclosed, _, shapes = program
    length, count = single.shape[0], order.shape[0]
    chart = np.zeros((count, length + 1, length + 1))
    turned = np.zeros((slots.max() + 1, length + 1, length + 1))
    beside = np.zeros(splits.shape[0])
    # Between which ends a row has what is not 0: where structures are known, or few pairs can be, most of it has nothing.
    low, high = np.full((count, length + 1), length + 1), np.full((count, length + 1), -1)
    least, most = np.full((turned.shape[0], length + 1), length + 1), np.full((turned.shape[0], length + 1), -1)
    for j in range(length + 1):
        for i in range(j, -1, -1):
            for place in range(splits.shape[0]):
                first, slot = splits[place, 0], slots[splits[place, 1]]
                begins, ends = max(i + 1, low[first, i], least[slot, j]), min(j - 1, high[first, i], most[slot, j]) + 1
                row, other = chart[first, i], turned[slot, j]
                beside[place] = _largest(row, other, begins, ends) if best else summed(row, other, begins, ends)
            within_pair = i > 0 and j < length and pairs[i - 1, j] != 0
            for nonterminal in order:
                if enclosed[nonterminal] and not within_pair:
                    continue
                value = 0.0
                for step in range(begin[nonterminal], begin[nonterminal + 1]):
                    if steps[step, SPLIT] >= 0:
                        found = _beside(steps, chart, beside[steps[step, SPLIT]], step, i, j, best)
                    else:
                        found = around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, best)
                    found *= rules[step]
                    value = max(value, found) if best else value + found
                if value == 0.0:
                    continue
                chart[nonterminal, i, j] = value
                low[nonterminal, i], high[nonterminal, i] = min(low[nonterminal, i], j), j
                slot = slots[nonterminal]
                if slot >= 0:
                    turned[slot, j, i] = value
                    least[slot, j], most[slot, j] = i, max(most[slot, j], i)
    return chart, turned


@inlined
def _beside(steps, chart, within, step, i, j, best):  # type: ignore[no-untyped-def]
    """Two nonterminals side by side: `within` is that of spans which are not empty; one that may be empty leaves the other the whole."""
    first, second, solid = steps[step, FIRST], steps[step, SECOND], steps[step, SOLID]
    left_empty = right_empty = 0.0
    if solid & 1 == 0 and (j > i or solid == 0):
        left_empty = chart[first, i, i] * chart[second, i, j]
    if solid & 2 == 0 and j > i:
        right_empty = chart[first, i, j] * chart[second, j, j]
    if best:
        return max(within, left_empty, right_empty)
    return within + left_empty + right_empty


@inlined
def around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, best):  # type: ignore[no-untyped-def]
    """Bases, and unpaired ones in a run, around at most one nonterminal."""
    made = made_at_ends(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j)
    if made == 0.0:
        return 0.0
    shape, inner, entry = steps[step, SHAPE], steps[step, FIRST], steps[step, LENGTH]
    start, end = i + shapes[shape, LEFT], j - shapes[shape, RIGHT]
    if entry < 0:
        if inner >= 0:
            return 0.0 if steps[step, SOLID] & 1 and start == end else made * chart[inner, start, end]
        return made if start == end else 0.0
    low, high, least, most = steps[step, LOW], steps[step, HIGH], steps[step, LEAST], steps[step, MOST]
    if inner < 0:
        size = end - start
        return made * lengths[entry + size - low] * runs[start, size] if low <= size <= high else 0.0
    total = 0.0
    for m in range(low, min(high, end - start) + 1):
        if runs[start, m] == 0.0:
            break
        for n in range(least, min(most, LONGEST - m, end - start - m) + 1):
            if runs[end - n, n] == 0.0:
                break
            if steps[step, SOLID] & 1 and m + n == end - start:
                break
            weight = chart[inner, start + m, end - n]
            if weight != 0.0:
                found = lengths[entry + (m - low) * (most - least + 1) + n - least] * runs[start, m] * runs[end - n, n] * weight
                total = max(total, found) if best else total + found
    return made * total

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
def _summed(one: np.ndarray, two: np.ndarray, low: int, high: int) -> float:
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
def _added(out: np.ndarray, row: np.ndarray, factor: float, low: int, high: int) -> None:
    for k in range(low, high):
        out[k] += factor * row[k]


@inlined
def _made(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j):  # type: ignore[no-untyped-def]
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
                beside[place] = _largest(row, other, begins, ends) if best else _summed(row, other, begins, ends)
            within_pair = i > 0 and j < length and pairs[i - 1, j] != 0
            for nonterminal in order:
                if enclosed[nonterminal] and not within_pair:
                    continue
                value = 0.0
                for step in range(begin[nonterminal], begin[nonterminal + 1]):
                    if steps[step, SPLIT] >= 0:
                        found = _beside(steps, chart, beside[steps[step, SPLIT]], step, i, j, best)
                    else:
                        found = _around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, best)
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
def _around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, best):  # type: ignore[no-untyped-def]
    """Bases, and unpaired ones in a run, around at most one nonterminal."""
    made = _made(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j)
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


@compiled
def spread(
    program: Program,
    rules: np.ndarray,
    emissions: np.ndarray,
    lengths: np.ndarray,
    lefts: np.ndarray,
    rights: np.ndarray,
    runs: np.ndarray,
    pairs: np.ndarray,
    single: np.ndarray,
    chart: np.ndarray,
    turned: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How often each weight is used, on average over derivations by their weights.

    Args:
        chart, turned: what `fill` gave for sums; the others are as there.

    Returns:
        uses of each step (R,), of each entry of a table, of each entry of a distribution over lengths, of each base by a run (N,), and
        the probability of each pair (N, N), of which i < j counts.
    """
    order, begin, steps, splits, slots, _, root, shapes = program
    length, count = single.shape[0], order.shape[0]
    outer, outer_turned = np.zeros_like(chart), np.zeros_like(turned)
    outer[root, 0, length] = 1.0 / chart[root, 0, length]
    used_rules, used_emissions, used_lengths = np.zeros_like(rules), np.zeros_like(emissions), np.zeros_like(lengths)
    covered, probabilities = np.zeros(length + 1), np.zeros((length, length))
    waiting, shared = np.zeros(splits.shape[0]), np.zeros_like(rules)
    within = np.zeros(splits.shape[0])
    for j in range(length, -1, -1):
        for i in range(j + 1):
            waiting[:] = 0.0
            for place in range(count - 1, -1, -1):
                nonterminal = order[place]
                outside = outer[nonterminal, i, j]
                if slots[nonterminal] >= 0:
                    outside += outer_turned[slots[nonterminal], j, i]
                for step in range(begin[nonterminal], begin[nonterminal + 1]):
                    share = outside * rules[step]
                    if steps[step, SPLIT] >= 0:
                        shared[step] = share
                        waiting[steps[step, SPLIT]] += share
                        if share != 0.0:
                            _to_edges(steps, chart, outer, used_rules, step, i, j, share)
                        continue
                    if share == 0.0:
                        continue
                    _to_inner(
                        steps, shapes, chart, outer, emissions, lengths, lefts, rights, runs, pairs, single,
                        used_rules, used_emissions, used_lengths, covered, probabilities, step, i, j, share,
                    )  # fmt: skip
            pending = False
            for place in range(splits.shape[0]):
                within[place] = 0.0
                if waiting[place] == 0.0:
                    continue
                first, slot = splits[place, 0], slots[splits[place, 1]]
                within[place] = _summed(chart[first, i], turned[slot, j], i + 1, j)
                if within[place] != 0.0:
                    pending = True
                    _added(outer[first, i], turned[slot, j], waiting[place], i + 1, j)
                    _added(outer_turned[slot, j], chart[first, i], waiting[place], i + 1, j)
            if pending:
                for step in range(rules.shape[0]):
                    if steps[step, SPLIT] >= 0:
                        used_rules[step] += shared[step] * within[steps[step, SPLIT]]
    for place in range(1, length + 1):
        covered[place] += covered[place - 1]
    return used_rules, used_emissions, used_lengths, covered[:length], probabilities


@inlined
def _to_edges(steps, chart, outer, used_rules, step, i, j, share):  # type: ignore[no-untyped-def]
    """Hand what is outside of two nonterminals to them, where one of them is empty."""
    first, second, solid = steps[step, FIRST], steps[step, SECOND], steps[step, SOLID]
    if solid & 1 == 0 and (j > i or solid == 0):
        one, two = chart[first, i, i], chart[second, i, j]
        outer[first, i, i] += share * two
        outer[second, i, j] += share * one
        used_rules[step] += share * one * two
    if solid & 2 == 0 and j > i:
        one, two = chart[first, i, j], chart[second, j, j]
        outer[first, i, j] += share * two
        outer[second, j, j] += share * one
        used_rules[step] += share * one * two


@inlined
def _to_inner(  # type: ignore[no-untyped-def]
    steps, shapes, chart, outer, emissions, lengths, lefts, rights, runs, pairs, single,
    used_rules, used_emissions, used_lengths, covered, probabilities, step, i, j, share,
):  # fmt: skip
    """Hand what is outside of a step to what it makes, and count what is used."""
    made = _made(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j)
    if made == 0.0:
        return
    shape, inner, entry = steps[step, SHAPE], steps[step, FIRST], steps[step, LENGTH]
    start, end = i + shapes[shape, LEFT], j - shapes[shape, RIGHT]
    low, high, least, most = steps[step, LOW], steps[step, HIGH], steps[step, LEAST], steps[step, MOST]
    total = 0.0
    if entry < 0:
        if inner < 0:
            total = 1.0 if start == end else 0.0
        elif not (steps[step, SOLID] & 1 and start == end):
            outer[inner, start, end] += share * made
            total = chart[inner, start, end]
    elif inner < 0:
        size = end - start
        if low <= size <= high:
            total = lengths[entry + size - low] * runs[start, size]
            used_lengths[entry + size - low] += share * made * total
            covered[start] += share * made * total
            covered[end] -= share * made * total
    else:
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
                    place = entry + (m - low) * (most - least + 1) + n - least
                    factor = lengths[place] * runs[start, m] * runs[end - n, n]
                    outer[inner, start + m, end - n] += share * made * factor
                    used = share * made * factor * weight
                    used_lengths[place] += used
                    covered[start] += used
                    covered[start + m] -= used
                    covered[end - n] += used
                    covered[end] -= used
                    total += factor * weight
    used = share * made * total
    used_rules[step] += used
    if steps[step, EMISSION] >= 0:
        used_emissions[steps[step, EMISSION] + lefts[shape, i] * shapes[shape, WIDTH] + rights[shape, j]] += used
        for t in range(shapes[shape, LEFT]):
            u = shapes[shape, AFTER_COLUMNS + t]
            if u >= 0:
                probabilities[i + t, j - 1 - u] += used


@compiled
def trace(
    program: Program,
    rules: np.ndarray,
    emissions: np.ndarray,
    lengths: np.ndarray,
    lefts: np.ndarray,
    rights: np.ndarray,
    runs: np.ndarray,
    pairs: np.ndarray,
    single: np.ndarray,
    chart: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The best derivation.

    Args:
        chart: what `fill` gave for the largest; the others are as there.

    Returns:
        uses as from `spread`, and the partner of each base or -1, int64 (N,).
    """
    _, begin, steps, _, _, _, root, shapes = program
    length = single.shape[0]
    used_rules, used_emissions, used_lengths = np.zeros_like(rules), np.zeros_like(emissions), np.zeros_like(lengths)
    covered, partner = np.zeros(length), np.full(length, -1)
    todo = [(root, 0, length)]
    while len(todo) > 0:
        nonterminal, i, j = todo.pop()
        chosen, value, cut = -1, 0.0, -1
        for step in range(begin[nonterminal], begin[nonterminal + 1]):
            if steps[step, SPLIT] >= 0:
                found, place = _best_cut(steps, chart, step, i, j)
            else:
                place = -1
                found = _around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, True)
            found *= rules[step]
            if found > value:
                chosen, value, cut = step, found, place
        used_rules[chosen] += 1.0
        if steps[chosen, SPLIT] >= 0:
            todo.append((steps[chosen, SECOND], cut, j))
            todo.append((steps[chosen, FIRST], i, cut))
            continue
        shape, inner, entry = steps[chosen, SHAPE], steps[chosen, FIRST], steps[chosen, LENGTH]
        start, end = i + shapes[shape, LEFT], j - shapes[shape, RIGHT]
        if steps[chosen, EMISSION] >= 0:
            used_emissions[steps[chosen, EMISSION] + lefts[shape, i] * shapes[shape, WIDTH] + rights[shape, j]] += 1.0
        for t in range(shapes[shape, LEFT]):
            u = shapes[shape, AFTER_COLUMNS + t]
            if u >= 0:
                partner[i + t], partner[j - 1 - u] = j - 1 - u, i + t
        if entry >= 0:
            m, n = _best_runs(steps, chart, lengths, runs, chosen, start, end)
            column = steps[chosen, MOST] - steps[chosen, LEAST] + 1 if inner >= 0 else 1
            used_lengths[entry + (m - steps[chosen, LOW]) * column + (n - steps[chosen, LEAST] if inner >= 0 else 0)] += 1.0
            covered[start : start + m] += 1.0
            covered[end - n : end] += 1.0
            start, end = start + m, end - n
        if inner >= 0:
            todo.append((inner, start, end))
    return used_rules, used_emissions, used_lengths, covered, partner


@inlined
def _best_cut(steps, chart, step, i, j):  # type: ignore[no-untyped-def]
    first, second, solid = steps[step, FIRST], steps[step, SECOND], steps[step, SOLID]
    value, place = 0.0, i
    for k in range(i, j + 1):
        if (k == i and solid & 1) or (k == j and solid & 2):
            continue
        found = chart[first, i, k] * chart[second, k, j]
        if found > value:
            value, place = found, k
    return value, place


@inlined
def _best_runs(steps, chart, lengths, runs, step, start, end):  # type: ignore[no-untyped-def]
    low, high, least, most = steps[step, LOW], steps[step, HIGH], steps[step, LEAST], steps[step, MOST]
    inner, entry = steps[step, FIRST], steps[step, LENGTH]
    if inner < 0:
        return end - start, 0
    value, left, right = 0.0, low, least
    for m in range(low, min(high, end - start) + 1):
        for n in range(least, min(most, LONGEST - m, end - start - m) + 1):
            if steps[step, SOLID] & 1 and m + n == end - start:
                continue
            factor = lengths[entry + (m - low) * (most - least + 1) + n - least] * runs[start, m] * runs[end - n, n]
            found = factor * chart[inner, start + m, end - n]
            if found > value:
                value, left, right = found, m, n
    return left, right

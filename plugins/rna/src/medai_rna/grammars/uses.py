"""How often each weight is used: spans from long to short, each of which hands on what is outside of it."""

from __future__ import annotations

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
    SHAPE,
    SOLID,
    SPLIT,
    WIDTH,
    Program,
)
from medai_rna.grammars.programme import added, made_at_ends, summed


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
                within[place] = summed(chart[first, i], turned[slot, j], i + 1, j)
                if within[place] != 0.0:
                    pending = True
                    added(outer[first, i], turned[slot, j], waiting[place], i + 1, j)
                    added(outer_turned[slot, j], chart[first, i], waiting[place], i + 1, j)
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
    made = made_at_ends(emissions, steps, shapes, lefts, rights, pairs, single, step, i, j)
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

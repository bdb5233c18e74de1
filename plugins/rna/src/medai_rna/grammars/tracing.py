"""The best derivation, traced back through the chart of largest weights."""

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
from medai_rna.grammars.programme import around


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
                found = around(steps, shapes, chart, emissions, lengths, lefts, rights, runs, pairs, single, step, i, j, True)
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

"""Pairs that cross, and the most that do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Pair = tuple[int, int]


def nested(pairs: Sequence[Pair]) -> bool:
    """Whether no two of the pairs, each (i, j) with i < j, cross or share a position."""
    partner = {end: other for i, j in pairs for end, other in ((i, j), (j, i))}
    if len(partner) < 2 * len(pairs):
        return False
    waiting = []
    for end in sorted(partner):
        if partner[end] > end:
            waiting.append(end)
        elif waiting.pop() != partner[end]:
            return False
    return True


def largest_nested(pairs: Sequence[Pair]) -> list[Pair]:
    """As many of the pairs as stand together without crossing or sharing a position, sorted; of several choices, one whose pairs close
    early.

    Where pairs cross, time and memory grow with the square of the number of paired positions.
    """
    if nested(pairs):
        return sorted(pairs)
    ends = sorted({end for pair in pairs for end in pair})
    at = {end: index for index, end in enumerate(ends)}
    starts: list[list[int]] = [[] for _ in ends]
    for i, j in pairs:
        starts[at[j]].append(at[i])
    return sorted((ends[i], ends[j]) for i, j in _traced(_table(starts), starts))


def layers(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs in layers without crossing, each the largest of what the others leave."""
    found, left = [], list(pairs)
    while left:
        found.append(largest_nested(left))
        left = sorted(set(left) - set(found[-1]))
    return found


def _table(starts: list[list[int]]) -> np.ndarray:
    """Entry [i, j + 1]: the most pairs among the positions i to j; int32 (n + 1, n + 1)."""
    table = np.zeros((len(starts) + 1, len(starts) + 1), dtype=np.int32)
    for j, beginnings in enumerate(starts):
        table[:, j + 1] = table[:, j]
        for k in beginnings:
            # Of what begins after k the entry in column k is 0, and it is not looked at.
            np.maximum(table[: k + 1, j + 1], table[: k + 1, k] + 1 + table[k + 1, j], out=table[: k + 1, j + 1])
    return table


def _traced(table: np.ndarray, starts: list[list[int]]) -> list[Pair]:
    found: list[Pair] = []
    waiting = [(0, len(starts))]
    while waiting:
        i, end = waiting.pop()
        while end > i and table[i, end] == table[i, end - 1]:
            end -= 1
        if end <= i:
            continue
        j = end - 1
        k = next(k for k in starts[j] if k >= i and table[i, k] + 1 + table[k + 1, j] == table[i, end])
        found.append((k, j))
        waiting += [(i, k), (k + 1, j)]
    return found

"""Pairs that cross, in layers that do not."""

from __future__ import annotations

from collections.abc import Sequence

from medai.tasks import Pairs
from medai_rna.nested import nested

Pair = tuple[int, int]


def is_nested(pairs: Sequence[Pair]) -> bool:
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
    """As many of the pairs as stand together without crossing or sharing a position, sorted."""
    ordered = sorted(pairs)
    if is_nested(ordered):
        return ordered
    return list(nested(Pairs(tuple(ordered), max(j for _, j in ordered) + 1, multiplets=True)).pairs)


def layers(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs in layers without crossing, each the largest of what the others leave."""
    found, left = [], list(pairs)
    while left:
        found.append(largest_nested(left))
        left = sorted(set(left) - set(found[-1]))
    return found

"""The part of a known structure that loops can score."""

from __future__ import annotations

from collections.abc import Sequence

from medai_rna.folding.scores import LONGEST, SHORTEST_HAIRPIN
from medai_rna.formats.nesting import Pair


def foldable(pairs: Sequence[Pair]) -> list[Pair]:
    """Nested pairs without those that close hairpins of fewer than 3 bases, and without a helix beside each bulge or interior loop of more
    than 30: of the two that the loop joins, the one with fewer pairs is left out.
    """
    kept = sorted(pairs)
    while True:
        inside = _inside(kept)
        left_out = [pair for pair in kept if not inside[pair] and pair[1] - pair[0] - 1 < SHORTEST_HAIRPIN] or _beside_long_loop(
            kept, inside
        )
        if not left_out:
            return kept
        kept = [pair for pair in kept if pair not in set(left_out)]


def _inside(pairs: Sequence[Pair]) -> dict[Pair, list[Pair]]:
    """The pairs that are directly inside each one."""
    inside: dict[Pair, list[Pair]] = {pair: [] for pair in pairs}
    around: list[Pair] = []
    for pair in pairs:
        while around and around[-1][1] < pair[0]:
            around.pop()
        if around:
            inside[around[-1]].append(pair)
        around.append(pair)
    return inside


def _beside_long_loop(pairs: Sequence[Pair], inside: dict[Pair, list[Pair]]) -> list[Pair]:
    """The shorter of the two stems that the first loop of too many bases joins; nothing where there is none."""
    outside = {inner: outer for outer, inner in ((outer, each[0]) for outer, each in inside.items() if len(each) == 1)}
    for (i, j), (k, m) in ((outer, inner) for inner, outer in outside.items()):
        if (k - i - 1) + (j - m - 1) > LONGEST:
            outward, inward = [(i, j)], [(k, m)]
            while outward[-1] in outside:
                outward.append(outside[outward[-1]])
            while len(inside[inward[-1]]) == 1:
                inward.append(inside[inward[-1]][0])
            return min(inward, outward, key=len)
    return []

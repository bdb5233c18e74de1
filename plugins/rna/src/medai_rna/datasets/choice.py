"""Which of the known pairs count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from medai.tasks import Pairs
from medai_rna.datasets.foldable import foldable
from medai_rna.formats.nesting import Pair, largest_nested
from medai_rna.nested import CANONICAL

PairKinds = Literal["all", "canonical", "nested", "nested-canonical", "foldable"]
Multiplets = Literal["keep", "drop"]


def chosen(structure: Pairs, letters: str, pairs: PairKinds = "all", multiplets: Multiplets = "keep") -> Pairs:
    """The pairs of a structure that count.

    Args:
        structure: all of them.
        letters: the sequence.
        pairs: `canonical` are A-U, C-G and G-U; `nested`, the most that do not cross; `foldable`, of the nested and canonical those that
            the folding engine can score, as `foldable` says.
        multiplets: `drop`: of pairs that share a position, those stay that are canonical, then those that stack on others, then the
            first; nested pairs never share one.
    """
    found: Sequence[Pair] = structure.pairs
    if pairs in ("canonical", "nested-canonical", "foldable"):
        found = [(i, j) for i, j in found if letters[i] + letters[j] in CANONICAL]
    if multiplets == "drop":
        found = _single(found, letters)
    if pairs in ("nested", "nested-canonical", "foldable"):
        found = largest_nested(found)
    if pairs == "foldable":
        found = foldable(found)
    return Pairs(tuple(found), structure.length, multiplets == "keep" and structure.multiplets)


def _single(pairs: Iterable[Pair], letters: str) -> list[Pair]:
    there = set(pairs)

    def rank(pair: Pair) -> tuple[bool, bool, Pair]:
        i, j = pair
        stacked = (i + 1, j - 1) in there or (i - 1, j + 1) in there
        return letters[i] + letters[j] not in CANONICAL, not stacked, pair

    taken: set[int] = set()
    kept = []
    for pair in sorted(there, key=rank):
        if taken.isdisjoint(pair):
            taken.update(pair)
            kept.append(pair)
    return sorted(kept)

"""Weights in the place of scores, scaled so that those of long sequences fit in float64.

The weight of a stretch of bases is divided by a factor of each base in it, near what the base adds to the partition function; the factors
stand in the same loops as the weights do, so that they cost nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medai_rna.folding.loops import EXTERIOR_UNPAIRED, IN_EXTERIOR, IN_INTERIOR, IN_MULTI, INTERIOR_SIZE, MULTI_UNPAIRED
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import LONGEST, Places

WIDE = LONGEST + 2
"""Entries of a row over unpaired bases, 0 to `LONGEST` and one more: a whole number of vector registers."""

EXPLICIT = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2)])
"""Unpaired bases of the interior loops whose scores have tables of their own. All others are `ended`: their weight is a product of one of
their size and one of each of their two ends, so that the sum over many of them is that of products of rows."""


class Weights(NamedTuple):
    """What the compiled programme reads of a sequence of N bases beside its scores; L is `WIDE`.

    Attributes:
        tables: the scores, as `Scores.pack` lays them out.
        powers: their exponentials.
        scale: sums of the logarithms of the scales up to each position, (N + 1,).
        multi: of an unpaired base in a multiloop, scaled, (N,); 0 where it must pair.
        exterior: the same in the exterior loop.
        before: of the first n bases before each position, unpaired in an interior loop, (N, L) by n.
        after: of the first n bases after each position.
        before_back: `before` with the longest first: n is L - 1 less the index.
        sizes: of ended interior loops, by unpaired bases 5' and 3', (L, L).
        sizes_back: of those with two or more unpaired bases 3' or none or one 5', the longest 3' side first as in `before_back`.
        sizes_on: the same, the shortest first.
    """

    tables: np.ndarray
    powers: np.ndarray
    scale: np.ndarray
    multi: np.ndarray
    exterior: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_back: np.ndarray
    sizes: np.ndarray
    sizes_back: np.ndarray
    sizes_on: np.ndarray


def weights_of(folding: Folding, scale: np.ndarray) -> Weights:
    """The weights of a folding.

    Args:
        folding: of N bases.
        scale: the logarithm of the factor that each base is divided by, (N,).
    """
    tables, places = folding.vector, folding.places
    length = len(scale)
    may = np.diff(folding.strand.must) == 0
    sums = np.concatenate([[0.0], np.cumsum(scale)])
    with np.errstate(over="ignore"):
        powers = np.exp(tables)
        multi = may * np.exp(tables[MULTI_UNPAIRED] + _own(places, IN_MULTI, length) - scale)
        exterior = may * np.exp(tables[EXTERIOR_UNPAIRED] + _own(places, IN_EXTERIOR, length) - scale)
        before, after = _stretches(np.where(may, _own(places, IN_INTERIOR, length) - scale, -np.inf))
    sizes = _ended(powers)
    sizes_on = sizes.copy()
    sizes_on[2:, :2] = 0
    back = np.ascontiguousarray(sizes_on[:, ::-1])
    return Weights(tables, powers, sums, multi, exterior, before, after, np.ascontiguousarray(before[:, ::-1]), sizes, back, sizes_on)


def _own(places: Places | None, loop: int, length: int) -> np.ndarray:
    """The score of each unpaired base at its place, (N,)."""
    return np.zeros(length) if places is None else np.diff(places.sums[loop])


def _stretches(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the first n bases before and after each position."""
    length = len(scores)
    padded = np.concatenate([np.full(WIDE, -np.inf), scores, np.full(WIDE, -np.inf)])
    after = np.zeros((length, WIDE))
    before = np.zeros((length, WIDE))
    for size in range(1, LONGEST + 1):
        after[:, size] = after[:, size - 1] + padded[WIDE + size : WIDE + size + length]
        before[:, size] = before[:, size - 1] + padded[WIDE - size : WIDE - size + length]
    after[:, LONGEST + 1] = before[:, LONGEST + 1] = -np.inf
    return np.exp(before), np.exp(after)


def _ended(powers: np.ndarray) -> np.ndarray:
    """The weights of sizes that are not explicit and not too long, (L, L)."""
    side = LONGEST + 1
    sizes = np.zeros((WIDE, WIDE))
    sizes[:side, :side] = powers[INTERIOR_SIZE : INTERIOR_SIZE + side * side].reshape(side, side)
    sizes[np.add.outer(np.arange(WIDE), np.arange(WIDE)) > LONGEST] = 0
    sizes[EXPLICIT[:, 0], EXPLICIT[:, 1]] = 0
    return sizes

"""Structures drawn by their weights (Ding and Lawrence 2003)."""

from __future__ import annotations

from math import exp

import numpy as np

from medai.tasks import Pairs
from medai_rna.folding.filling import filled
from medai_rna.folding.inside import hairpin_weight, interior_weight, multi_outer_weight
from medai_rna.folding.loops import compiled, exterior_pair, inlined, multi_inner
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import LONGEST, Places
from medai_rna.folding.strand import Strand
from medai_rna.folding.weights import Weights

_PAIR, _BRANCHES, _BRANCH = range(3)


def sampled(folding: Folding, count: int, rng: np.random.Generator) -> list[Pairs]:
    """Structures, each drawn with the probability that its weight is of the partition function, independently.

    Args:
        folding: of N bases.
        count: how many.
        rng: draws the seed of the compiled programme.

    Raises:
        DataError, MemoryFault: as `ensemble`.
    """
    found = filled(folding)
    length = len(folding.letters)
    partners = np.full((count, length), -1, dtype=np.int32)
    seed = int(rng.integers(2**32))
    _draw(found.weights, folding.strand, folding.places, found.closed, found.parts, found.suffix, seed, partners)
    first, last = np.arange(length), partners
    return [Pairs(tuple(zip(first[row > first].tolist(), row[row > first].tolist(), strict=True)), length) for row in last]


@inlined
def _chosen(left: float, weight: float) -> bool:
    """Whether a draw that is this far from its end falls on a weight."""
    return weight > 0.0 and left < weight


@compiled
def _draw(
    weights: Weights,
    strand: Strand,
    places: Places | None,
    closed: np.ndarray,
    parts: np.ndarray,
    suffix: np.ndarray,
    seed: int,
    partners: np.ndarray,
) -> None:
    """Fill in the partners of each structure's positions, (structures, N)."""
    np.random.seed(seed)
    for index in range(partners.shape[0]):
        partner = partners[index]
        stack = _exterior(weights, strand, places, closed, suffix)
        while len(stack) > 0:
            task, i, j = stack.pop()
            if task == _PAIR:
                partner[i], partner[j] = j, i
                _inside_pair(weights, strand, places, closed, parts, i, j, stack)
            elif task == _BRANCHES:
                _first_branches(weights, parts, i, j, stack)
            else:
                stack.append((_PAIR, i, _branch_end(weights, strand, places, closed, parts, i, j)))


@compiled
def _exterior(
    weights: Weights, strand: Strand, places: Places | None, closed: np.ndarray, suffix: np.ndarray
) -> list[tuple[int, int, int]]:
    """The pairs of an exterior loop, as tasks."""
    tasks = [(_PAIR, 0, 0) for _ in range(0)]
    i, length = 0, strand.codes.shape[0]
    while i < length:
        left = np.random.random() * suffix[i] - weights.exterior[i] * suffix[i + 1]
        if left >= 0.0:
            end = -1
            for j in range(i + 4, length):
                if closed[j, i] > 0.0:
                    weight = closed[j, i] * exp(exterior_pair(weights.tables, strand, places, i, j)) * suffix[j + 1]
                    # Where rounding leaves a rest after all, the last that there is has it.
                    end = j if weight > 0.0 else end
                    if _chosen(left, weight):
                        break
                    left -= weight
            if end >= 0:
                tasks.append((_PAIR, i, end))
                i = end
        i += 1
    return tasks


@compiled
def _inside_pair(
    weights: Weights,
    strand: Strand,
    places: Places | None,
    closed: np.ndarray,
    parts: np.ndarray,
    i: int,
    j: int,
    stack: list[tuple[int, int, int]],
) -> None:
    """Push what a pair holds: nothing where it closes a hairpin."""
    hairpin = hairpin_weight(weights, strand, places, i, j)
    left = np.random.random() * closed[j, i]
    if _chosen(left, hairpin):
        return
    left -= hairpin
    inner, split = (-1, -1), -1
    for k in range(i + 1, min(i + LONGEST + 2, j - 4)):
        for m in range(j - 1, max(k + 3, j - LONGEST - 2 + k - i - 1), -1):
            if closed[m, k] > 0.0:
                weight = interior_weight(weights, strand, places, i, j, k, m) * closed[m, k]
                inner = (k, m) if weight > 0.0 else inner
                if _chosen(left, weight):
                    stack.append((_PAIR, k, m))
                    return
                left -= weight
    outer = multi_outer_weight(weights, strand, places, i, j)
    for k in range(i + 6, j - 4):
        weight = outer * parts[i + 1, k - 1] * parts[j - 1, k]
        split = k if weight > 0.0 else split
        if _chosen(left, weight):
            break
        left -= weight
    if split >= 0:
        stack.append((_BRANCHES, i + 1, split - 1))
        stack.append((_BRANCH, split, j - 1))
    elif inner[0] >= 0:
        stack.append((_PAIR, inner[0], inner[1]))


@compiled
def _first_branches(weights: Weights, parts: np.ndarray, i: int, j: int, stack: list[tuple[int, int, int]]) -> None:
    """Push the last of the branches in i..j, and those before it where there are any."""
    left = np.random.random() * parts[i, j]
    unpaired, start, alone = 1.0, -1, 1.0
    for k in range(i, j - 3):
        before = parts[i, k - 1] if k > i + 4 else 0.0
        weight = (unpaired + before) * parts[j, k]
        if weight > 0.0:
            start, alone = k, unpaired / (unpaired + before)
        if _chosen(left, weight):
            break
        left -= weight
        unpaired *= weights.multi[k]
    if np.random.random() >= alone:
        stack.append((_BRANCHES, i, start - 1))
    stack.append((_BRANCH, start, j))


@compiled
def _branch_end(weights: Weights, strand: Strand, places: Places | None, closed: np.ndarray, parts: np.ndarray, k: int, j: int) -> int:
    """Where the one branch that begins at k, in k..j, ends."""
    end = -1
    left = np.random.random() * parts[j, k]
    unpaired = 1.0
    for m in range(j, k + 3, -1):
        if closed[m, k] > 0.0:
            weight = unpaired * closed[m, k] * exp(multi_inner(weights.tables, strand, places, k, m))
            end = m if weight > 0.0 else end
            if _chosen(left, weight):
                break
            left -= weight
        unpaired *= weights.multi[m]
    return end

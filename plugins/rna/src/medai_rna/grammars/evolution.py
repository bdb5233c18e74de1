"""How columns of an alignment evolve along a tree: rates, distances, the tree, and likelihoods of columns (Knudsen and Hein 1999)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from medai_rna.alignment import BASES, MISSING

_STATES = len(BASES)
_FARTHEST = 3.0
_PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Evolution:
    """How often bases and pairs stand in columns, and change; one unit of time is one change per unpaired base on average.

    Attributes:
        single: frequencies of unpaired bases, float64 (4,).
        pair: of pairs, the 5' base first, float64 (4, 4).
        single_rates: changes from row to column, each row summing to 0, float64 (4, 4).
        pair_rates: likewise of pairs, float64 (16, 16).
    """

    single: np.ndarray
    pair: np.ndarray
    single_rates: np.ndarray
    pair_rates: np.ndarray


@dataclass(frozen=True)
class Changes:
    """What aligned sequences show of evolution, summed over alignments.

    Attributes:
        single: unpaired bases, float64 (4,).
        pair: pairs, float64 (16,).
        single_changes: unpaired bases that stand across from one another in two rows, float64 (4, 4), symmetric.
        pair_changes: pairs, likewise (16, 16).
        single_time: for each unpaired base, the times between rows in which it could have changed, float64 (4,).
        pair_time: for each pair, likewise (16,).
    """

    single: np.ndarray
    pair: np.ndarray
    single_changes: np.ndarray
    pair_changes: np.ndarray
    single_time: np.ndarray
    pair_time: np.ndarray

    @classmethod
    def none(cls) -> Changes:
        """Nothing seen yet."""
        both = _STATES**2
        return cls(*(np.zeros(shape) for shape in (_STATES, both, (_STATES, _STATES), (both, both), _STATES, both)))

    def __add__(self, other: Changes) -> Changes:
        return Changes(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def changes_in(codes: np.ndarray, pairs: Sequence[tuple[int, int]]) -> Changes:
    """What one alignment with a known structure shows. Each row is weighed so that an alignment of many rows does not outweigh others: all
    comparisons of an alignment together count as much as one of each row with its nearest.

    Args:
        codes: as from `codes_of` (rows, columns).
        pairs: of columns.
    """
    paired = sorted({end for pair in pairs for end in pair})
    lone = codes[:, np.setdiff1d(np.arange(codes.shape[1]), paired)]
    first, second = codes[:, [i for i, _ in pairs]], codes[:, [j for _, j in pairs]]
    doubles = np.where((first == MISSING) | (second == MISSING), _STATES**2, first * _STATES + second)
    found = Changes.none()
    found.single[:] = np.bincount(lone.ravel(), minlength=MISSING + 1)[:_STATES]
    found.pair[:] = np.bincount(doubles.ravel(), minlength=_STATES**2 + 1)[: _STATES**2]
    count = len(codes)
    times = distances(codes)
    weight = 2.0 / max(1, count - 1)
    for one in range(count):
        for two in range(one):
            if 0 < times[one, two] < 1:
                for column, total, time, size in (
                    (lone, found.single_changes, found.single_time, _STATES),
                    (doubles, found.pair_changes, found.pair_time, _STATES**2),
                ):
                    counted = np.bincount(column[one] * (size + 1) + column[two], minlength=(size + 1) ** 2)
                    joint = weight * counted.reshape(size + 1, size + 1)[:size, :size]
                    total += (joint + joint.T) / 2
                    time += (joint.sum(axis=0) + joint.sum(axis=1)) / 2 * times[one, two]
    return found


def estimated(seen: Changes, single: np.ndarray, pair: np.ndarray, prior: float) -> Evolution:
    """Frequencies and rates from what was seen.

    Args:
        seen: summed over alignments.
        single: frequencies of unpaired bases to begin with, float64 (4,).
        pair: of pairs, float64 (16,).
        prior: how many bases, and pairs, these count; and for how long, in substitutions per base, changes in proportion to the
            frequencies of what is changed to.
    """
    ones = (seen.single + prior * single) / (seen.single.sum() + prior)
    twos = (seen.pair + prior * pair) / (seen.pair.sum() + prior)
    rates = _rates(seen.single_changes, seen.single_time, ones, prior)
    pair_rates = _rates(seen.pair_changes, seen.pair_time, twos, prior)
    pace = -float(ones @ np.diag(rates))
    return Evolution(ones, twos.reshape(_STATES, _STATES), rates / pace, pair_rates / pace)


def _rates(changes: np.ndarray, time: np.ndarray, frequencies: np.ndarray, prior: float) -> np.ndarray:
    """Changes per time; reversible, as the changes seen are symmetric and times in proportion to frequencies."""
    flow = changes + prior * np.outer(frequencies, frequencies)
    stayed = frequencies * (time.sum() + prior)
    rates = np.asarray(flow / stayed[:, None])
    np.fill_diagonal(rates, 0.0)
    np.fill_diagonal(rates, -rates.sum(axis=1))
    return rates


def distances(codes: np.ndarray) -> np.ndarray:
    """Substitutions per base between rows by Jukes and Cantor 1969, over columns in which both have a base; at most 3. (rows, rows)."""
    there = codes != MISSING
    both = there.astype(np.float64) @ there.T.astype(np.float64)
    each = [(codes == base).astype(np.float64) for base in range(_STATES)]
    same = np.sum([one @ one.T for one in each], axis=0)
    share = 1 - np.where(both > 0, same / np.maximum(both, 1), 0.25)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = -0.75 * np.log(np.maximum(1 - share * 4 / 3, math.exp(-_FARTHEST * 4 / 3)))
    np.fill_diagonal(found, 0.0)
    return np.asarray(np.abs(found))


@dataclass(frozen=True)
class Tree:
    """A rooted tree over n leaves.

    Attributes:
        joins: the nodes n, n + 1, ... in order, each by its children and the lengths of the branches to them; the last is the root.
        leaves: how many.
    """

    joins: tuple[tuple[tuple[int, float], ...], ...]
    leaves: int


def neighbour_joining(times: np.ndarray) -> Tree:
    """The tree of Saitou and Nei 1987 for distances (n, n); branches are not shorter than 0. It is rooted where the last nodes join, which
    does not matter to a reversible model."""
    count = len(times)
    if count == 1:
        return Tree((), 1)
    active = list(range(count))
    joins: list[tuple[tuple[int, float], ...]] = []
    table = {(one, two): float(times[one, two]) for one in active for two in active}
    while len(active) > 2:
        size = len(active)
        grid = np.array([[table[one, two] for two in active] for one in active])
        sums = grid.sum(axis=1)
        score = (size - 2) * grid - sums[:, None] - sums[None, :]
        np.fill_diagonal(score, np.inf)
        a, b = np.unravel_index(int(score.argmin()), score.shape)
        branch = grid[a, b] / 2 + (sums[a] - sums[b]) / (2 * (size - 2))
        first, second, node = active[a], active[b], count + len(joins)
        joins.append(((first, max(0.0, float(branch))), (second, max(0.0, float(grid[a, b] - branch)))))
        for place, other in enumerate(active):
            if other not in (first, second):
                table[node, other] = table[other, node] = max(0.0, float(grid[a, place] + grid[b, place] - grid[a, b]) / 2)
        table[node, node] = 0.0
        active = [other for other in active if other not in (first, second)] + [node]
    half = table[active[0], active[1]] / 2
    joins.append(((active[0], half), (active[1], half)))
    return Tree(tuple(joins), count)


def column_likelihoods(codes: np.ndarray, tree: Tree, evolution: Evolution) -> tuple[np.ndarray, np.ndarray]:
    """Natural logarithms of the likelihood of each column as unpaired, and of each two columns i < j as a pair; gaps are missing data
    (Felsenstein 1981).

    Returns:
        float64 (columns,), and (columns, columns) of which the upper triangle counts.
    """
    width = codes.shape[1]
    leaves = np.concatenate([np.eye(_STATES), np.ones((1, _STATES))])[codes]
    single = _pruned(list(leaves), tree, evolution.single, evolution.single_rates)
    pair = np.zeros((width, width))
    first, second = np.triu_indices(width, 1)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        i, j = first[start : start + _PAIRS_AT_ONCE], second[start : start + _PAIRS_AT_ONCE]
        joint = [(row[i][:, :, None] * row[j][:, None, :]).reshape(len(i), -1) for row in leaves]
        pair[i, j] = _pruned(joint, tree, evolution.pair.ravel(), evolution.pair_rates)
    return single, pair


def _pruned(leaves: list[np.ndarray], tree: Tree, frequencies: np.ndarray, rates: np.ndarray) -> np.ndarray:
    nodes: list[np.ndarray | None] = [*leaves]
    scale = np.zeros(len(leaves[0]))
    for join in tree.joins:
        made = np.ones_like(leaves[0])
        for child, length in join:
            below = nodes[child]
            assert below is not None
            made = made * (below @ expm(rates * length).T)
            nodes[child] = None
        largest = made.max(axis=1, keepdims=True)
        scale += np.log(largest[:, 0])
        nodes.append(made / largest)
    root = nodes[-1]
    assert root is not None
    return np.asarray(np.log(root @ frequencies) + scale)

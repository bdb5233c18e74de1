"""One structure out of the probabilities of pairs, and out of letters alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Pairs
from medai_rna.folding.loops import compiled
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import PAIRS, SHORTEST_HAIRPIN
from medai_rna.folding.strand import KIND, encoded

NUSSINOV_BYTES = 20
"""For each two bases: of the most that can be gained between them, and of the list of all pairs."""


def mea(probabilities: np.ndarray, gamma: float = 1.0) -> Pairs:
    """The nested structure of maximal expected accuracy: 2 gamma times the probability of each of its pairs, and of each unpaired base the
    probability that it does not pair (Do, Woods and Batzoglou 2006, CONTRAfold, section 2.4).

    Args:
        probabilities: of the pairs (i, j), i < j, (N, N); what is not above the diagonal does not count.
        gamma: the higher, the more pairs.

    Raises:
        UsageError: gamma is not above 0.
        DataError: the probabilities are not square, or not finite.
    """
    if not gamma > 0:
        raise UsageError(f"gamma = {gamma}: not above 0")
    square, unpaired = _checked(probabilities)
    # A pair is worth what it adds to its two bases left unpaired: one that adds nothing is in no structure that needs it.
    return _heaviest(len(square), *_worthwhile(square, 2 * gamma, np.maximum(0.0, unpaired)))


def centroid(probabilities: np.ndarray) -> Pairs:
    """The nested structure nearest to all others, each by its probability, in the number of pairs that differ: of an ensemble of nested
    structures, that of the pairs more probable than not (Ding, Chan and Lawrence 2005).

    Args:
        probabilities: as in `mea`.

    Raises:
        DataError: as `mea`.
    """
    square, _ = _checked(probabilities)
    return _heaviest(len(square), *_worthwhile(square, 2.0, np.full(len(square), 0.5)))


def probknot(probabilities: np.ndarray, shortest: int = 3) -> Pairs:
    """The pairs whose bases are each other's most probable partners, which may cross; helices of fewer pairs are taken out (Bellaousov
    and Mathews 2010).

    Args:
        probabilities: as in `mea`.
        shortest: pairs of a helix, each directly within the next, at least.

    Raises:
        DataError: as `mea`.
    """
    upper = np.triu(_checked(probabilities)[0], 1)
    both = upper + upper.T
    partner = both.argmax(axis=1) if len(both) else np.empty(0, dtype=np.int64)
    found = [(i, int(j)) for i, j in enumerate(partner) if i < j and partner[j] == i and both[i, j] > 0]
    return Pairs(tuple(pair for helix in _helices(found) if len(helix) >= shortest for pair in helix), len(upper))


def nussinov(letters: str, worth: Mapping[str, float] | None = None) -> Pairs:
    """A nested structure of as many pairs as there can be, with three unpaired bases or more in each hairpin (Nussinov and Jacobson 1980).

    Args:
        letters: A, C, G, U; T counts as U, and any other letter as a base that does not pair.
        worth: of each kind of pair, such as {"GC": 3, "AU": 2, "GU": 1}, either base first; kinds that are not named do not pair. None: 1.

    Raises:
        UsageError: `worth` names what is no pair.
        DataError: a letter is not ASCII.
        MemoryFault: the machine has not the memory that the sequence needs.
    """
    ensure_room(len(letters), NUSSINOV_BYTES)
    values = np.ones(len(PAIRS)) if worth is None else np.zeros(len(PAIRS))
    for pair, value in (worth or {}).items():
        if pair not in PAIRS:
            raise UsageError(f"{pair!r} is no pair of {', '.join(PAIRS)}")
        values[[PAIRS.index(pair), PAIRS.index(pair[::-1])]] = value
    codes = encoded(letters)
    first, last = np.nonzero(np.triu(KIND[codes[:, None], codes[None, :]] >= 0, 1))
    return _heaviest(len(codes), first, last, values[KIND[codes[first], codes[last]]])


def _checked(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities in rows of float64, and that each base does not pair, (N,)."""
    if probabilities.ndim != 2 or probabilities.shape[0] != probabilities.shape[1]:
        raise DataError(f"probabilities of pairs are square, not of shape {probabilities.shape}")
    square = np.ascontiguousarray(probabilities, dtype=np.float64)
    unpaired = _unpaired(square)
    if not np.isfinite(unpaired).all():
        raise DataError("a probability of a pair is not finite")
    return square, unpaired


@compiled
def _unpaired(probabilities: np.ndarray) -> np.ndarray:
    unpaired = np.ones(probabilities.shape[0])
    for i in range(len(unpaired)):
        for j in range(i + 1, len(unpaired)):
            unpaired[i] -= probabilities[i, j]
            unpaired[j] -= probabilities[i, j]
    return unpaired


@compiled
def _worthwhile(probabilities: np.ndarray, worth: float, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs that gain something, first positions, last ones and gains, (P,): their probability times a worth, less what their bases
    cost."""
    first, last, gains = [0 for _ in range(0)], [0 for _ in range(0)], [0.0 for _ in range(0)]
    for i in range(len(cost)):
        for j in range(i + 1, len(cost)):
            gain = worth * probabilities[i, j] - cost[i] - cost[j]
            if gain > 0.0 and probabilities[i, j] > 0.0:
                first.append(i)
                last.append(j)
                gains.append(gain)
    return np.array(first), np.array(last), np.array(gains)


def _helices(pairs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Pairs, sorted, in runs of which each is directly within the one before; sorted by their first pairs."""
    helices: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i, j in pairs:
        helix = helices.pop((i - 1, j + 1), [])
        helix.append((i, j))
        helices[i, j] = helix
    return sorted(helices.values())


def _heaviest(length: int, first: np.ndarray, last: np.ndarray, gains: np.ndarray) -> Pairs:
    """The nested structure whose pairs gain most together; only pairs that gain something and are a hairpin apart are in it.

    Args:
        length: N.
        first: of each pair its first position, sorted, (P,).
        last: its last.
        gains: what it gains.
    """
    able = (gains > 0) & (last - first > SHORTEST_HAIRPIN)
    starts = np.searchsorted(first[able], np.arange(length + 1))
    partner = _trace(_fill(length, starts, last[able], gains[able]), starts, last[able], gains[able])
    return Pairs(tuple((i, int(j)) for i, j in enumerate(partner) if j > i), length)


@compiled
def _fill(length: int, starts: np.ndarray, last: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """The most that can be gained between i and j - 1, (N + 2, N + 1); the pairs that begin at i are those from starts[i] on."""
    most = np.zeros((length + 2, length + 1))
    for i in range(length - 1, -1, -1):
        most[i] = most[i + 1]
        for pair in range(starts[i], starts[i + 1]):
            k = last[pair]
            inner, row, rest = gains[pair] + most[i + 1, k], most[i], most[k + 1]
            for j in range(k + 1, length + 1):
                row[j] = max(row[j], inner + rest[j])
    return most


@compiled
def _trace(most: np.ndarray, starts: np.ndarray, last: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """The partner of each position, or -1: a structure that gains the most. The sums are those of `_fill`, so that they are equal to the
    last bit."""
    length = most.shape[1] - 1
    partner = np.full(length, -1)
    stack = [(0, length)]
    while len(stack) > 0:
        i, j = stack.pop()
        while i < j and most[i, j] == most[i + 1, j]:
            i += 1
        if i >= j:
            continue
        for pair in range(starts[i], starts[i + 1]):
            k = last[pair]
            if k < j and gains[pair] + most[i + 1, k] + most[k + 1, j] == most[i, j]:
                partner[i], partner[k] = k, i
                stack.append((i + 1, k))
                stack.append((k + 1, j))
                break
    return partner

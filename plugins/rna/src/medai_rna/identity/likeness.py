"""Which sequences are alike, and which belong together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import comb, log

import numpy as np

from medai.errors import UsageError
from medai_rna.folding.problem import each
from medai_rna.identity.edits import likest

_CODE = np.full(128, 4, dtype=np.int8)
for _index, _letter in enumerate("ACGU"):
    _CODE[ord(_letter)] = _index

_LONGEST_WORD = 8
_CHANCE = 1e-8
"""Of finding a like stretch in unrelated bases, in one comparison, at most."""
_STRETCH = 1000
_AT_A_TIME = 64
_MANY = 50_000_000
"""Comparisons, which take minutes."""


@dataclass(frozen=True)
class Likeness:
    """A sequence that another is like.

    Attributes:
        other: its place.
        identity: the part of the shorter one's bases that need no edit to be a stretch of the longer one, 0 to 1.
    """

    other: int
    identity: float


def likenesses(own: Sequence[str], others: Sequence[str], least: float) -> list[Likeness | None]:
    """For each sequence, the one of `others` that it is likest, if that is like enough; none is missed.

    The identity of two sequences is 1 - edits / length of the shorter, where edits are the fewest substitutions, insertions and deletions
    that make all of the shorter a stretch of the longer. Letters that stand for several bases are like none. A sequence that is so short
    that a like stretch is found by chance (`shortest_stretch`) is like those of about its length alone, of which it has the part `least`.

    Args:
        own: capital letters, U not T.
        others: the same.
        least: identity from which sequences are alike, more than 0; 1: the same word for word, and no stretch of another.

    Raises:
        UsageError: `least` is not in (0, 1].
    """
    if not 0 < least <= 1:
        raise UsageError(f"an identity is more than 0 and at most 1, not {least}")
    if least == 1:
        places = {letters: place for place, letters in reversed(list(enumerate(others)))}
        return [Likeness(places[letters], 1.0) if letters in places else None for letters in own]
    _say(len(own) * len(others))
    packed = _Packed(others, least)
    none = np.zeros(len(others), dtype=bool)

    def of(letters: str) -> Likeness | None:
        found, edits = packed.likest(letters, none, every=False)
        return Likeness(int(found[0]), 1.0 - float(edits[0])) if len(found) else None

    return each(of, own)


def shortest_stretch(least: float) -> int:
    """Bases from which a stretch with this identity is hardly found by chance in 1,000 bases, where all bases are as likely: 26 at 0.9."""
    for length in count(1):
        edits = int((1.0 - least) * length + 1e-9)
        # An edit puts another base in place of one, one before or behind it, or takes it away.
        likely = sum(comb(length, number) * 8**number for number in range(edits + 1))
        if log(_STRETCH) + log(likely) - length * log(4) < log(_CHANCE) or length == _STRETCH:
            return length
    raise AssertionError


def clusters(sequences: Sequence[str], least: float) -> list[int]:
    """The cluster of each sequence, called by the place of its first member: two that are alike are in one, and so are those that others
    join (single linkage), so that no sequence is like one of another cluster.

    Args:
        sequences: capital letters, U not T.
        least: identity from which two are alike, as of `likenesses`.

    Raises:
        UsageError: `least` is not in (0, 1].
    """
    return list(_clusters(tuple(sequences), least))


@lru_cache(maxsize=8)
def _clusters(sequences: tuple[str, ...], least: float) -> tuple[int, ...]:
    copies = [found.other for found in likenesses(sequences, sequences, 1.0) if found]
    if least == 1:
        return tuple(copies)
    distinct = sorted(set(copies))
    _say(len(distinct) ** 2 // 2)
    packed = _Packed([sequences[place] for place in distinct], least)
    firsts = np.arange(len(distinct))

    def neighbours(row: int) -> list[int]:
        """Those before it that it is like; those that are known to be in its cluster need no look."""
        skipped = firsts == firsts[row]
        skipped[row:] = True
        return [int(other) for other in packed.likest(sequences[distinct[row]], skipped, every=True)[0]]

    for start in range(0, len(distinct), _AT_A_TIME):
        rows = range(start, min(start + _AT_A_TIME, len(distinct)))
        for row, found in zip(rows, each(neighbours, rows), strict=True):
            for other in found:
                low, high = sorted((firsts[row], firsts[other]))
                firsts[firsts == high] = low
    first_of = {place: distinct[firsts[index]] for index, place in enumerate(distinct)}
    return tuple(first_of[copy] for copy in copies)


class _Packed:
    """Sequences in one array, with the words by which those that cannot be alike are passed over."""

    def __init__(self, sequences: Sequence[str], least: float) -> None:
        self._allowed, self._long = 1.0 - least, shortest_stretch(least)
        # Of longer words fewer are shared by chance, and more are spoilt by an edit.
        self._size = max(1, min(_LONGEST_WORD, int(0.9 / self._allowed)))
        parts = [_encoded(letters) for letters in sequences]
        self._starts = np.cumsum([0, *map(len, parts)])
        self._codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int8)
        self._words = self._numbered(self._codes)

    def likest(self, letters: str, skipped: np.ndarray, *, every: bool) -> tuple[np.ndarray, np.ndarray]:
        own = _encoded(letters)
        words = self._numbered(own)[: max(0, len(own) - self._size + 1)]
        found: tuple[np.ndarray, np.ndarray] = likest(
            own, words, self._codes, self._starts, self._words, self._size, self._allowed, skipped, self._long, every
        )
        return found

    def _numbered(self, codes: np.ndarray) -> np.ndarray:
        """The word that begins at each place, as a number; unknown bases count as A, which can but add words that are shared."""
        padded = np.concatenate([np.where(codes < 4, codes, 0), np.zeros(self._size, dtype=np.int8)]).astype(np.int64)
        found = np.zeros(len(codes), dtype=np.int64)
        for step in range(self._size):
            found = found * 4 + padded[step : step + len(codes)]
        return found


def _encoded(letters: str) -> np.ndarray:
    return _CODE[np.frombuffer(letters.encode("ascii"), dtype=np.uint8)]


def _say(count: int) -> None:
    if count > _MANY:
        warnings.warn(f"{count:,} comparisons of sequences, some 100,000 in a second", stacklevel=3)

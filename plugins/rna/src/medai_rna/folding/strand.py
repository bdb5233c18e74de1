"""A sequence as the compiled programme reads it, with what is forced and forbidden in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from medai.errors import DataError
from medai_rna.folding.scores import BASES, MOTIF_SIZES, PAIRS, SHORTEST_HAIRPIN

_CODE = np.zeros(128, dtype=np.int8)
for _index, _letter in enumerate(BASES):
    _CODE[ord(_letter)] = _CODE[ord(_letter.lower())] = _index
_CODE[ord("T")] = _CODE[ord("t")] = BASES.index("U")

KIND = np.full((len(BASES), len(BASES)), -1, dtype=np.int8)
"""The kind of pair of two bases, an index of `PAIRS`; -1 where they do not pair."""
for _index, _pair in enumerate(PAIRS):
    KIND[BASES.index(_pair[0]), BASES.index(_pair[1])] = _index


@dataclass(frozen=True)
class Constraints:
    """What a structure must and may not hold, positions from 0.

    Attributes:
        paired: pairs (i, j) that must be there.
        forbidden: pairs (i, j) that may not.
        unpaired: positions that may not pair.
    """

    paired: tuple[tuple[int, int], ...] = ()
    forbidden: tuple[tuple[int, int], ...] = ()
    unpaired: tuple[int, ...] = ()


class Strand(NamedTuple):
    """A sequence of N bases.

    Attributes:
        codes: indices of `BASES`, int8 (N,).
        kinds: for i < j, the kind of the pair (i, j) or -1 where it may not be, int8 (N, N); -1 elsewhere.
        must: how many positions before each one have to pair, int32 (N + 1,): a stretch i..j may be unpaired if must[j + 1] == must[i].
        motif_at: for each position and each of `MOTIF_SIZES`, the index of the motif that begins there, or -1; int32 (N, 3).
    """

    codes: np.ndarray
    kinds: np.ndarray
    must: np.ndarray
    motif_at: np.ndarray


def strand_of(letters: str, motifs: tuple[str, ...] = (), constraints: Constraints | None = None) -> Strand:
    """A sequence, made ready.

    Args:
        letters: A, C, G, U; T counts as U, and any other letter as a base that is not known and does not pair.
        motifs: those of the scores that it will be used with.
        constraints: see there.

    Raises:
        DataError: a constraint leaves the sequence, two contradict each other, or a forced pair cannot be: its bases do not pair, its loop
            would be too short, or it crosses another.
    """
    codes = encoded(letters)
    length = len(codes)
    kinds = KIND[codes[:, None], codes[None, :]]
    kinds[~np.triu(np.ones((length, length), dtype=bool), SHORTEST_HAIRPIN + 1)] = -1
    forced = _constrained(kinds, letters, constraints) if constraints is not None else np.zeros(length, dtype=np.int32)
    must = np.concatenate([[0], np.cumsum(forced)]).astype(np.int32)
    return Strand(codes, kinds, must, _motifs_at(letters, motifs))


def encoded(letters: str) -> np.ndarray:
    """Indices of `BASES`, int8 (N,); T counts as U, any other letter as N.

    Raises:
        DataError: a letter is not ASCII.
    """
    if not letters.isascii():
        raise DataError(f"{next(letter for letter in letters if not letter.isascii())!r} is no base")
    return _CODE[np.frombuffer(letters.encode("ascii"), dtype=np.uint8)]


def _constrained(kinds: np.ndarray, letters: str, constraints: Constraints) -> np.ndarray:
    """Take out of `kinds` what may not be; which positions must pair, int32 (N,)."""
    length = len(letters)
    forced = [(min(pair), max(pair)) for pair in constraints.paired]
    _within(length, (end for pair in (*forced, *constraints.forbidden) for end in pair))
    _within(length, constraints.unpaired)
    for place in constraints.unpaired:
        kinds[place, :] = kinds[:, place] = -1
    for i, j in constraints.forbidden:
        kinds[min(i, j), max(i, j)] = -1
    must = np.zeros(length, dtype=np.int32)
    for i, j in forced:
        if (kind := kinds[i, j]) < 0:
            raise DataError(f"the pair {letters[i]}{i + 1}-{letters[j]}{j + 1} is forced, and cannot be or is forbidden")
        crossing = np.zeros_like(kinds, dtype=bool)
        crossing[:i, i : j + 1] = crossing[i : j + 1, j + 1 :] = True
        crossing[i, :] = crossing[j, :] = crossing[:, i] = crossing[:, j] = True
        kinds[crossing] = -1
        kinds[i, j] = kind
        must[[i, j]] = 1
    return must


def _within(length: int, places: Iterable[int]) -> None:
    for place in places:
        if not 0 <= place < length:
            raise DataError(f"a constraint names the position {place + 1} of a sequence of {length}")


def _motifs_at(letters: str, motifs: tuple[str, ...]) -> np.ndarray:
    found = np.full((len(letters), len(MOTIF_SIZES)), -1, dtype=np.int32)
    spelled = letters.upper().replace("T", "U")
    for index, motif in enumerate(motifs):
        start = spelled.find(motif)
        while start >= 0:
            found[start, MOTIF_SIZES.index(len(motif))] = index
            start = spelled.find(motif, start + 1)
    return found

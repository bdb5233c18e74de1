"""A sequence as a grammar reads it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.folding.room import ensure_room
from medai_rna.folding.strand import KIND, encoded
from medai_rna.grammars.grammar import UNKNOWN

_LEAST_BYTES = 25
"""For each two bases, of a grammar of one nonterminal: what it makes of them, what is outside of it, probabilities, and which may pair."""


class Strand(NamedTuple):
    """A sequence of N bases, and what its derivations may do with it.

    Attributes:
        codes: indices of `BASES`, `UNKNOWN` for any other letter, int64 (N,).
        pairs: which pairs i < j may be, uint8 (N, N).
        single: which bases may be unpaired, uint8 (N,).
    """

    codes: np.ndarray
    pairs: np.ndarray
    single: np.ndarray


def strand_of(letters: str, shortest: int = 3, canonical: bool = False) -> Strand:
    """A sequence whose structure is not known.

    Args:
        letters: A, C, G, U; T counts as U, any other letter as a base that may be each of them.
        shortest: unpaired bases of a hairpin, at least.
        canonical: whether only A with U, G with C and G with U may pair.

    Raises:
        DataError: there are no letters, or one is not ASCII.
        MemoryFault: the machine has not the memory that any grammar takes for so many.
    """
    codes = _codes(letters)
    pairs = np.triu(np.ones((len(codes), len(codes)), dtype=np.uint8), shortest + 1)
    if canonical:
        kinds = encoded(letters)
        pairs[KIND[kinds[:, None], kinds[None, :]] < 0] = 0
    return Strand(codes, pairs, np.ones(len(codes), dtype=np.uint8))


def known_strand(letters: str, structure: Pairs) -> Strand:
    """A sequence whose structure is known: derivations make its pairs and no others.

    Raises:
        DataError: as `strand_of`.
    """
    codes = _codes(letters)
    pairs, single = np.zeros((len(codes), len(codes)), dtype=np.uint8), np.ones(len(codes), dtype=np.uint8)
    for i, j in structure.pairs:
        pairs[i, j] = 1
        single[[i, j]] = 0
    return Strand(codes, pairs, single)


def _codes(letters: str) -> np.ndarray:
    if not letters:
        raise DataError("the sequence is empty")
    ensure_room(len(letters), _LEAST_BYTES)
    found = encoded(letters).astype(np.int64) - 1
    found[found < 0] = UNKNOWN
    return found

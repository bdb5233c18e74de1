"""A sequence with scores: what every question is asked of, and the counts that answer some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch

from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import Places, Positions, Scores, places_of
from medai_rna.folding.strand import Constraints, Strand, strand_of

LEAST_BYTES = 14
"""For each two bases, of the question that takes least: three triangles of scores, and what a `Strand` holds."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Folding:
    """A sequence and the scores of its structures.

    Attributes:
        letters: A, C, G, U; T counts as U, and any other letter as a base that does not pair.
        scores: the tables.
        positions: scores at its positions, of its length; None: there are none.
        constraints: what its structures must and may not hold; None: anything goes.
    """

    letters: str
    scores: Scores
    positions: Positions | None = None
    constraints: Constraints | None = None

    @cached_property
    def strand(self) -> Strand:
        """As the compiled programme reads it.

        Raises:
            DataError: as `strand_of`.
            MemoryFault: the machine has not the memory that any question about a sequence of this length takes.
        """
        ensure_room(len(self.letters), LEAST_BYTES)
        return strand_of(self.letters, self.scores.motifs, self.constraints)

    @property
    def vector(self) -> np.ndarray:
        """The tables, as the compiled programme reads them."""
        return self.scores.vector

    @cached_property
    def places(self) -> Places | None:
        """`positions`, as the compiled programme reads them."""
        return places_of(self.positions)


@dataclass(frozen=True)
class Counts:
    """How often each score is used: by one structure, or on average over all of them, each by its weight. This is the gradient of the
    structure's score, or of the logarithm of the partition function, with respect to every score.

    Attributes:
        tables: float64, as `Scores.pack` lays them out.
        planes: float64 (8, N, N); None where the folding has no `positions`.
        unpaired: float64 (4, N); None likewise.
    """

    tables: np.ndarray
    planes: np.ndarray | None = None
    unpaired: np.ndarray | None = None


def each(function: Callable[[Item], Answer], items: Sequence[Item], threads: int | None = None) -> list[Answer]:
    """What a function answers to each item, in order; compiled programmes run side by side.

    Args:
        function: asked once of each.
        items: foldings, or others.
        threads: at a time; None: as many as torch uses.
    """
    threads = threads or torch.get_num_threads()
    if threads == 1 or len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        return list(pool.map(function, items))

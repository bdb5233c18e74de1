"""A structure with the probabilities that it was chosen by."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from medai.tasks import Pairs


@dataclass(frozen=True, eq=False)
class ProbablePairs(Pairs):
    """A structure, equal to every other with the same pairs.

    Attributes:
        probabilities: of each pair i < j in the ensemble of all structures, float (N, N).
    """

    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    @classmethod
    def chosen(cls, structure: Pairs, probabilities: np.ndarray) -> ProbablePairs:
        """The structure, with the probabilities."""
        return cls(structure.pairs, structure.length, structure.multiplets, probabilities)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pairs) and (self.pairs, self.length) == (other.pairs, other.length)

    def __hash__(self) -> int:
        return hash((self.pairs, self.length))


def probabilities_of(structure: Pairs) -> np.ndarray:
    """The probability of each pair, float64 (N, N), of which i < j counts: those that the structure was chosen by; else 1 for its pairs
    and 0 for the others."""
    if isinstance(structure, ProbablePairs):
        return np.triu(np.asarray(structure.probabilities, dtype=np.float64), 1)
    found = np.zeros((structure.length, structure.length))
    if structure.pairs:
        found[tuple(np.array(structure.pairs).T)] = 1.0
    return found

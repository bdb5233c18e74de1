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


def whence(exporter: str, *, stored: bool) -> str:
    """Where probabilities come from that a structure lacks, in words.

    Args:
        exporter: what is to be written of them: the exporter and its options, as `medai predict` takes them.
        stored: whether the structure was kept by a run, and not predicted now.
    """
    given = "a model gives them that decodes by them (decode=mea, centroid or probknot), and none with decode=mfe or cyk"
    return f"a run folder keeps none, `medai predict RUN INPUT --to {exporter}` asks the model anew; {given}" if stored else given

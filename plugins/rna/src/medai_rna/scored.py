"""What a model of scores gives to a loss: sequences with scores that take gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from medai.tasks import Pairs
from medai_rna.folding.problem import Folding
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import PLANES, Positions

_PAIR = PLANES.index("pair")
_BYTES = 8 * (2 * len(PLANES) + 1)
"""Of each two bases: the margin, the scores at positions, and these with it."""


@dataclass(frozen=True)
class Scored:
    """A batch of B sequences with the scores that a model gives to their structures.

    Attributes:
        foldings: B of them.
        weights: all that the model learns, in one vector, for penalties on it.
        reference: the same sequences with scores that are kept fixed, such as Turner's energies; empty where there are none.
    """

    foldings: tuple[Folding, ...]
    weights: Tensor
    reference: tuple[Folding, ...] = ()


def with_margin(folding: Folding, structure: Pairs, missed: float, false: float) -> tuple[Folding, float]:
    """The folding with the cost of errors added to each structure's score, up to a constant: a structure costs `missed` for each pair of
    the known one that it lacks, and `false` for each pair that the known one has not.

    Returns:
        the folding, and the constant that the score of its structures lacks.

    Raises:
        MemoryFault: scores at the positions of the sequence need more than there is.
    """
    length = len(folding.letters)
    ensure_room(length, _BYTES)
    margin = torch.full((length, length), float(false), dtype=torch.float64)
    for i, j in structure.pairs:
        margin[i, j] = -float(missed)
    positions = folding.positions or Positions.zeros(length)
    planes = torch.cat([(positions.planes[:_PAIR]), (positions.planes[_PAIR] + margin)[None], positions.planes[_PAIR + 1 :]])
    return replace(folding, positions=Positions(planes, positions.unpaired)), missed * len(structure.pairs)


def lengths(foldings: Sequence[Folding]) -> Tensor:
    """Bases of each sequence, float64 (B,)."""
    return torch.tensor([float(len(folding.letters)) for folding in foldings], dtype=torch.float64)

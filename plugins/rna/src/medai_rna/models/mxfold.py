"""MXfold: a weight for every entry of the tables, on top of the thermodynamic energies."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from medai_rna.energies import load
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import OFFSET, SHAPES, Scores
from medai_rna.models.lengths import Weights
from medai_rna.models.scored import Decode, ScoringModel

_SWAPPED = {"stack": (1, 0), "bulge_one": (1, 0), "interior_11": (1, 0, 3, 2), "interior_22": (1, 0, 4, 5, 2, 3), "interior_size": (1, 0)}
"""How the axes of a table change places where its loop is read from its other pair."""


class TableWeights(Weights):
    """A weight for every entry of the tables (29,986), all 0 to begin with; a loop weighs the same from whichever pair it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.flat = nn.Parameter(torch.zeros(OFFSET["hairpin_motif"], dtype=torch.float64))

    def forward(self, base: Tensor | None = None, motifs: tuple[str, ...] = ()) -> Scores:
        """The tables, added to others where they are given; gradients flow.

        Args:
            base: scores as `Scores.pack` lays them out, with those of the motifs.
            motifs: of the base.
        """
        parts = self.flat.split([torch.Size(shape).numel() for shape in SHAPES.values()])
        even = [_even(name, part.reshape(shape)) for (name, shape), part in zip(SHAPES.items(), parts, strict=True)]
        weights = torch.cat([table.reshape(-1) for table in even])
        if base is None:
            return Scores.unpack(weights)
        return Scores.unpack(torch.cat([base[: len(weights)] + weights, base[len(weights) :]]), motifs)


class Mxfold(ScoringModel):
    """MXfold: a structured support vector machine over detailed elements of structure, added to Turner's energies.

    Akiyama, Sato and Sakakibara 2018, doi:10.1142/S0219720018400255: learnt with a margin and an L1 penalty (`rna/structured-hinge-loss`),
    which keeps the weights of rare elements at 0, so that there the energies decide.

    Args:
        energies: the parameters that the weights are added to, by name.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(self, energies: str = "turner-2004", decode: Decode = "mfe", gamma: float = 4.0) -> None:
        super().__init__(decode, gamma)
        self.elements = TableWeights()
        self._base = load(energies).scores()

    def foldings(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        scores = self.elements.laid_out(self._base.pack(), self._base.motifs)
        return tuple(Folding(each, scores) for each in letters)

    def reference(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        return tuple(Folding(each, self._base) for each in letters)


def _even(name: str, table: Tensor) -> Tensor:
    swapped = _SWAPPED.get(name)
    return table if swapped is None else (table + table.permute(swapped)) / 2

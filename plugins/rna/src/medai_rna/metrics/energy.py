"""How far the free energy of a predicted structure is from that of the known one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from medai.errors import PluginError
from medai.tasks import Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.datasets.foldable import foldable
from medai_rna.energies import named
from medai_rna.energies.tables import thermal
from medai_rna.folding.problem import Folding
from medai_rna.folding.structure import score_of
from medai_rna.nested import canonical, nested


class FreeEnergy:
    """`energy-difference`: the mean over sequences of the absolute difference between the free energies of the predicted and the known
    structure, in kcal/mol at 37 degrees Celsius; `energy-rmse`, the root of its mean square.

    Both are of the parts that have an energy: the largest nested part of canonical pairs, without hairpins of less than 3 bases and loops
    of more than 30. A structure may be as stable as the known one and quite another: these figures say nothing of pairs.

    Args:
        energies: the parameters, by name, or a file of the format `.par`.
    """

    better: Literal["higher", "lower"] = "lower"

    def __init__(self, energies: str = "turner-2004") -> None:
        self._scores = named(energies).scores()

    def case(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> float:
        """The predicted structure's energy less the known one's."""
        if sample.reference is None:
            raise PluginError(f"case {sample.case.id} has no structure to compare with")
        return self._energy(sample.inputs.letters, prediction) - self._energy(sample.inputs.letters, sample.reference)

    def total(self, parts: Sequence[float]) -> Mapping[str, float]:
        """The two figures."""
        differences = np.asarray(parts, dtype=np.float64)
        return {"energy-difference": float(np.abs(differences).mean()), "energy-rmse": float(np.sqrt((differences**2).mean()))}

    def _energy(self, letters: str, structure: Pairs) -> float:
        kept = foldable(nested(canonical(structure, letters)).pairs)
        return -thermal() * score_of(Folding(letters, self._scores), Pairs(tuple(kept), structure.length))

"""How much of an ensemble agrees with the known structure."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from medai.errors import PluginError
from medai.tasks import Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.pictures.matrix import LEAST, draw_matrix
from medai_rna.probable import ProbablePairs, probabilities_of


class Part(NamedTuple):
    """What one sequence adds.

    Attributes:
        defect: expected share of its bases that pair otherwise than is known; NaN where there are no probabilities.
        shown: its name, probabilities that can be seen (`i`, `j`, `value`), and both structures; None where there are no probabilities.
    """

    defect: float
    shown: tuple[str, np.ndarray, np.ndarray, np.ndarray, Pairs, Pairs] | None


class EnsembleDefect:
    """`ensemble-defect`: the mean over sequences of the expected share of bases whose partner, or whose being unpaired, is not the known
    one, over the probabilities of pairs that a model gave with its structure (Zadeh et al. 2011, doi:10.1002/jcc.21633).

    A structure without probabilities, such as one of least free energy, has no ensemble: it is left out of the mean, which is not a number
    where all are so, and a warning says it. A dot plot of the median sequence is drawn.

    Args:
        certain: whether a structure without probabilities is an ensemble of itself alone, whose defect is the share of bases that pair
            otherwise.
    """

    better: Literal["higher", "lower"] = "lower"

    def __init__(self, certain: bool = False) -> None:
        self._certain = certain

    def case(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> Part:
        """The sequence's defect."""
        known = sample.reference
        if known is None:
            raise PluginError(f"case {sample.case.id} has no pairs to compare with")
        if not isinstance(prediction, ProbablePairs) and not self._certain:
            warnings.warn(
                "ensemble-defect: a structure without probabilities of pairs, such as one of least free energy, has none",
                stacklevel=2,
            )
            return Part(math.nan, None)
        upper = probabilities_of(prediction)
        both = upper + upper.T
        right = np.zeros(known.length)
        paired = np.zeros(known.length, dtype=bool)
        for i, j in known.pairs:
            right[i] += both[i, j]
            right[j] += both[i, j]
            paired[[i, j]] = True
        right[~paired] = 1 - both.sum(1)[~paired]
        defect = float(1 - right.clip(0, 1).mean())
        if not isinstance(prediction, ProbablePairs):
            return Part(defect, None)
        first, second = np.nonzero(upper >= LEAST)
        plain = Pairs(prediction.pairs, prediction.length, prediction.multiplets)
        return Part(defect, (sample.case.id, first, second, upper[first, second], plain, known))

    def total(self, parts: Sequence[Part]) -> Mapping[str, float]:
        """The mean, from 0 to 1, over the sequences that have one; NaN where none has."""
        defects = [part.defect for part in parts if not math.isnan(part.defect)]
        return {"ensemble-defect": float(np.mean(defects)) if defects else math.nan}

    def draw(self, parts: Sequence[Part], options: Mapping[str, Any]) -> Figure | None:
        """The matrix of probabilities of the median sequence."""
        ranked = sorted((part for part in parts if part.shown is not None), key=lambda part: part.defect)
        if not ranked:
            return None
        part = ranked[len(ranked) // 2]
        assert part.shown is not None
        name, i, j, values, prediction, known = part.shown
        matrix = np.zeros((known.length, known.length))
        matrix[i, j] = values
        return draw_matrix(matrix, prediction, known, f"{name}: median of {len(ranked)} by ensemble defect, {part.defect:.3f}")

"""Precision, recall and F1 of base pairs, as the field reports them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from medai.errors import PluginError, UsageError
from medai.tasks import Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.metrics.counting import Counts, correlation, count, of_sequence, pooled
from medai_rna.metrics.pictures import draw_families, draw_lengths
from medai_rna.nested import canonical, nested
from medai_rna.pictures.structure import Drawn, draw_structures

FIGURES = ("f1", "precision", "recall")
_UNNAMED = "unnamed"
"""What sequences are called together of which nobody says the family."""
_ROWS, _INCHES = 40, 6.0
"""Families that a picture has rows for, and how large a structure is drawn."""


class Part(NamedTuple):
    """What one sequence adds.

    Attributes:
        counts: its pairs.
        own: its F1, precision, recall and, of exact pairs, Matthews' correlation.
        family: the family that it is of; empty where nobody says it.
        length: its bases.
        shown: what is drawn of it; None where the metric draws no structures.
    """

    counts: Counts
    own: tuple[float, ...]
    family: str
    length: int
    shown: Drawn | None


class PairF1:
    """F1, precision (positive predictive value) and recall (sensitivity) of base pairs; of exact pairs Matthews' correlation too.

    | average | figures |
    |---|---|
    | `sequences` | means over sequences: `f1`, `precision`, `recall`, `mcc` |
    | `pooled` | of all pairs counted together: `f1-pooled` ... |
    | `families` | means over families of their sequences' means: `f1-families` ..., and `f1-families-NAME` of each of at most `most` |

    A case's family is its attribute `family`; a case that has no such attribute is of its group. Where the attribute is empty, nobody says
    the family: such sequences are no family, so the mean over families leaves them out (it is NaN where all are so), and their own mean
    stands beside it as `f1-families-unnamed`. The names say what else was chosen: `f1-slip`, `f1-canonical`, `f1-nested`,
    `f1-pooled-by-sequence`. A sequence without pairs for which none are predicted counts as right; `medai.tasks.Pairs` of the prediction
    are compared as they are.

    Args:
        average: what figures are means over.
        slip: by how many positions one end of a predicted pair may be beside the reference's, the other being the same: 0, or 1 as
            Mathews et al. 1999 (doi:10.1006/jmbi.1999.2700) count.
        pseudoknots: whether pairs that cross count; else the largest nested part of both structures is compared.
        noncanonical: whether pairs other than A-U, G-C and G-U count; else they are taken out of both structures.
        by: what intervals are drawn over: groups of cases, which are families in most datasets, or single sequences. Those over sequences
            are narrower, and say nothing of other families.
        most: families that have figures of their own; of more, their mean alone is given.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(
        self,
        average: Literal["sequences", "pooled", "families"] = "sequences",
        slip: int = 0,
        pseudoknots: bool = True,
        noncanonical: bool = True,
        by: Literal["groups", "sequences"] = "groups",
        most: int = 12,
    ) -> None:
        if not 0 <= slip <= 1:
            raise UsageError(f"slip = {slip}: 0 or 1 is wanted")
        if most < 0:
            raise UsageError(f"most = {most}: no number of families")
        self.resampled: Literal["groups", "cases"] = "cases" if by == "sequences" else "groups"
        self._average, self._slip, self._most = average, slip, most
        self._pseudoknots, self._noncanonical = pseudoknots, noncanonical
        self._plain = slip == 0 and pseudoknots and noncanonical
        said = {"slip": slip > 0, "canonical": not noncanonical, "nested": not pseudoknots, average: average != "sequences"}
        self._suffix = "".join(f"-{word}" for word, is_so in {**said, "by-sequence": by == "sequences"}.items() if is_so)
        self._names = [f"{name}{self._suffix}" for name in (*FIGURES, *(() if slip else ("mcc",)))]

    def case(self, prediction: Pairs, sample: Sample[Letters, Pairs]) -> Part:
        """The sequence's counts."""
        if sample.reference is None:
            raise PluginError(f"case {sample.case.id} has no pairs to compare with")
        letters = sample.inputs.letters
        counts = count(self._counted(prediction, letters), self._counted(sample.reference, letters), self._slip)
        family = str(sample.case.attributes.get("family", sample.case.group))
        # Without probabilities, which would keep a matrix of every sequence in memory.
        plain = Pairs(prediction.pairs, prediction.length, prediction.multiplets)
        shown = Drawn(sample.case.id, letters, plain, sample.reference) if self._plain and self._average == "sequences" else None
        return Part(counts, self._of(counts, of_sequence(counts)), family, len(letters), shown)

    def total(self, parts: Sequence[Part]) -> Mapping[str, float]:
        """The figures by name, from 0 to 1 (Matthews' correlation from -1); NaN where one is not defined."""
        if self._average == "pooled":
            sums = Counts(*np.array([part.counts for part in parts]).sum(0).tolist())
            return dict(zip(self._names, self._of(sums, pooled(sums)), strict=True))
        own = np.array([part.own for part in parts], dtype=np.float64)
        if self._average == "sequences":
            return dict(zip(self._names, _mean(own), strict=True))
        return self._of_families(own, [part.family for part in parts])

    def draw(self, parts: Sequence[Part], options: Mapping[str, Any]) -> Figure | None:
        """Of exact pairs: of sequences, the layouts of the median and the worst one, known and predicted; pooled, F1 over their length; of
        families, F1 of each one's sequences."""
        f1 = [part.own[0] for part in parts]
        figures = self.total(parts)
        if not self._plain:
            return None
        if self._average == "pooled":
            return draw_lengths([part.length for part in parts], f1, figures[self._names[0]])
        if self._average == "families":
            by_family: dict[str, list[float]] = {}
            for part in parts:
                by_family.setdefault(part.family or _UNNAMED, []).append(part.own[0])
            return draw_families(by_family, figures[self._names[0]]) if len(by_family) <= _ROWS else None
        # The best first, so that the median is the one that a report names so.
        ranked = sorted((part for part in parts if part.shown is not None), key=lambda part: part.own[0], reverse=True)
        chosen = {len(ranked) // 2: "median", len(ranked) - 1: "worst"} if ranked else {}
        found = [_titled(ranked[place], f"{word} of {len(ranked)}") for place, word in chosen.items()]
        return draw_structures(found, largest=_INCHES) if found else None

    def _of_families(self, own: np.ndarray, families: Sequence[str]) -> dict[str, float]:
        member = np.array(families)
        means = {name: _mean(own[member == name]) for name in sorted(set(families))}
        unnamed = means.pop("", None)
        found = dict(zip(self._names, _mean(np.array([*means.values()]).reshape(-1, len(self._names))), strict=True))
        if len(means) <= self._most:
            found |= {f"{self._names[0]}-{name}": values[0] for name, values in means.items()}
        return found if unnamed is None else {**found, f"{self._names[0]}-{_UNNAMED}": unnamed[0]}

    def _counted(self, structure: Pairs, letters: str) -> Pairs:
        structure = structure if self._noncanonical else canonical(structure, letters)
        return structure if self._pseudoknots else nested(structure)

    def _of(self, counts: Counts, figures: tuple[float, float, float]) -> tuple[float, ...]:
        return figures if self._slip else (*figures, correlation(counts))


def _titled(part: Part, word: str) -> Drawn:
    assert part.shown is not None
    return part.shown._replace(title=f"{part.shown.title}, {part.length} nt: {word} by F1, {part.own[0]:.3f}")


def _mean(values: np.ndarray) -> list[float]:
    """The mean of each column of (N, F) over what is a number; NaN where nothing is."""
    known = np.isfinite(values)
    sums, numbers = np.where(known, values, 0).sum(0).tolist(), known.sum(0).tolist()
    return [total / number if number else math.nan for total, number in zip(sums, numbers, strict=True)]

"""Energies directed by chemical probing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medai.io import require_folder
from medai.tasks import Batch
from medai_rna.folding.probing import read_reactivities, shape_scores
from medai_rna.folding.problem import Folding
from medai_rna.models.scored import Decode
from medai_rna.models.turner import Turner


class ShapeDirected(Turner):
    """Published energies, and pseudo-energies of SHAPE for the bases of stacked pairs: slope ln(reactivity + 1) + intercept.

    Deigan, Li, Mathews and Weeks 2009, doi:10.1073/pnas.0806929106, eq. 1. Nothing is learnt.

    Args:
        reactivities: a folder with a file `ID.shape` for each sequence that was probed, of two columns: position from 1 and normalised
            reactivity, -999 where there is none. Sequences without a file have their energies alone, and how many is said. None: so have
            all.
        slope: kcal/mol.
        intercept: kcal/mol.
        energies: as of `rna/turner`.
        temperature: degrees Celsius.
        decode: as of `rna/turner`.
        gamma: of `mea`.

    Raises:
        DataError: the folder is not there; in `predict`, a file is bad.
    """

    def __init__(
        self,
        reactivities: Path | None = None,
        slope: float = 1.8,
        intercept: float = -0.6,
        energies: str = "turner-2004",
        temperature: float = 37.0,
        decode: Decode = "mfe",
        gamma: float = 1.0,
    ) -> None:
        super().__init__(energies, temperature, decode, gamma)
        self._folder = None if reactivities is None else require_folder(reactivities, "folder of reactivities").resolve()
        self._slope, self._intercept, self._temperature = slope, intercept, temperature
        self._asked, self._unprobed = set[str](), dict[str, None]()

    def notes(self) -> list[str]:
        """How many sequences were folded without reactivities."""
        if not self._unprobed:
            return []
        said = f"{len(self._unprobed)} of {len(self._asked)} sequences have no reactivities and are folded by their energies alone: "
        if self._folder is None:
            return [f"{said}model.reactivities names no folder"]
        return [f"{said}there is no {next(iter(self._unprobed))}.shape in {self._folder.name}, the first that is missing"]

    def foldings(self, batch: Batch[Any, Any]) -> list[Folding]:
        return [self._probed(case.id, folding) for case, folding in zip(batch.cases, super().foldings(batch), strict=True)]

    def _probed(self, id: str, folding: Folding) -> Folding:
        path = None if self._folder is None else self._folder / f"{id}.shape"
        self._asked.add(id)
        if path is None or path.parent != self._folder or not path.is_file():
            self._unprobed[id] = None
            return folding
        reactivities = read_reactivities(path, len(folding.letters))
        return Folding(folding.letters, folding.scores, shape_scores(reactivities, self._slope, self._intercept, self._temperature))

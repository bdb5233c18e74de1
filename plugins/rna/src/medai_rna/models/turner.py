"""Published energies, and nothing learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medai.errors import UsageError
from medai.tasks import Batch, Pairs
from medai_rna.energies import load
from medai_rna.energies.par import read_par
from medai_rna.folding.problem import Folding, each
from medai_rna.models.scored import Decode, decoded, ensure_choice


class Turner:
    """The structure of least free energy, or another choice among all structures by their energies; nothing is learnt.

    Args:
        energies: the parameters, by name, or a file of the format `.par` (the common format of version 2.0).
        temperature: degrees Celsius.
        decode: `mfe` is the structure of least free energy.
        gamma: of `mea`.
    """

    def __init__(self, energies: str = "turner-2004", temperature: float = 37.0, decode: Decode = "mfe", gamma: float = 1.0) -> None:
        if not -273.15 < temperature < 200:
            raise UsageError(f"temperature = {temperature}: degrees Celsius")
        ensure_choice(decode, gamma)
        self._scores = (read_par(Path(energies)) if energies.endswith(".par") else load(energies)).scores(temperature)
        self._decode, self._gamma = decode, gamma

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A structure for each sequence."""
        return each(lambda folding: decoded(folding, self._decode, self._gamma), self.foldings(batch))

    def foldings(self, batch: Batch[Any, Any]) -> list[Folding]:
        """The sequences with their scores."""
        return [Folding(item.letters, self._scores) for item in batch.inputs]

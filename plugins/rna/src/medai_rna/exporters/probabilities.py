"""Probabilities of pairs as tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from medai.errors import DataError, UsageError
from medai.io import write_csv
from medai.tasks import Pairs, Sample, Sequence
from medai_rna.exporters.structures import Names, Row
from medai_rna.probable import ProbablePairs, probabilities_of, whence

_COLUMNS = ("i", "j", "probability", "chosen")


class Probabilities:
    """The probability of each pair as `CASE.csv`: positions `i` and `j` from 1, `probability`, and whether the pair is in the structure
    that was chosen.

    A model gives probabilities where it decodes them (`decode` is `mea`, `centroid` or `probknot`), and with `medai predict` alone, because
    a run folder keeps structures. The pairs of a structure without probabilities are written with none.

    Args:
        least: less probable pairs are left out, unless they were chosen.
    """

    def __init__(self, least: float = 1e-3) -> None:
        if not 0 <= least <= 1:
            raise UsageError(f"least = {least}: a probability from 0 to 1 is wanted")
        self._least = least

    def check(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> None:
        """A structure.

        Raises:
            DataError: it is another thing.
        """
        if not isinstance(prediction, Pairs):
            raise DataError(f"case {sample.case.id}: a {type(prediction).__name__} is no structure")

    def write(self, rows: Iterable[Row], folder: Path) -> list[Path]:
        """Write every table; the files, in order.

        Raises:
            DataError: as `check`.
        """
        names, files, without, stored = Names(), [], 0, False
        for sample, prediction in rows:
            self.check(sample, prediction)
            matrix, chosen = probabilities_of(prediction), set(prediction.pairs)
            places = sorted({*zip(*(axis.tolist() for axis in np.nonzero(matrix >= max(self._least, 1e-12))), strict=True), *chosen})
            known = isinstance(prediction, ProbablePairs)
            without += not known
            stored |= sample.reference is not None
            lines = [(i + 1, j + 1, f"{matrix[i, j]:.6f}" if known else "", "yes" if (i, j) in chosen else "no") for i, j in places]
            files.append(folder / f"{names.of(sample.case.id)}.csv")
            write_csv(files[-1], _COLUMNS, [dict(zip(_COLUMNS, line, strict=True)) for line in lines])
        if without:
            warnings.warn(
                f"{without} of {len(files)} structures come without probabilities, and their tables have none: "
                + whence("rna/probabilities", stored=stored),
                stacklevel=2,
            )
        return files

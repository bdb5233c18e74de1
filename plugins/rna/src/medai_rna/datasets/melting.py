"""Melting data of duplexes: how stable two strands are that pair from end to end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Case, Row, Sample, Value
from medai_rna.energies.duplex import TERMS, Duplex, drawn, read_duplexes, terms_of, write_duplexes
from medai_rna.energies.published import load

ENERGY = "dG at 37 C (kcal/mol)"


class _Duplexes:
    """A case per duplex, its group the strands in either order, its attribute `sd` the standard deviation in kcal/mol.

    Samples hold a `Row` of how often each term of the nearest-neighbour model is in the duplex (`energies.duplex.TERMS`), and the energy.
    """

    def __init__(self, duplexes: Iterable[Duplex], path: Path | None) -> None:
        self._path = path
        self._duplexes = {f"{each.line:05d}": each for each in duplexes}

    def cases(self) -> Sequence[Case]:
        """A case per row, in the file's order."""
        return [_case(id, each) for id, each in self._duplexes.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Value]:
        """The terms and the energy.

        Raises:
            DataError: the row cannot be used.
        """
        duplex = self._duplexes[case.id]
        if duplex.fault:
            raise DataError(duplex.fault, self._path)
        row = Row(torch.from_numpy(terms_of(duplex.strands)).float(), TERMS)
        return Sample(case, row, Value(torch.tensor([duplex.energy]), (ENERGY,)))


class Melting(_Duplexes):
    """A CSV file of melting experiments, or a folder with one: columns `strand1`, `strand2` (5' to 3'), `dG37` and `sd` in kcal/mol.

    Args:
        root: the file.

    Raises:
        DataError: there is no file, or it lacks a column or rows.
    """

    def __init__(self, root: Path) -> None:
        path = Path(root)
        if path.is_dir():
            found = sorted(path.glob("*.csv"))
            if len(found) != 1:
                raise DataError(f"{len(found)} CSV files in it: name the one that is wanted", path)
            path = found[0]
        super().__init__(read_duplexes(path), path)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`melting.csv` with `n` duplexes drawn from Turner's values with noise of 0.1 kcal/mol."""
        write_duplexes(drawn(n, 0.1, np.random.default_rng(seed), load()), root / "melting.csv")


class DrawnMelting(_Duplexes):
    """Duplexes with energies by Turner's values and noise: no experiment, but what a fit can be tried on.

    Args:
        count: of duplexes.
        noise: standard deviation, kcal/mol.
        wobble: whether pairs G-U are among them.
        seed: of the draws.
    """

    def __init__(self, count: int = 120, noise: float = 0.1, wobble: bool = False, seed: int = 0) -> None:
        super().__init__(drawn(count, noise, np.random.default_rng(seed), load(), wobble), None)


def _case(id: str, duplex: Duplex) -> Case:
    if duplex.fault:
        return Case(id, id, None, {})
    return Case(id, " ".join(sorted(duplex.strands)), None, {"sd": duplex.deviation})

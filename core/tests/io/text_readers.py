"""Readers of tables and sequences as `damage.Victim` calls them: with one path, everything read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medai.io import open_rows, open_sequences


def rows(path: Path) -> None:
    """Every row of a table."""
    table = open_rows([path])
    for case in table.cases():
        values = table.read(case, np.random.default_rng(0)).inputs.values
        assert not values.isinf().any()


def sequences(path: Path) -> None:
    """Every sequence of a FASTA file."""
    found = open_sequences([path])
    for case in found.cases():
        assert found.read(case, np.random.default_rng(0)).inputs.letters.isalpha()

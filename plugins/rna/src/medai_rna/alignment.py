"""An alignment as a model's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from medai.errors import DataError
from medai.tasks import Sequence as Letters

BASES = "ACGU"
MISSING = len(BASES)
"""The code of a gap, and of a letter that is no base."""


@dataclass(frozen=True)
class Alignment(Letters):
    """Aligned sequences; where one sequence is wanted, the consensus: the most frequent base of each column, N where there is none.

    Attributes:
        letters: the consensus, a letter for each column.
        rows: names and aligned sequences of that length, `-` for a gap.
    """

    rows: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str]]) -> Self:
        """From its rows.

        Raises:
            DataError: there are none, or they differ in length.
        """
        widths = {len(row) for _, row in rows}
        if len(widths) != 1 or 0 in widths:
            raise DataError(
                f"rows of {sorted(widths)} columns: an alignment has rows of one length" if widths else "an alignment without rows"
            )
        codes = codes_of([row for _, row in rows])
        counts = np.stack([(codes == base).sum(axis=0) for base in range(MISSING)])
        letters = np.where(counts.sum(axis=0) > 0, np.array(list(BASES))[counts.argmax(axis=0)], "N")
        return cls("".join(letters), tuple((name, row) for name, row in rows))


def rows_of(inputs: Letters) -> list[str]:
    """The rows of an alignment; a single sequence is one."""
    return [row for _, row in inputs.rows] if isinstance(inputs, Alignment) and inputs.rows else [inputs.letters]


def codes_of(rows: Sequence[str]) -> np.ndarray:
    """Indices of `BASES`, `MISSING` for any other sign; T counts as U. int64 (rows, columns)."""
    table = np.full(256, MISSING, dtype=np.int64)
    for base, letter in enumerate(BASES):
        table[[ord(letter), ord(letter.lower())]] = base
    table[[ord("T"), ord("t")]] = BASES.index("U")
    return np.stack([table[np.frombuffer(row.encode("latin-1", "replace"), dtype=np.uint8)] for row in rows])

"""Sequences of letters, without structures, from FASTA files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io._texts import quoted, read_text
from medai.tasks._records import Case, Sample
from medai.tasks.inputs import Sequence as Letters


class Sequences:
    """Sequences as cases, named by the first word of their header lines."""

    def __init__(self, letters: dict[str, str]) -> None:
        self._letters = letters

    def cases(self) -> Sequence[Case]:
        """One per sequence, in the files' order; each is a group of its own."""
        return [Case(id, id) for id in self._letters]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Letters, None]:
        """The sequence, in capital letters, as the file spells it (T stays T)."""
        return Sample(case, Letters(self._letters[case.id]))


def open_sequences(paths: Sequence[Path]) -> Sequences:
    """The sequences of FASTA files (`>name` and lines of letters).

    Raises:
        DataError: a file is not there or not FASTA, a sequence is empty or holds something else than letters, or a name stands twice.
    """
    found: dict[str, str] = {}
    for path in paths:
        for id, letters in _records(path):
            if id in found:
                raise DataError(f"the name {quoted(id)} stands twice", path)
            if not (letters.isascii() and letters.isalpha()):
                raise DataError(f"the sequence {quoted(id)} is empty or holds something else than letters", path)
            found[id] = letters
    if not found:
        raise DataError("no sequences", paths[0] if paths else None)
    return Sequences(found)


def _records(path: Path) -> Iterator[tuple[str, str]]:
    name, parts = "", list[str]()
    for line in read_text(path).splitlines():
        if line.startswith(">"):
            if name:
                yield name, "".join(parts).upper()
            name, parts = next(iter(line[1:].split()), ""), []
            if not name:
                raise DataError("a header line without a name", path)
        elif line.strip() and not line.startswith(";"):
            if not name:
                raise DataError("not a FASTA file: the first line does not start with '>'", path)
            parts.append("".join(line.split()))
    if name:
        yield name, "".join(parts).upper()

"""Sequences of letters, without structures, from FASTA files or a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medai.errors import DataError
from medai.io._texts import quoted, read_text
from medai.tasks._records import Case, Sample
from medai.tasks.inputs import Sequence as Letters

STANDARD_INPUT = Path("standard input")
"""What stands for a file's name where a text is at fault."""


class _Record(NamedTuple):
    """A sequence in capital letters, or what is wrong with it."""

    name: str
    letters: str
    fault: str


class Sequences:
    """Sequences as cases, named by the first word of their header lines."""

    def __init__(self, records: dict[str, tuple[_Record, Path]]) -> None:
        self._records = records

    def cases(self) -> Sequence[Case]:
        """One per sequence, in the files' order; each is a group of its own."""
        return [Case(id, id) for id in self._records]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Letters, None]:
        """The sequence, in capital letters, as the file spells it (T stays T).

        Raises:
            DataError: it is empty, or holds something else than letters.
        """
        record, path = self._records[case.id]
        if record.fault:
            raise DataError(record.fault, path)
        return Sample(case, Letters(record.letters))


def open_sequences(paths: Sequence[Path], *, text: str | None = None) -> Sequences:
    """The sequences of FASTA files (`>name` and lines of letters), or of a text.

    Args:
        paths: the files.
        text: what was given on standard input, after the files: FASTA, or a sequence on each line, called `sequence-1` and on.

    Raises:
        DataError: a file is not there or not FASTA, no sequence can be used, or a name stands twice. Of several sequences, one that is
            empty or holds something else than letters is an error when it is read.
    """
    found: dict[str, tuple[_Record, Path]] = {}
    sources = [(path, read_text(path)) for path in paths] + ([(STANDARD_INPUT, text)] if text is not None else [])
    for path, content in sources:
        for record in _records(content, path, bare=path is STANDARD_INPUT):
            if record.name in found:
                raise DataError(f"the name {quoted(record.name)} stands twice", path)
            found[record.name] = record, path
    faults = [(record.fault, path) for record, path in found.values() if record.fault]
    if not found:
        raise DataError("no sequences", sources[0][0] if sources else None)
    if len(faults) == len(found):
        raise DataError(*faults[0])
    return Sequences(found)


def _records(text: str, path: Path, *, bare: bool) -> Iterator[_Record]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith(";")]
    if bare and lines and not lines[0][1].startswith(">"):
        for place, (number, line) in enumerate(lines, 1):
            if line.startswith(">"):
                raise DataError(f"line {number}: a header line after sequences without one", path)
            yield _record(f"sequence-{place}", [(number, line)])
        return
    name, parts = "", list[tuple[int, str]]()
    for number, line in lines:
        if line.startswith(">"):
            if name:
                yield _record(name, parts)
            name, parts = next(iter(line[1:].split()), ""), []
            if not name:
                raise DataError(f"line {number}: a header line without a name", path)
        elif not name:
            raise DataError("not a FASTA file: the first line does not start with '>'", path)
        else:
            parts.append((number, line))
    if name:
        yield _record(name, parts)


def _record(name: str, lines: Sequence[tuple[int, str]]) -> _Record:
    for number, line in lines:
        for column, letter in enumerate(line, 1):
            if not (letter.isspace() or (letter.isascii() and letter.isalpha())):
                return _Record(name, "", f"line {number}, column {column}: {letter!r} in the sequence {quoted(name)} is no letter")
    letters = "".join("".join(line.split()) for _, line in lines).upper()
    return _Record(name, letters, "" if letters else f"the sequence {quoted(name)} is empty")

"""The sequences of files of any format, without their structures: what `medai predict` answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.tasks import Case, Sample
from medai.tasks import Sequence as Letters
from medai_rna.datasets.walk import files_in
from medai_rna.formats.files import SUFFIXES, read_records
from medai_rna.formats.lines import stem_of
from medai_rna.formats.record import Record, Spelling


class Unlabelled:
    """Sequences of FASTA, dot-bracket, CT, BPSEQ, Stockholm, bpRNA, JSON and CSV files, or of folders of them, by their names; of a name
    that stands in two files, by the file too.

    Args:
        paths: files, by their names or their content, and folders, of which files of known names are read.

    Raises:
        DataError: a file cannot be read, or there is no sequence. One sequence of several that cannot be used is an error when it is read.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._records: dict[str, tuple[Record, Path]] = {}
        spelling = Spelling()
        for path in (file for given in paths for file in files_in(Path(given), SUFFIXES)):
            for record in read_records(path, spelling):
                self._records[self._name(record, path)] = record, path
        spelling.tell("the input")
        if not self._records:
            raise DataError("no sequences", paths[0] if paths else None)

    def cases(self) -> Sequence[Case]:
        """One per sequence, in the files' order; each is a group of its own."""
        return [Case(id, id) for id in self._records]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Letters, None]:
        """The sequence: capital letters, U not T, without gaps.

        Raises:
            DataError: it cannot be used.
        """
        record, path = self._records[case.id]
        if record.fault:
            raise DataError(record.fault, path)
        return Sample(case, Letters(record.letters))

    def _name(self, record: Record, path: Path) -> str:
        names: Iterator[str] = iter([record.name, f"{stem_of(path)} {record.name}"])
        name = next((name for name in names if name not in self._records), None)
        if name is None:
            raise DataError(f"the name {record.name!r} stands twice", path)
        return name

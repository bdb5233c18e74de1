"""The sequences of files of any format, without their structures: what `medai predict` answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.tasks import Case, Sample
from medai.tasks import Sequence as Letters
from medai_rna.datasets.walk import files_in, own_names
from medai_rna.formats.files import SUFFIXES, read_records
from medai_rna.formats.lines import stem_of
from medai_rna.formats.record import Record, Spelling


class Unlabelled:
    """Sequences of FASTA, dot-bracket, CT, BPSEQ, Stockholm, bpRNA, JSON and CSV files, or of folders of them, by their names; of a name
    that stands in two files, by the file too.

    Args:
        paths: files, by their names or their content, and folders, of which files of known names are read.

    Raises:
        DataError: a path is not there, or no sequence can be used. One of several sequences or files that cannot be used is an error when
            it is read.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        spelling = Spelling()
        files = [file for given in paths for file in files_in(Path(given), SUFFIXES)]
        records = [(record, path) for path in files for record in _records_of(path, spelling)]
        self._records: dict[str, tuple[Record, Path]] = dict(zip(own_names(records), records, strict=True))
        spelling.tell("the input")
        faults = [(record.fault, path) for record, path in self._records.values() if record.fault]
        if not self._records:
            raise DataError("no sequences", paths[0] if paths else None)
        if len(faults) == len(self._records):
            raise DataError(*faults[0])

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


def _records_of(path: Path, spelling: Spelling) -> list[Record]:
    try:
        return read_records(path, spelling)
    except DataError as error:
        return [Record(stem_of(path), "", fault=error.reason)]

"""Sequences that are typed or piped: one on each line, or a file of any format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from medai.errors import DataError
from medai_rna.datasets.unlabelled import Unlabelled
from medai_rna.datasets.walk import own_names
from medai_rna.formats.files import read_records
from medai_rna.formats.lines import Line, Strip
from medai_rna.formats.record import Flaw, Record, Spelling, record_of
from medai_rna.formats.table import is_header

SOURCE = "standard input"
_NO_SEQUENCE = frozenset("()[]{}<>#")
"""What stands in structures and in headers of formats, never in a sequence."""


class Typed(Unlabelled):
    """What stands on standard input: a sequence on each line, called `sequence-1` and on; or the content of a FASTA, dot-bracket, CT,
    BPSEQ, Stockholm, bpRNA, JSON or CSV file, whose structures are not looked at.

    Args:
        text: all of it.

    Raises:
        DataError: there is no sequence, or none can be used. One of several that cannot be used is an error when it is read.
    """

    def __init__(self, text: str) -> None:
        spelling, path = Spelling(), Path(SOURCE)
        lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith(";")]
        if not lines:
            raise DataError("no sequences", path)
        bare = all(_is_bare(line) for _, line in lines) and not is_header(lines[0][1])
        found = list(_bare(lines, spelling)) if bare else _of_file(text, spelling)
        if all(record.fault for record in found):
            raise DataError(found[0].fault, path)
        records = [(record, path) for record in found]
        self._records = dict(zip(own_names(records), records, strict=True))
        spelling.tell(SOURCE)


def _is_bare(line: str) -> bool:
    words = line.split()
    return not _NO_SEQUENCE & set(line) and any(map(str.isalpha, line)) and (len(words) == 1 or all(map(str.isalpha, words)))


def _bare(lines: list[tuple[int, str]], spelling: Spelling) -> Iterator[Record]:
    for count, (number, line) in enumerate(lines, 1):
        strip = Strip([Line(number, line)])
        try:
            yield record_of(f"sequence-{count}", strip.text, None, strip.place, spelling, line=number, source=SOURCE)
        except Flaw as flaw:
            yield Record(f"sequence-{count}", "", line=number, fault=str(flaw))


def _of_file(text: str, spelling: Spelling) -> list[Record]:
    """As a file with this text and no suffix is read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / SOURCE
        path.write_text(text, encoding="utf-8")
        try:
            return read_records(path, spelling)
        except DataError as error:
            raise DataError(error.reason, SOURCE) from error

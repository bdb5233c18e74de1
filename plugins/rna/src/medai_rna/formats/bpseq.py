"""BPSEQ: a line per base with its position, its letter and its partner or 0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medai.io import write_text
from medai_rna.formats.lines import Line, collected, lines_of, stem_of
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.partners import partners_of, record_of_rows, row_of
from medai_rna.formats.record import Flaw, Record, Spelling

_NAME = re.compile(r"#\s*name:\s*(\S.*)", re.IGNORECASE)


def read_bpseq(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The structures of a BPSEQ file, several where positions begin anew; lines that do not begin with a number are comments, of which
    `# name: NAME` names what follows; else the file's name does.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or no structure in it can be used. One that cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own), spelling)


def write_bpseq(records: Iterable[Record], path: Path, lossy: Lossy = "error") -> None:
    """Write structures, each below its name; one without a structure is written unpaired.

    Args:
        records: what to write.
        path: the file.
        lossy: what becomes of a base with several partners, which this format cannot hold: as `one_partner_each`.

    Raises:
        DataError: a base has several partners, and `lossy` calls that an error.
    """
    write_text(Path(path), "\n".join(_written(record) for record in one_partner_each(records, lossy, "BPSEQ")))


def _written(record: Record) -> str:
    rows = enumerate(zip(record.letters, partners_of(record), strict=True), 1)
    lines = [f"{position} {letter} {partner}" for position, (letter, partner) in rows]
    return "\n".join([f"# name: {record.name}", *lines]) + "\n"


def _records(path: Path, spelling: Spelling) -> Iterator[Record]:
    stem = stem_of(path)
    for count, (name, lines) in enumerate(_blocks(lines_of(path)), 1):
        yield _record(name or (stem if count == 1 else f"{stem}-{count}"), lines, spelling, path.name)


def _blocks(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    name, block = "", list[Line]()
    for line in lines:
        words = line.text.split()
        first = words[0] if words else ""
        if first == "1" and block and block[-1].text.split()[0] != "1":
            yield name, block
            name, block = "", []
        if first[:1].isdigit() or (block and first.startswith("-")):
            block.append(line)
        elif match := _NAME.match(line.text):
            if block:
                yield name, block
                block = []
            name = match[1].strip()
    if block:
        yield name, block


def _record(name: str, lines: Sequence[Line], spelling: Spelling, source: str) -> Record:
    start = lines[0].number
    try:
        return record_of_rows(name, [row_of(line, 2, 3, 3) for line in lines], spelling, line=start, source=source)
    except Flaw as flaw:
        return Record(name, "", line=start, fault=str(flaw))

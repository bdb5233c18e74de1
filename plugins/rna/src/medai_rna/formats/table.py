"""CSV files with a sequence and its structure in each row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from medai.errors import DataError
from medai.io import read_text
from medai_rna.formats.notation import pairs_of
from medai_rna.formats.record import Flaw, Place, Record, Spelling, record_of, usable

_WANTED = ("id", "sequence")


def read_csv(path: Path, spelling: Spelling | None = None, *, family: str = "family") -> list[Record]:
    """The rows of a CSV file with a header line, and the columns `id`, `sequence` and, where it has them, `family` and `structure`, which
    is dot-bracket notation with all its layers; others are passed over.

    Args:
        path: the file; the separator is a comma, a semicolon or a tab.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.
        family: the column of the families.

    Raises:
        DataError: it cannot be read or lacks a column, or no row can be used. A row that cannot be used is a record with a fault.
    """
    own = spelling or Spelling()
    found = usable(_records(Path(path), own, family), Path(path), own)
    if spelling is None:
        own.tell(Path(path).name)
    return found


def is_header(line: str) -> bool:
    """Whether a text that begins with this line is such a file."""
    return set(_WANTED) <= {name.strip().strip('"') for name in line.split(_separator(line))}


def columns_of(path: Path, wanted: Iterable[str]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header line, cells by the names of their columns.

    Raises:
        DataError: it cannot be read, lacks a column that is wanted, or a row has more or fewer columns than the header.
    """
    found = []
    for line, names, cells in _rows(path, wanted):
        if len(cells) != len(names):
            raise DataError(f"line {line}: {len(cells)} columns, the header has {len(names)}", path)
        found.append(dict(zip(names, (cell.strip() for cell in cells), strict=True)))
    return found


def _rows(path: Path, wanted: Iterable[str]) -> Iterator[tuple[int, list[str], list[str]]]:
    """Each row's line, the names of the columns, and its cells, of which there may be more or fewer."""
    lines = read_text(path).splitlines()
    header = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=_separator(header), strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        for name in wanted:
            if name not in names:
                raise DataError(f"line 1: no column {name!r}; the columns are {', '.join(names) or 'none'}", path)
        if len(set(names)) < len(names):
            raise DataError("line 1: two columns have one name", path)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, names, cells
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: not CSV: {error}", path) from error


def _separator(header: str) -> str:
    return next((sign for sign in ",;\t" if sign in header), ",")


def _records(path: Path, spelling: Spelling, family: str) -> Iterator[Record]:
    for line, names, cells in _rows(path, _WANTED):
        yield _record(names, cells, line, spelling, family, path.name)


def _record(names: list[str], cells: list[str], line: int, spelling: Spelling, family: str, source: str) -> Record:
    row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
    name = row.get("id") or f"line {line}"
    try:
        if len(cells) != len(names):
            raise Flaw(f"line {line}: {len(cells)} columns, the header has {len(names)}")
        if not row["id"]:
            raise Flaw(f"line {line}, column 'id': it is empty")
        pairs = _pairs(row, line)
        return record_of(
            name, row["sequence"], pairs, _place(line, "sequence"), spelling, line=line, family=row.get(family, ""), source=source
        )
    except Flaw as flaw:
        return Record(name, "", family=row.get(family, ""), line=line, fault=str(flaw))


def _pairs(row: Mapping[str, str], line: int) -> list[tuple[int, int]] | None:
    structure = row.get("structure", "")
    if not structure:
        return None
    if len(structure) != len(row["sequence"]):
        raise Flaw(f"line {line}, column 'structure': {len(structure)} signs for a sequence of {len(row['sequence'])} letters")
    return pairs_of(structure, _place(line, "structure"))


def _place(line: int, column: str) -> Place:
    return lambda index: f"line {line}, column {column!r}, sign {index + 1}"

"""Tables of xlsx files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from medai.errors import DataError, MedaiError

_LARGEST = 8 << 20
"""Bytes; the table of a data set has thousands of rows, not millions."""
_MOST = 100_000
Row = Mapping[str, str]


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """The rows of the first sheet with their line, as text by column, from the header on; rows without anything are passed over.

    Raises:
        DataError: it cannot be read, is absurdly large, or has no header with these columns.
    """
    if path.stat().st_size > _LARGEST:
        raise DataError(f"a table of {path.stat().st_size:,} bytes, where at most {_LARGEST:,} are read", path)
    try:
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True, data_only=True)
            lines = [tuple(map(_text, line)) for line, _ in zip(book.worksheets[0].iter_rows(values_only=True), range(_MOST), strict=False)]
    except MedaiError:
        raise
    except Exception as error:  # of zip files and XML, whatever their readers raise
        raise DataError(f"cannot be read as a table: {type(error).__name__}", path) from error
    wanted = [name.lower() for name in columns]
    header = next((number for number, line in enumerate(lines) if set(wanted) <= {cell.lower() for cell in line}), None)
    if header is None:
        there = next((", ".join(filter(None, line)) for line in lines if any(line)), "none")
        raise DataError(f"the columns {' and '.join(columns)} are wanted; the first row has {there[:200]}", path)
    places = [[cell.lower() for cell in lines[header]].index(name) for name in wanted]
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        if any(line):
            yield number, {name: line[place] if place < len(line) else "" for name, place in zip(columns, places, strict=True)}


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()

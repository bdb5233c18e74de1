"""Small text files: tables, and JSON beside images."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from medai.errors import DataError
from medai.io import read_text


def json_of(path: Path) -> object:
    """A JSON file's content.

    Raises:
        DataError: it cannot be read, or is not JSON.
    """
    try:
        held: object = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error or 'nested too deeply'}", path) from error
    return held


def rows_of(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a CSV file with a header line, each with the number of its line; cells without blanks around them.

    The separator is a comma, or a semicolon or a tab where the header has that and no comma.

    Raises:
        DataError: it cannot be read, has no header, a column twice, or a row of another length.
    """
    lines = read_text(path).splitlines()
    header = lines[0] if lines else ""
    separator = next((sign for sign in ",;\t" if sign in header), ",")
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if not any(names):
            raise DataError("no header line", path)
        if len(set(names)) < len(names):
            raise DataError("two columns have one name", path)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise DataError(f"line {reader.line_num}: {len(cells)} cells, the header has {len(names)}", path)
            yield reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise DataError(f"not CSV: {error}", path) from error


def require_columns(wanted: Iterable[str], there: Iterable[str], path: Path) -> None:
    """Refuse a table that lacks a column, and name those that it has.

    Raises:
        DataError: a column is not there.
    """
    names = list(there)
    for name in wanted:
        if name not in names:
            raise DataError(f"no column {name!r}: the columns are {', '.join(names)}", path)

"""Tables that say what the images of a folder are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from medai.errors import DataError
from medai.io import read_text


def read_listing(path: Path, columns: Sequence[str]) -> list[Mapping[str, str]]:
    """The rows of a CSV file with a header line, without spaces around their values.

    Raises:
        DataError: it is not there, is no table, lacks one of `columns`, has a row with more or fewer values, or no row.
    """
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        lacking = [column for column in columns if column not in (reader.fieldnames or ())]
        if lacking:
            raise DataError(f"has no column {', '.join(lacking)}; {', '.join(columns)} are wanted", path)
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f"not a table: {error}", path) from error
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise DataError(f"line {number} has not as many values as the header", path)
    if not rows:
        raise DataError("has no row", path)
    return [{name: value.strip() for name, value in row.items()} for row in rows]


def file_of(home: Path, name: str, listing: Path) -> Path:
    """A file that a listing names by its path beneath `home`; it need not be there.

    Raises:
        DataError: the name leads out of the folder.
    """
    path = home / name
    if not name or Path(name).is_absolute() or ".." in Path(name.replace("\\", "/")).parts:
        raise DataError(f"{name!r} is no path of a file beneath {home.name}", listing)
    return path

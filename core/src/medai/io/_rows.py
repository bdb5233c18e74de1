"""Rows of a table, without labels, from CSV files."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.io._texts import quoted, read_text
from medai.tasks._records import Case, Sample
from medai.tasks.inputs import Row

_NOT_VALUES = frozenset({"id", "group", "label"})
_LARGEST = torch.finfo(torch.float32).max
_MISSING = frozenset({"", "na", "nan"})


class Rows:
    """Rows as cases; the columns `id`, `group` and `label` are no values, a row without `id` is named after its file and number."""

    def __init__(self, rows: Mapping[str, tuple[Case, Row]]) -> None:
        self._rows = dict(rows)

    def cases(self) -> Sequence[Case]:
        """One per row, in the files' order."""
        return [case for case, _ in self._rows.values()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, None]:
        """The row."""
        return Sample(case, self._rows[case.id][1])


def open_rows(paths: Sequence[Path]) -> Rows:
    """The rows of CSV files with a header line; every column but `id`, `group` and `label` is a number, or empty where missing.

    Raises:
        DataError: a file is not there, is empty, has no numeric columns or a value that is no number, or an id stands twice.
    """
    found: dict[str, tuple[Case, Row]] = {}
    for path in paths:
        for case, row in _rows(path):
            if case.id in found:
                raise DataError(f"the id {quoted(case.id)} stands twice", path)
            found[case.id] = (case, row)
    if not found:
        raise DataError("no rows", paths[0] if paths else None)
    return Rows(found)


def _rows(path: Path) -> Iterator[tuple[Case, Row]]:
    # Lines are ended by the csv module, which knows those inside quotes.
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    try:
        yield from _cells(reader, path)
    except csv.Error as error:
        raise DataError(f"not a table: {error}", path) from error


def _cells(reader: csv.DictReader[str], path: Path) -> Iterator[tuple[Case, Row]]:
    names = tuple(name for name in reader.fieldnames or () if name not in _NOT_VALUES)
    if not names:
        raise DataError("not a table: a header line with at least one column of numbers is wanted", path)
    if len(set(names)) < len(names):
        raise DataError("two columns have one name", path)
    for number, cells in enumerate(reader, start=1):
        if None in cells or None in cells.values():
            raise DataError(f"row {number} has more or fewer cells than the header", path)
        values = torch.tensor([_number(cells[name], f"row {number}, column {quoted(name)}", path) for name in names], dtype=torch.float32)
        id = cells.get("id") or f"{path.stem}-{number}"
        yield Case(id, cells.get("group") or id), Row(values, names)


def _number(text: str, where: str, path: Path) -> float:
    if text.strip().lower() in _MISSING:
        return math.nan
    try:
        # Python alone takes 1_0 for 10.
        value = math.inf if "_" in text else float(text)
    except ValueError:
        value = math.inf
    if not abs(value) <= _LARGEST:
        raise DataError(f"{where}: {quoted(text)} is not a number, or too large a one", path)
    return value

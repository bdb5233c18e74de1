"""Tables: a CSV file with a row per case, and the tables that scikit-learn brings along."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai.tasks import Case, Dataset, Label, Row, Sample, Value
from medai_standard.datasets.classes import warn_of_rare
from medai_standard.datasets.texts import require_columns, rows_of

_GROUP, _ID = "group", "id"
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})


class _Table:
    """The rows of a CSV file: which columns are features, and what stands in them."""

    def __init__(
        self,
        root: Path,
        targets: Sequence[str],
        columns: Sequence[str],
        drop: Sequence[str],
        group: str,
        id: str,
        labelled: bool = True,
    ) -> None:
        self.path = _file(Path(root))
        self._lines = list(rows_of(self.path))
        if not self._lines:
            raise DataError("not a table: a header line and at least one row are wanted", self.path)
        self._names = list(self._lines[0][1])
        # The usual names stand for themselves where there are such columns; of an unlabelled table, so does every name.
        group = group if group in self._names or (labelled and group != _GROUP) else ""
        id = id if id in self._names or (labelled and id != _ID) else ""
        aside = {*targets, *drop, *(name for name in (group, id) if name)}
        require_columns([*columns, *(aside if labelled else ())], self._names, self.path)
        self.features = tuple(columns) or tuple(name for name in self._names if name not in aside)
        if not self.features:
            raise DataError("no column is left for the features", self.path)
        self._check_numeric()
        named = self._column(id) if id else [f"{self.path.stem}-{number}" for number in range(1, len(self._lines) + 1)]
        groups = self._column(group) if group else named
        doubled = len(named) - len(set(named))
        if doubled:
            raise DataError(f"{doubled} rows share the {id!r} of another: id names the column that tells rows apart", self.path)
        # Numbered names say nothing of a patient; what a table calls a patient may.
        self._cases = [
            Case(pseudonym(name, "r") if id else name, pseudonym(owner) if group or id else owner)
            for name, owner in zip(named, groups, strict=True)
        ]
        self._rows = {case.id: number for number, case in enumerate(self._cases)}

    def cases(self) -> Sequence[Case]:
        """One per row, in the file's order."""
        return self._cases

    def row(self, case: Case) -> Row:
        """The features of a case; missing values are NaN."""
        number = self._rows[case.id]
        return Row(torch.tensor([self.number(number, name) for name in self.features], dtype=torch.float32), self.features)

    def text(self, case: Case, column: str) -> str:
        """A cell."""
        return self._lines[self._rows[case.id]][1][column]

    def texts(self, column: str) -> list[str]:
        """The different texts of a column, sorted as numbers where all are numbers."""
        found = {text for text in self._column(column) if text.lower() not in _MISSING}
        try:
            return sorted(found, key=float)
        except ValueError:
            return sorted(found)

    def number_of(self, case: Case, column: str) -> float:
        """A cell as a number; NaN where it is missing."""
        return self.number(self._rows[case.id], column)

    def number(self, row: int, column: str) -> float:
        """The number in a row and column.

        Raises:
            DataError: it is not a number.
        """
        line, cells = self._lines[row]
        text = cells[column]
        if text.lower() in _MISSING:
            return math.nan
        try:
            value = float(text)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise DataError(f"line {line}, column {column!r}: {text!r} is not a number", self.path)
        return value

    def _column(self, name: str) -> list[str]:
        return [cells[name] for _, cells in self._lines]

    def _check_numeric(self) -> None:
        """Columns of words are found at once, not row by row."""
        words = [name for name in self.features if all(not _is_number(text) for text in self._column(name) if text.lower() not in _MISSING)]
        if words:
            raise DataError(
                f"no numbers in the columns {', '.join(map(repr, words))}: name them in drop, or the features in columns", self.path
            )


class _Unlabelled:
    """The rows of tables without what is asked for: what `medai predict` answers."""

    def __init__(self, tables: Sequence[_Table]) -> None:
        self._tables = {case.id: (table, case) for table in tables for case in table.cases()}
        if len(self._tables) < sum(len(table.cases()) for table in tables):
            raise DataError("two rows have one id", tables[-1].path)

    def cases(self) -> Sequence[Case]:
        return [case for _, case in self._tables.values()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, None]:
        return Sample(case, self._tables[case.id][0].row(case))


class LabelledTable:
    """A CSV file with a header line, a row per case and a column with the class.

    Args:
        root: the file, or a folder with one CSV file in it.
        label: the column with the class; a row without one has no reference and is left out.
        classes: the classes' names in the order of their indices; empty: all that occur, numbers in order of size, words of the alphabet.
        columns: the features; empty: every column but `label`, `group`, `id` and those in `drop`.
        drop: columns to leave out.
        group: the column of what must stay together in a split (the patient), `group` if there is one; without, a row is a group of its
            own.
        id: the column that names the rows, `id` if there is one; without, they are numbered.

    Raises:
        DataError: the file or a column is not there, a row is too short or too long, a feature is no number, a class is unknown.
    """

    def __init__(
        self,
        root: Path,
        label: str = "label",
        classes: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        drop: tuple[str, ...] = (),
        group: str = _GROUP,
        id: str = _ID,
    ) -> None:
        self._table, self._label = _Table(root, [label], columns, drop, group, id), label
        self.classes = classes or tuple(self._table.texts(label))
        if len(self.classes) < 2:
            raise DataError(f"the column {label!r} has fewer than two classes", self._table.path)
        self._cases = [case for case in self._table.cases() if self._table.text(case, label).lower() not in _MISSING]
        if not classes:
            warn_of_rare((self._table.text(case, label) for case in self._cases), self._table.path)

    @property
    def facts(self) -> dict[str, object]:
        """The classes: how many, their names, and their order, to which other tables of the run are held."""
        names = list(self.classes)
        return {"folder.classes": names, "model.classes": len(names), "protocol.options.classes": names}

    def cases(self) -> Sequence[Case]:
        """The rows that have a class."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Label]:
        """Features float32 (F,) and the class.

        Raises:
            DataError: the class is none of `classes`, or a feature is no number.
        """
        text = self._table.text(case, self._label)
        if text not in self.classes:
            raise DataError(f"case {case.id}: the class {text!r} is none of {', '.join(self.classes)}", self._table.path)
        return Sample(case, self._table.row(case), Label(self.classes.index(text)))

    @staticmethod
    def unlabelled(
        paths: Sequence[Path],
        columns: tuple[str, ...] = (),
        drop: tuple[str, ...] = (),
        group: str = _GROUP,
        id: str = _ID,
        label: str = "label",
        classes: tuple[str, ...] = (),
    ) -> Dataset[Row, None]:
        """The rows of tables of the same kind, whose classes need not be given."""
        return _Unlabelled([_Table(path, [label], columns, drop, group, id, labelled=False) for path in paths])

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`table.csv` with six rows or more per case asked for, two features of which one tells the classes apart, a gap here and there."""
        rng = np.random.default_rng(seed)
        # Many rows, so that every part of a split has both classes.
        lines = ["id,first,second,label"]
        for number in range(6 * n):
            label = number % 2
            second = "" if number % 7 == 3 else f"{rng.normal():.4f}"
            lines.append(f"p{number},{rng.normal(2.0 * label, 0.7):.4f},{second},{'sick' if label else 'healthy'}")
        (root / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


class TableOfValues:
    """A CSV file with a header line, a row per case and one or more columns with the values to predict.

    Args:
        root: the file, or a folder with one CSV file in it.
        values: the columns to predict; a row in which one is missing is left out.
        columns, drop, group, id: as for `standard/table`.

    Raises:
        DataError: as for `standard/table`.
    """

    def __init__(
        self,
        root: Path,
        values: tuple[str, ...] = ("value",),
        columns: tuple[str, ...] = (),
        drop: tuple[str, ...] = (),
        group: str = _GROUP,
        id: str = _ID,
    ) -> None:
        if not values:
            raise UsageError("values: at least one column to predict is wanted")
        self._table, self._values = _Table(root, values, columns, drop, group, id), values
        self._cases = [case for case in self._table.cases() if all(self._table.text(case, name).lower() not in _MISSING for name in values)]

    def cases(self) -> Sequence[Case]:
        """The rows that have all values."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Value]:
        """Features float32 (F,) and values float32 (k,).

        Raises:
            DataError: a feature or a value is no number.
        """
        values = torch.tensor([self._table.number_of(case, name) for name in self._values], dtype=torch.float32)
        return Sample(case, self._table.row(case), Value(values, self._values))

    @staticmethod
    def unlabelled(
        paths: Sequence[Path],
        columns: tuple[str, ...] = (),
        drop: tuple[str, ...] = (),
        group: str = _GROUP,
        id: str = _ID,
        values: tuple[str, ...] = ("value",),
    ) -> Dataset[Row, None]:
        """The rows of tables of the same kind, whose values need not be given."""
        return _Unlabelled([_Table(path, values, columns, drop, group, id, labelled=False) for path in paths])

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`table.csv` with six rows per case asked for, two features and a value that depends on them."""
        rng = np.random.default_rng(seed)
        lines = ["id,first,second,value"]
        for number in range(6 * n):
            first, second = rng.normal(size=2)
            lines.append(f"p{number},{first:.4f},{second:.4f},{2 * first - second + rng.normal(0, 0.1):.4f}")
        (root / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


class BundledTable:
    """A real table that scikit-learn brings along: the embedded data of the tables' recipes.

    Args:
        name: `breast-cancer` (569 cells' nuclei, 30 features, malignant 0 or benign 1; Wisconsin, doi:10.24432/C5DW2B, CC BY 4.0),
            `wine` (178 wines, 13 features, 3 cultivars; doi:10.24432/C5PC7J, CC BY 4.0) or `diabetes` (442 patients, 10 features,
            progression after a year; Efron et al. 2004, doi:10.1214/009053604000000067), which is a value, not a class.
    """

    def __init__(self, name: Literal["breast-cancer", "wine", "diabetes"] = "breast-cancer") -> None:
        from sklearn import datasets

        load = {"breast-cancer": datasets.load_breast_cancer, "wine": datasets.load_wine, "diabetes": datasets.load_diabetes}[name]
        held: Any = load()
        self._values = torch.from_numpy(np.asarray(held.data, dtype=np.float32))
        self._target = np.asarray(held.target)
        self._names = tuple(str(feature) for feature in held.feature_names)
        self._is_value = name == "diabetes"
        self._cases = [Case(f"{name}-{number:03d}", f"{name}-{number:03d}") for number in range(len(self._values))]
        self._places: Mapping[str, int] = {case.id: number for number, case in enumerate(self._cases)}

    def cases(self) -> Sequence[Case]:
        """One per row; each is a group of its own."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Row, Label | Value]:
        """Features float32 (F,) and the class, or the value."""
        place = self._places[case.id]
        answer = self._target[place]
        reference = Value(torch.tensor([float(answer)]), ("progression",)) if self._is_value else Label(int(answer))
        return Sample(case, Row(self._values[place], self._names), reference)


def _file(root: Path) -> Path:
    if not root.exists():
        raise DataError("there is no such file or folder", root)
    if not root.is_dir():
        return root
    found = sorted(path for path in root.iterdir() if path.suffix.lower() == ".csv")
    if len(found) != 1:
        raise DataError(f"{len(found)} CSV files in it, one is wanted: name the file itself", root)
    return found[0]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

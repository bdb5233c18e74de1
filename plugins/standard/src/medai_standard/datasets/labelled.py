"""A folder of images with a class or numbers for each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.io import pseudonym, read_image, require_folder
from medai.tasks import Case, Image, Label, Sample, Value
from medai_standard.datasets.classes import warn_of_rare
from medai_standard.datasets.files import SPLITS as _SPLITS
from medai_standard.datasets.files import Entry, case_of, cases_of, entries_under, entry_of, images_in, split_named
from medai_standard.datasets.stub import write_labelled, write_measured
from medai_standard.datasets.texts import require_columns, rows_of

TABLE = "labels.csv"
_KEPT = frozenset({"file", "group", "patient", "split", "label"})
Row = Mapping[str, str]


class LabelledImages:
    """Images with a class each, in one of two layouts.

    - `images/` and `labels.csv` with the columns `file` (a path beneath `images/`), `label` (a name or a number), and where known
      `group` or `patient`, and `split` (`train`, `valid`, `test`).
    - A folder per class: `benign/*.png`, `malignant/*.png`, or the same beneath `train/`, `valid/`, `test/`; a folder within a class's
      is a patient.

    An image that neither table, folder (`images/p1/...`) nor DICOM header names as a patient's is a group of its own: where a patient
    has several images, say so, or they leak from training into the test.

    Args:
        root: the folder.
        classes: the classes in their order, index 0 first; empty: all labels found, numbers by size, names by the alphabet.

    Raises:
        DataError: the folder or the table is wrong: a column is missing, a file stands twice, a label is not among `classes`; or no case
            can be used.
    """

    def __init__(self, root: Path, classes: tuple[str, ...] = ()) -> None:
        self.root = Path(root)
        table = self.root / TABLE
        found = list(_from_table(self.root)) if table.exists() else list(_from_folders(self.root))
        labels = {entry.name: label for entry, label in found}
        self._entries = cases_of(entry for entry, _ in found)
        self._labels = {id: labels[entry.name] for id, entry in self._entries.items() if not entry.fault}
        self.classes = _checked(classes, list(self._labels.values()), table if table.exists() else self.root)

    @property
    def facts(self) -> Mapping[str, object]:
        """The classes: how many, their names, and their order, which other data are then held to."""
        names = list(self.classes)
        return {"folder.classes": names, "model.classes": len(names), "protocol.options.classes": names}

    def cases(self) -> Sequence[Case]:
        """A case per image, in order of name, with its class among the attributes."""
        return [case_of(id, entry, {} if entry.fault else {"class": self._labels[id]}) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Label]:
        """The image and its class.

        Raises:
            DataError: the image is not there, cannot be read or has no label.
        """
        image = read_image(self._entries[case.id].require())
        return Sample(case, image, Label(self.classes.index(self._labels[case.id])))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files of two classes, two of each patient, and `labels.csv`."""
        write_labelled(root, n, seed)


class MeasuredImages:
    """Images with one number or several each: `images/` and `labels.csv` with the columns `file` (a path beneath `images/`), the
    numbers, and where known `group` or `patient`, and `split`.

    Args:
        root: the folder.
        columns: the columns of numbers; empty: every column but `file`, `group`, `patient`, `split` and `label`.

    Raises:
        DataError: the folder or the table is wrong: a column is missing, a file stands twice; or no case can be used.
    """

    def __init__(self, root: Path, columns: tuple[str, ...] = ()) -> None:
        self.root = Path(root)
        rows = list(_rows(self.root))
        present = next(list(row) for _, row, _ in rows if row)
        self.columns = columns or tuple(name for name in present if name not in _KEPT)
        require_columns(self.columns, present, self.root / TABLE)
        if not self.columns:
            raise DataError(f"no column of numbers: the columns are {', '.join(present)}", self.root / TABLE)
        values: dict[str, list[float]] = {}
        entries = []
        for line, row, entry in rows:
            values[entry.name] = [_number(row.get(name, "")) for name in self.columns]
            wrong = [name for name, value in zip(self.columns, values[entry.name], strict=True) if not math.isfinite(value)]
            cell = f"{TABLE}, line {line}, column {wrong[0]!r}: {row.get(wrong[0])!r} is not a finite number" if wrong else ""
            entries.append(entry.failing(cell))
        self._entries = cases_of(entries)
        self._values = {id: values[entry.name] for id, entry in self._entries.items()}

    @property
    def facts(self) -> Mapping[str, object]:
        """The columns, and how many there are."""
        count = len(self.columns)
        return {"folder.columns": list(self.columns), "model.classes": count, "model.network.classes": count}

    def cases(self) -> Sequence[Case]:
        """A case per image, in order of name."""
        return [case_of(id, entry) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Value]:
        """The image and its numbers.

        Raises:
            DataError: the image is not there or cannot be read, or a cell is no finite number.
        """
        image = read_image(self._entries[case.id].require())
        return Sample(case, image, Value(torch.tensor(self._values[case.id], dtype=torch.float32), self.columns))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files, two of each patient, and `labels.csv` with the column `area`."""
        write_measured(root, n, seed)


def _from_table(root: Path) -> Iterable[tuple[Entry, str]]:
    for line, row, entry in _rows(root):
        if row:
            require_columns(["label"], row, root / TABLE)
        label = row.get("label", "")
        yield entry if label else entry.failing(f"has no label in {TABLE} (line {line})"), label


def _from_folders(root: Path) -> Iterable[tuple[Entry, str]]:
    home = require_folder(root).resolve().name
    found = 0
    for path in sorted(images_in(root)):
        name = path.relative_to(root).as_posix()
        *folders, _ = PurePosixPath(name).parts
        split = _SPLITS.get(folders[0].lower()) if folders else None
        folders = folders[1:] if split else folders
        if not folders or folders[0] == "images":
            raise DataError(f"there is no {TABLE}, and {name} lies in no folder that names a class", root)
        group = pseudonym(folders[1] if len(folders) > 1 else f"{home}/{name}")
        found += 1
        yield Entry(path, name, group, split), folders[0]
    if not found:
        raise DataError(f"neither {TABLE} nor folders of images, one for each class", root)


def _rows(root: Path) -> Iterable[tuple[int, Row, Entry]]:
    """The table's rows in order of file, each with its line and its image; an image without a row has an empty one."""
    table = root / TABLE
    found = {entry.name: entry for entry in entries_under(root, "images")}
    # A table may leave suffixes out.
    by_stem = {entry.stem: name for name, entry in found.items()}
    rows: dict[str, tuple[int, Row]] = {}
    for line, row in rows_of(table):
        require_columns(["file"], row, table)
        written = row["file"].removeprefix("images/")
        name = written if written in found else by_stem.get(written, written)
        if not name:
            raise DataError(f"line {line}: no file", table)
        if name in rows:
            raise DataError(f"line {line}: {row['file']!r} stands already in line {rows[name][0]}", table)
        rows[name] = line, row
    if not rows:
        raise DataError("no rows", table)
    for name in sorted(found.keys() | rows.keys()):
        if name not in rows:
            yield 0, {}, found[name].failing(f"has no row in {TABLE}")
            continue
        line, row = rows[name]
        entry = found.get(name) or entry_of(root, "images", name).failing(f"is not there, though {TABLE} lists it (line {line})")
        said, split = row.get("group") or row.get("patient"), split_named(row.get("split", ""), f"line {line}", table)
        yield line, row, replace(entry, group=pseudonym(said) if said else entry.group, split=split or entry.split)


def _checked(classes: tuple[str, ...], labels: list[str], path: Path) -> tuple[str, ...]:
    """The classes in order; checked to hold every label. Of those that nobody named, the rare ones are warned of."""
    found = set(labels)
    if len(set(classes)) < len(classes):
        raise UsageError(f"classes = {list(classes)}: one stands twice")
    unknown = sorted(found - set(classes))
    if classes and unknown:
        raise DataError(f"the label {unknown[0]!r} is none of the classes {', '.join(classes)}", path)
    if classes:
        return classes
    warn_of_rare(labels, path)
    return tuple(sorted(found, key=int) if all(label.isdecimal() for label in found) else sorted(found))


def _number(text: str) -> float:
    """The number that a cell holds; NaN where it holds none."""
    try:
        return float(text)
    except ValueError:
        return math.nan

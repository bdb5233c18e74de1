"""The images of a folder, with what their place and a table say of them: the patient and the part of the split."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from medai.errors import DataError
from medai.io import list_slices, pseudonym, require_folder
from medai.tasks import Case
from medai_standard.datasets.texts import rows_of

SPLITS = {
    "train": "train", "training": "train", "val": "valid", "valid": "valid", "validation": "valid", "test": "test", "testing": "test",
}  # fmt: skip
"""Names of the parts of a split, as folders and tables write them."""
CASES = "cases.csv"
"""A table beside the images with the columns `file` and, either or both, `group` (or `patient`) and `split`."""

_NO_IMAGES = frozenset({".csv", ".tsv", ".txt", ".json", ".md", ".xml", ".yaml", ".yml", ".db", ".ini", ".log"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".npy", ".npz", ".mat", ".nii", ".gz", ".nrrd", ".mha", ".mhd"})


@dataclass(frozen=True)
class Entry:
    """An image file.

    Attributes:
        path: the file, or that at fault.
        name: the image's path beneath the folder of images, with slashes.
        group: its patient.
        split: its part of the split, where that is known.
        fault: why it cannot be used, without the file's name; empty when it can. It is a case all the same, so that it is counted when it
            is read.
    """

    path: Path
    name: str
    group: str
    split: str | None
    fault: str = ""

    @property
    def stem(self) -> str:
        """The name without its suffix; `.nii.gz` counts as one."""
        return stem_of(self.name)

    def require(self) -> Path:
        """The image's file.

        Raises:
            DataError: it cannot be used.
        """
        if self.fault:
            raise DataError(self.fault, self.path)
        return self.path

    def failing(self, fault: str) -> Entry:
        """The same with a fault, which may be none, unless it has one already."""
        return self if self.fault else replace(self, fault=fault)


def stem_of(name: str) -> str:
    """A file's name without its suffix; `.nii.gz` counts as one."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else str(PurePosixPath(name).with_suffix(""))


def entries_under(root: Path, folder: str) -> list[Entry]:
    """The images beneath `root / folder`, in order of name. One that stands in `cases.csv` alone, or is not there, has a fault.

    A patient is what `cases.csv` says; else the DICOM header's patient; else the first folder beneath, unless it is called `train`,
    `valid` or `test`, which is the part of the split; else the file itself.

    Raises:
        DataError: there is no such folder, it holds no image, or the table is wrong.
    """
    home = require_folder(root) / folder
    if not home.is_dir():
        raise DataError(f"no folder {folder!r} of images in it", root)
    names = sorted(path.relative_to(home).as_posix() for path in images_in(home))
    if not names:
        raise DataError("holds no image file", home)
    table = _cases_table(root / CASES)
    patients, known = _patients(home, names), set(names)
    found = []
    for name in sorted(known | table.keys()):
        row = table.get(name, {})
        said = row.get("group") or row.get("patient")
        entry = entry_of(root, folder, name)
        group = pseudonym(said) if said else patients.get(name, entry.group)
        entry = replace(entry, group=group, split=_split(row, entry.split, root / CASES))
        if name not in known:
            entry = entry.failing(f"is not there, though {CASES} lists it")
        found.append(entry if row or not table else entry.failing(f"has no row in {CASES}"))
    return found


def entry_of(root: Path, folder: str, name: str) -> Entry:
    """An image beneath `root / folder`, with what its place alone says of it."""
    split, group = _from_place(name)
    # A file by itself is named with its folder, so that files of one name in two sets of data are two patients.
    return Entry(root / folder / name, name, pseudonym(group or f"{root.resolve().name}/{folder}/{name}"), split)


def images_in(home: Path) -> Iterator[Path]:
    """Files beneath a folder that may be images: neither hidden nor of a kind that no image has."""
    for place, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() not in _NO_IMAGES and path.is_file():
                yield path


def cases_of(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Entries by their case's id, which names neither a file nor a patient and is the same wherever the folder stands.

    Raises:
        DataError: none of them can be used.
    """
    found: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        name = pseudonym(entry.name, prefix="i")
        while name in found:  # two names with one pseudonym: rare, but not impossible
            name += "x"
        found[name] = entry
    bad = [entry for entry in found.values() if entry.fault]
    if len(bad) == len(found):
        raise DataError(f"none of {len(bad)} cases can be used; the first: {bad[0].fault}", bad[0].path)
    return found


def case_of(id: str, entry: Entry, attributes: Mapping[str, str | float] | None = None) -> Case:
    """The case of an entry."""
    return Case(id, entry.group, entry.split, attributes or {})


def split_named(text: str, where: str, path: Path) -> str | None:
    """The part that a table's cell names; None where it is empty.

    Raises:
        DataError: it names none.
    """
    if text and text.lower() not in SPLITS:
        raise DataError(f"{where}: the split {text!r} is none of train, valid, test", path)
    return SPLITS.get(text.lower())


def _cases_table(path: Path) -> dict[str, Mapping[str, str]]:
    if not path.exists():
        return {}
    rows: dict[str, Mapping[str, str]] = {}
    for line, row in rows_of(path):
        if "file" not in row or not {"group", "patient", "split"} & row.keys():
            there = ", ".join(row)
            raise DataError(f"the columns `file` and `group`, `patient` or `split` are wanted: the columns are {there}", path)
        if row["file"] in rows:
            raise DataError(f"line {line}: a second row for {row['file']!r}", path)
        rows[row["file"]] = row
    if not rows:
        raise DataError("no rows", path)
    return rows


def _patients(home: Path, names: list[str]) -> dict[str, str]:
    """What DICOM headers say; nothing is opened where every file is a picture by its suffix."""
    if all(PurePosixPath(name).suffix.lower() in _PICTURES for name in names):
        return {}
    try:
        return {item.path.relative_to(home).as_posix(): item.patient for item in list_slices(home) if not item.fault}
    except DataError:
        return {}  # no DICOM after all: each file then fails, or not, when it is read


def _from_place(name: str) -> tuple[str | None, str]:
    """The part of the split and the group that the folders of a name tell."""
    folders = list(PurePosixPath(name).parts[:-1])
    split = SPLITS.get(folders[0].lower()) if folders else None
    if split is not None:
        del folders[0]
    return split, folders[0] if folders else ""


def _split(row: Mapping[str, str], place: str | None, table: Path) -> str | None:
    return split_named(row.get("split", ""), f"the row of {row.get('file')!r}", table) or place

"""The images of a folder, with what their place and a table say of them: the patient and the part of the split."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from medai.errors import DataError
from medai.io import list_slices, pseudonym
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
    """An image file; `name` is its path beneath the folder of images, with slashes."""

    path: Path
    name: str
    group: str
    split: str | None

    @property
    def stem(self) -> str:
        """The name without its suffix; `.nii.gz` counts as one."""
        return stem_of(self.name)


def stem_of(name: str) -> str:
    """A file's name without its suffix; `.nii.gz` counts as one."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else str(PurePosixPath(name).with_suffix(""))


def entries_under(root: Path, folder: str) -> list[Entry]:
    """The images beneath `root / folder`, in order of name.

    A patient is what `cases.csv` says; else the DICOM header's patient; else the first folder beneath, unless it is called `train`,
    `valid` or `test`, which is the part of the split; else the file itself.

    Raises:
        DataError: there is no such folder, it holds no image, or the table is wrong.
    """
    home = root / folder
    if not home.is_dir():
        raise DataError(f"no folder {folder!r} of images in it" if root.is_dir() else "no such folder", root)
    names = sorted(path.relative_to(home).as_posix() for path in images_in(home))
    if not names:
        raise DataError("holds no image file", home)
    table = _cases_table(root / CASES, names)
    patients = _patients(home, names)
    found = []
    for name in names:
        split, group = _from_place(name)
        row = table.get(name, {})
        said = row.get("group") or row.get("patient")
        # A file by itself is named with its folder, so that files of one name in two sets of data are two patients.
        own = pseudonym(group or f"{root.resolve().name}/{folder}/{name}")
        group = pseudonym(said) if said else patients.get(name, own)
        found.append(Entry(home / name, name, group, _split(row, split, root / CASES)))
    return found


def images_in(home: Path) -> Iterator[Path]:
    """Files beneath a folder that may be images: neither hidden nor of a kind that no image has."""
    for place, folders, names in os.walk(home):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and path.suffix.lower() not in _NO_IMAGES and path.is_file():
                yield path


def cases_of(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Entries by their case's id, which names neither a file nor a patient and is the same wherever the folder stands."""
    found: dict[str, Entry] = {}
    for entry in entries:
        name = pseudonym(entry.name, prefix="i")
        while name in found:  # two names with one pseudonym: rare, but not impossible
            name += "x"
        found[name] = entry
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


def _cases_table(path: Path, names: list[str]) -> dict[str, Mapping[str, str]]:
    if not path.exists():
        return {}
    rows: dict[str, Mapping[str, str]] = {}
    known = set(names)
    for line, row in rows_of(path):
        if "file" not in row or not {"group", "patient", "split"} & row.keys():
            raise DataError("the columns `file` and `group`, `patient` or `split` are wanted", path)
        if row["file"] not in known:
            raise DataError(f"line {line}: there is no image {row['file']!r}", path)
        if row["file"] in rows:
            raise DataError(f"line {line}: a second row for {row['file']!r}", path)
        rows[row["file"]] = row
    missing = sorted(known - rows.keys())
    if missing:
        raise DataError(f"no row for {len(missing)} images, such as {missing[0]!r}", path)
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

"""Files of structures in folders, and what tables and lists beside them say of them."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

from medai.errors import DataError
from medai_rna.formats.files import format_of
from medai_rna.formats.lines import lines_of, stem_of
from medai_rna.formats.record import Record
from medai_rna.formats.table import columns_of

FAMILIES = "families.csv"

_PARTS = {"TR": "train", "VL": "valid", "TS": "test"}
_PART = re.compile(r"(TR|VL|TS)\d*(?=$|[_.-])", re.IGNORECASE)
_LISTS = (".txt", ".lst", ".list")
_STRAYS = frozenset({FAMILIES, "thumbs.db"})


def files_in(root: Path, formats: Iterable[str]) -> Iterator[Path]:
    """The files beneath a folder that are of these formats by their names, in order; or the one file that `root` is.

    Raises:
        DataError: it is not there.
    """
    if root.is_file():
        yield root
        return
    if not root.is_dir():
        raise DataError("there is no such file or folder", root)
    wanted = set(formats)
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name.lower() not in _STRAYS and format_of(Path(name)) in wanted:
                yield Path(folder, name)


def own_names(records: Sequence[tuple[Record, Path]]) -> list[str]:
    """A name for each record of some files: its own where no other has it, else with its file's, then its folder's before it. Records that
    cannot be used take what those that can leave.

    Raises:
        DataError: all of them are taken.
    """
    found, taken = [""] * len(records), set[str]()
    for place in sorted(range(len(records)), key=lambda place: bool(records[place][0].fault)):
        record, path = records[place]
        found[place] = _own_name(record.name, path, taken)
        taken.add(found[place])
    return found


def _own_name(name: str, path: Path, taken: Container[str]) -> str:
    stem, folder = stem_of(path), path.parent.name
    for tried in (name, f"{stem} {name}", f"{folder} {name}", f"{folder} {stem} {name}"):
        if tried not in taken:
            return tried
    raise DataError(f"the name {name!r} stands twice", path)


def families_of(root: Path) -> dict[str, str]:
    """By name, the families that `families.csv` in the folder says.

    Raises:
        DataError: it cannot be read, or lacks the columns `id` and `family`.
    """
    path = root / FAMILIES
    return {row["id"]: row["family"] for row in columns_of(path, ("id", "family"))} if path.is_file() else {}


def part_of(root: Path, path: Path) -> str | None:
    """The published part that a folder's name says: `TR0`, `VL1_labels`, `TS2`."""
    folders = path.relative_to(root).parts[:-1] if root.is_dir() else ()
    found = [match for folder in folders if (match := _PART.match(folder))]
    return _PARTS[found[-1][1].upper()] if found else None


def listed_parts(root: Path) -> dict[str, str]:
    """By name, the published part whose list names it: `TR0.txt` has a name, or a file's, on each line.

    Raises:
        DataError: a list cannot be read, or a name stands in lists of two parts.
    """
    found: dict[str, str] = {}
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        match = _PART.match(path.stem) if path.suffix.lower() in _LISTS else None
        for line in lines_of(path) if match else ():
            part, name = _PARTS[match[1].upper()] if match else "", line.text.strip()
            name = stem_of(Path(name)) if format_of(Path(name)) else name
            if name and found.setdefault(name, part) != part:
                raise DataError(f"line {line.number}: {name} is in a list of the part {found[name]}, too", path)
    return found

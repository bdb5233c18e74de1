"""Dataset B of the UDIAT Diagnostic Centre, which papers call BUS, as it is handed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from medai.errors import DataError
from medai.io import pseudonym
from medai.tasks import Boxes, Dataset, Image
from medai_breast.datasets.annotated import CLASSES, Annotated, Entry
from medai_breast.datasets.drawn import write_bus
from medai_breast.datasets.homes import folders_in, holds, home_of
from medai_breast.datasets.pictures import Grey, pictures_in
from medai_breast.datasets.sheets import rows_of

TABLE = "DatasetB.xlsx"
_FOLDERS = ("original", "gt")
_COLUMNS = ("Image", "Type")


class Bus(Annotated):
    """The 163 images of dataset B, (1, H, W) in 0..1, with a box for each lesion: 110 benign and 53 malignant.

    The folders are `original` and `GT`, with files of the same names (`000001.png`), in the folder itself or in one in it, and beside
    them `DatasetB.xlsx` with the columns `Image` (a number or a file's name) and `Type` (`Benign` or `Malignant`). Images that show the
    same are one group, as in BUSI.

    Args:
        root: the folder.
        one_class: one class, `lesion`, in place of benign and malignant.

    Raises:
        DataError: a folder or the table is missing or has another name, the table lacks a column, or no case can be used.
    """

    def __init__(self, root: Path, one_class: bool = False) -> None:
        home = home_of(Path(root), _FOLDERS)
        named = {folder.name.lower(): folder for folder in folders_in(home)}
        table = _table(home)
        entries = list(_entries(home, named["original"], named["gt"], _types(table), table.name))
        if not entries:
            raise DataError("holds no picture", named["original"])
        super().__init__("BUS", entries, home, one_class=one_class)

    @staticmethod
    def unlabelled(paths: Sequence[Path], one_class: bool = False) -> Dataset[Image, Boxes]:
        """Images in one grey channel; masks in `GT` are no cases."""
        return Grey(paths)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small images of both classes in turn, with masks and the table."""
        write_bus(Path(root), n, seed)


def _table(home: Path) -> Path:
    found = sorted(path for path in home.glob("*.xlsx") if not path.name.startswith((".", "~")))
    exact = [path for path in found if path.name.lower() == TABLE.lower()]
    if not found:
        raise DataError(f"no table {TABLE} in it; {holds(home)}", home)
    if len(found) > 1 and not exact:
        raise DataError(f"several tables, and none of them is called {TABLE}: {', '.join(path.name for path in found)}", home)
    return (exact or found)[0]


def _types(table: Path) -> dict[str, str]:
    """What is said of each image, in lower case, by its name without zeros and suffix."""
    found: dict[str, str] = {}
    for line, row in rows_of(table, _COLUMNS):
        name = _key(row["Image"])
        if not name:
            continue
        if name in found:
            raise DataError(f"line {line}: a second row for the image {row['Image']}", table)
        found[name] = row["Type"].strip().lower()
    if not found:
        raise DataError("no rows", table)
    return found


def _key(name: str) -> str:
    """A number without zeros before it, of a cell (`1`, `1.0`) or of a file's name (`000001.png`); of another name, its stem."""
    stem = Path(name).stem
    return stem.lstrip("0") or stem


def _entries(home: Path, images: Path, masks: Path, types: Mapping[str, str], table: str) -> Iterator[Entry]:
    seen: dict[str, dict[str, Path]] = {}
    for place, folder in (("image", images), ("mask", masks)):
        for path in pictures_in(folder):
            files = seen.setdefault(_key(path.name), {})
            if place in files:
                raise DataError(f"is called as {files[place].name} is, but for the suffix or for zeros", path)
            files[place] = path
    for key in sorted(seen.keys() | types.keys(), key=lambda key: (len(key), key)):
        files, kind = seen.get(key, {}), types.get(key, "")
        path = files.get("image") or files.get("mask") or images / f"{key.zfill(6)}.png"
        name = path.relative_to(home).as_posix()
        id = f"bus-{key.zfill(6)}" if key.isdecimal() else pseudonym(name, prefix="bus")
        fault = _fault(files, kind, table)
        yield Entry(id, name, kind if kind in CLASSES else "", path, (files["mask"],) if "mask" in files else (), fault)


def _fault(files: Mapping[str, Path], kind: str, table: str) -> str:
    if not files:
        return f"is not there, though {table} lists it"
    if "image" not in files:
        return "is a mask without an image: none of its name is in original"
    if "mask" not in files:
        return "has no mask of its name in GT"
    if not kind:
        return f"has no row, or no type, in {table}"
    return "" if kind in CLASSES else f"the type {kind[:40]!r} in {table} is neither benign nor malignant"

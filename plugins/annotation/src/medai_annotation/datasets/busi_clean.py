"""BUSI without the images on which something was drawn."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medai.errors import DataError
from medai.io import pseudonym, require_folder
from medai.tasks import Case, Image, Sample
from medai_annotation.datasets.listing import file_of, read_listing
from medai_annotation.datasets.pictures import read_clean, require_options
from medai_annotation.datasets.stub import write_busi

INDEX = "index.csv"
_IMAGE, _COLOUR, _CALIPERS, _GROUP = "image", "has_colour", "plus_calipers_n", "group"
_FOLDERS = ("benign", "malignant", "normal")
_A_MASK = re.compile(r".+_mask(_[0-9]+)?")
_A_NAME = re.compile(r"(benign|malignant|normal) \(([0-9]+)\)")
_HOW = (
    f"write a CSV file with the columns {_IMAGE} (such as 'benign/benign (1).png'), {_COLOUR} (1 where anything is coloured) and "
    f"{_CALIPERS} (crosses that are drawn on it), and, where it is known, {_GROUP} (one word for images that show the same)"
)


class _Entry(NamedTuple):
    path: Path
    group: str
    fault: str = ""


class BusiClean:
    """BUSI's images on which nothing is drawn, (3, H, W) in 0..1, without a reference.

    BUSI does not say which of its images carry calipers, flow boxes or colour: a table beside it must. It has the columns `image`,
    `has_colour` and `plus_calipers_n`, and may have `group`, by which images that show the same stay together in a split. Images that the
    table calls annotated are no cases; a warning names them. An image that it does not list, and one that is not there, is a case that
    cannot be read, so that it is counted.

    Args:
        root: BUSI's folder: `benign`, `malignant` and `normal`, or the folder that holds `Dataset_BUSI_with_GT`.
        index: the table; None: `index.csv` in `root` or beside the folders.
        size: pixels along the longer side at the most; larger images are made smaller.

    Raises:
        DataError: a folder is missing, or there is no table, or it is none, or calls every image annotated.
        UsageError: `size` is below 32.
    """

    def __init__(self, root: Path, index: Path | None = None, size: int | None = None) -> None:
        require_options(size, 0)
        self.size = size
        root = Path(root)
        home = _home(root)
        listing = Path(index) if index is not None else _index(root, home)
        rows = {row[_IMAGE]: row for row in read_listing(listing, (_IMAGE, _COLOUR, _CALIPERS))}
        clean = {name: row for name, row in rows.items() if not _is_annotated(row, listing)}
        if not clean:
            raise DataError("calls every image annotated", listing)
        if len(clean) < len(rows):
            left = [Path(name).stem for name in sorted(rows.keys() - clean.keys(), key=_by_number)]
            said = f"BUSI: {len(left)} of {len(rows)} images carry annotations, as {listing.name} says, and are left out"
            warnings.warn(f"{said}: {', '.join(left)}", stacklevel=2)
        self._entries = dict(_entries(home, rows, clean, listing))

    def cases(self) -> Sequence[Case]:
        """A case per clean image, in order of name."""
        return [Case(id, pseudonym(entry.group, prefix="g"), attributes={"dataset": "BUSI"}) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The image.

        Raises:
            DataError: it is not listed, not there, cannot be read, or is no clean image (`medai_annotation.datasets.pictures.read_clean`).
        """
        entry = self._entries[case.id]
        if entry.fault:
            raise DataError(entry.fault, entry.path)
        # The table knows a little colour at the border for none.
        return Sample(case, read_clean(entry.path, self.size, colour=0.01))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small clean images of the three classes in turn and two with calipers, in `Dataset_BUSI_with_GT`, and `index.csv`."""
        write_busi(root, n, seed)


def is_busi(root: Path) -> bool:
    """Whether a folder that is there holds BUSI with a table that says which images are annotated."""
    home = _found(root)
    listings = [] if home is None else [place / INDEX for place in (root, home) if (place / INDEX).is_file()]
    try:
        return bool(listings and read_listing(listings[0], (_IMAGE, _COLOUR, _CALIPERS)))
    except DataError:
        return False


def _home(root: Path) -> Path:
    home = _found(require_folder(root))
    if home is None:
        raise DataError("the folders benign and malignant are wanted in it, or in a folder in it", root)
    return home


def _found(root: Path) -> Path | None:
    """The folder with BUSI's folders."""
    places = (root, *sorted(path for path in root.iterdir() if path.is_dir()))
    return next((place for place in places if all((place / name).is_dir() for name in _FOLDERS[:2])), None)


def _index(root: Path, home: Path) -> Path:
    for place in (root, home):
        if (place / INDEX).is_file():
            return place / INDEX
    raise DataError(f"there is no {INDEX}, without which nobody knows which images are annotated: {_HOW}; or give its path as index", root)


def _is_annotated(row: Mapping[str, str], listing: Path) -> bool:
    try:
        return any(float(row[column] or 0) > 0 for column in (_COLOUR, _CALIPERS))
    except ValueError as error:
        raise DataError(f"{row[_IMAGE]}: {_COLOUR} and {_CALIPERS} are numbers", listing) from error


def _entries(
    home: Path, rows: Mapping[str, Mapping[str, str]], clean: Mapping[str, Mapping[str, str]], listing: Path
) -> Sequence[tuple[str, _Entry]]:
    """By id, in order of class and number: what the table calls clean, and images that it does not list."""
    found = {name: _Entry(file_of(home, name, listing), row.get(_GROUP) or name) for name, row in clean.items()}
    for name, entry in found.items():
        if not entry.path.is_file():
            found[name] = entry._replace(fault=f"{listing.name} lists it, and it is not there")
    there = (path for folder in _FOLDERS if (home / folder).is_dir() for path in (home / folder).glob("*.png"))
    images = {path.relative_to(home).as_posix(): path for path in there if not _A_MASK.fullmatch(path.stem) and path.name[0] != "."}
    for name in images.keys() - rows.keys():
        found[name] = _Entry(images[name], name, f"{listing.name} does not list it, so that nobody knows whether it is clean")
    return [(_id(name), found[name]) for name in sorted(found, key=_by_number)]


def _id(name: str) -> str:
    match = _A_NAME.fullmatch(Path(name).stem)
    return f"busi-{match[1]}-{match[2]}" if match and match[1] == Path(name).parent.as_posix() else pseudonym(name, prefix="busi")


def _by_number(name: str) -> tuple[str, list[int], str]:
    return Path(name).parent.as_posix(), [int(part) for part in re.findall(r"[0-9]+", Path(name).stem)], name

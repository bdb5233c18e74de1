"""Unlabelled images from files and folders: what `medai predict` is given."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medai._words import counted
from medai.errors import DataError
from medai.io._dicom_file import is_dicom
from medai.io._faults import FilesWarning
from medai.io._pseudonym import pseudonym
from medai.io._read import SUFFIXES, known_kind, read_image
from medai.io._slices import headers_of, slices_of, with_patient_folder
from medai.tasks import Case, Dataset, Image, Sample


def open_images(paths: Sequence[Path | str], modality: str | None = None) -> Dataset[Image, Image]:
    """Files and folders as unlabelled cases.

    A DICOM file is one case, ordered by patient, series and position (an enhanced one a volume, as `read_image` says); a NIfTI volume is
    one case of (1, D, H, W). Of a folder, DICOM files and those with a suffix that `read_image` knows are taken, and the others, but for
    hidden ones, named in a warning; a file that is named is always a case, so that it fails when it is read (DataError) and the others go
    on. Case ids are pseudonyms; `Sample.origin` has the files.

    Args:
        paths: files and folders.
        modality: what every file must hold (`"CT"`), as for `read_image`.

    Raises:
        DataError: a path does not exist, a folder holds nothing that can be read, or nothing is given.
    """
    return _Images([Path(path) for path in paths], modality)


class _Images:
    """A dataset of image files."""

    def __init__(self, paths: Sequence[Path], modality: str | None) -> None:
        if not paths:
            raise DataError("no files or folders are given")
        self._modality = modality
        self._cases: list[Case] = []
        self._files: dict[str, Path] = {}
        self._seen: Counter[str] = Counter()
        # A file may be given twice, by itself and in its folder.
        found = {path.resolve(): (path, folder) for root in paths for path, folder in with_patient_folder(root)}
        headers = headers_of(found.values())
        slices = slices_of(headers)
        for item in slices:
            self._add(item.id, item.patient, item.path)
        taken = {item.path.resolve() for item in slices}
        copies = {header.path.resolve() for header in headers} - taken
        named = {path.resolve() for path in paths}
        for place, (path, _) in found.items():
            if place not in taken and (place in named or known_kind(path) or (place not in copies and _broken_dicom(path))):
                taken.add(place)
                # The folder's name tells files of one name apart, and unlike the whole path is the same on another machine.
                name = pseudonym(f"{place.parent.name}/{place.name}", prefix="i")
                self._add(name, name, path)
        for path in paths:
            if not any(place.is_relative_to(path.resolve()) for place in taken):
                raise DataError(f"holds no image: neither DICOM nor a file with one of the suffixes {', '.join(SUFFIXES)}", path)
        _warn_of_others([path for place, (path, _) in found.items() if place not in taken | copies], taken)

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return Sample(case, read_image(self._files[case.id], self._modality))

    def _add(self, name: str, group: str, path: Path) -> None:
        self._seen[name] += 1
        unique = name if self._seen[name] == 1 else f"{name}-{self._seen[name]}"
        self._cases.append(Case(unique, group))
        self._files[unique] = path


def _broken_dicom(path: Path) -> bool:
    """Whether a file is no DICOM though it is called so: it is a case that cannot be read."""
    return path.suffix.lower() in (".dcm", ".dicom") and not is_dicom(path)


def _warn_of_others(others: Sequence[Path], taken: Iterable[Path]) -> None:
    """Name what is no case, but for the pixels of a header in a file of its own."""
    headers = {_stem(path) for path in taken if path.suffix.lower() in (".nhdr", ".mhd")}
    names = [path.name for path in others if _stem(path.resolve()) not in headers]
    if names:
        warnings.warn(FilesWarning(f"{counted(len(names), 'file')} not taken, as no image that can be read", names), stacklevel=4)


def _stem(path: Path) -> Path:
    return path.with_name(path.name.split(".")[0])

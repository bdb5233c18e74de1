"""A user's folder of clean images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import list_slices, pseudonym, require_folder
from medai.tasks import Case, Dataset, Image, Sample
from medai_annotation.datasets.busi_clean import BusiClean, is_busi
from medai_annotation.datasets.pictures import SUFFIXES, read_clean, require_options
from medai_annotation.datasets.shown import ImagesToPredict
from medai_annotation.datasets.stub import write_pictures

_DICOM = frozenset({".dcm", ".dicom"})
"""How files of DICOM are called, where they are called so: it is known by its content."""


class CleanImages:
    """Images of a folder that are known to carry no annotation, (3, H, W) in 0..1: PNG, JPEG, BMP, TIFF and DICOM of any size; grey, RGB,
    palette, 16 bits or with an alpha channel; without a reference.

    Annotations are not looked for: what is burned into an image stays in it as part of the clean image. DICOM files are read as a viewer
    shows them, through the window of their header if there is one; their overlay planes are left out, and where their header tells which
    part of a screen shows tissue, all else is cut off. An image with much colour, such as colour Doppler, is refused when it is read and
    counted among what could not be used; the others go on.

    Images of one patient are one group: by the patient's id in DICOM, else by the folder beneath the one that holds them all, else each
    stands alone. Case ids and groups are pseudonyms.

    BUSI with an `index.csv` that says which of its images are annotated is read as `annotation/busi-clean` reads it: without those, and
    without its masks.

    Args:
        root: the folder, with folders in it or without.
        size: pixels along the longer side at the most; larger images are made smaller.
        colour: largest share of an image's pixels that may be coloured.

    Raises:
        DataError: the folder is missing or holds no image.
        UsageError: `size` is below 32, or `colour` no share.
    """

    def __init__(self, root: Path, size: int | None = None, colour: float = 0.01) -> None:
        require_options(size, colour)
        root = require_folder(root)
        self.size, self.colour = size, colour
        self._paths: dict[str, Path] = {}
        self._cases: list[Case] = []
        self._busi = BusiClean(root, size=size) if is_busi(root) else None
        if self._busi is not None:
            self._cases = list(self._busi.cases())
            return
        self._take_dicom(root)
        self._take_pictures(root)
        if not self._cases:
            raise DataError("holds no image: PNG, JPEG, BMP, TIFF or DICOM files are wanted", root)

    def cases(self) -> Sequence[Case]:
        """A case per file."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The image.

        Raises:
            DataError: it cannot be read or is not clean; see `medai_annotation.datasets.pictures.read_clean`.
        """
        if self._busi is not None:
            return self._busi.read(case, rng)
        return Sample(case, read_clean(self._paths[case.id], self.size, self.colour))

    @staticmethod
    def unlabelled(paths: Sequence[Path], size: int | None = None, colour: float = 0.01) -> Dataset[Image, Image]:
        """Images of any size and colour that a run is to answer, as a viewer shows them; one that is all dark is warned of by name."""
        return ImagesToPredict(paths)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pictures of two patients or more, each in a folder: PNG of 8 and of 16 bits, grey and colour, and JPEG."""
        write_pictures(root, n, seed)

    def _take_dicom(self, root: Path) -> None:
        try:
            found = list_slices(root)
        except DataError:
            # None can be read: those that are called so are cases, and reading them says why.
            for path in sorted(root.rglob("*")):
                if path.suffix.lower() in _DICOM and path.is_file() and not _is_hidden(path.relative_to(root)):
                    self._add(pseudonym(path.relative_to(root).as_posix(), prefix="d"), pseudonym(path.parent.name), path)
            return
        for item in found:
            self._add(item.id, item.patient, item.path)

    def _take_pictures(self, root: Path) -> None:
        taken = set(self._paths.values())
        paths = [path for path in sorted(root.rglob("*")) if _is_picture(path.relative_to(root)) and path.is_file() and path not in taken]
        if not paths:
            return
        home = Path(os.path.commonpath([path.parent for path in paths]))
        for path in paths:
            inside = path.relative_to(root).as_posix()
            folder = path.relative_to(home).parts[0]
            self._add(pseudonym(inside, prefix="i"), pseudonym(f"{root.resolve().name}/{folder}"), path)

    def _add(self, name: str, group: str, path: Path) -> None:
        # A DICOM file that lies there twice has the same place in the same series.
        unique, number = name, 1
        while unique in self._paths:
            number += 1
            unique = f"{name}-{number}"
        self._paths[unique] = path
        self._cases.append(Case(unique, group))


def _is_picture(inside: Path) -> bool:
    """By its name beneath the folder."""
    return inside.suffix.lower() in SUFFIXES and not _is_hidden(inside)


def _is_hidden(inside: Path) -> bool:
    """Whether systems hide a file, or leave it behind."""
    return any(part.startswith((".", "__")) for part in inside.parts)

"""Folders of normal-dose CT."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medai.errors import DataError
from medai.io import list_slices, pseudonym, read_image
from medai.tasks import Case, Image, Sample
from medai_ldct.datasets.stub import write_stub as write_ct_stub
from medai_ldct.datasets.volumes import plane, planes

_LOW_DOSE = re.compile(r"(quarter|low)[ _-]?(dose|\d ?mm)", re.IGNORECASE)
"""In names of folders, as the published collections write it."""
_HU_KINDS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".npy")


@dataclass(frozen=True)
class _Place:
    """Where a case's pixels are: a file, and in a volume, the axis across the slices and the slice."""

    path: Path
    axis: int | None = None
    index: int = 0


class Ct:
    """Axial slices of normal-dose CT under a folder, (1, H, W) in HU, air and padding at -1024; without a reference.

    DICOM is known by its content and grouped by patient, whatever the folders; other modalities under the same folder are passed over.
    A folder without DICOM may hold NIfTI, NRRD or MetaImage volumes, or `.npy` planes and volumes, whose values are HU; there a patient
    is a folder beneath `root`, or a file that lies in `root` itself. Case ids and groups are pseudonyms.

    Args:
        root: the folder, or one file.

    Raises:
        DataError: `root` is missing, empty, or holds no CT.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if not self.root.exists():
            raise DataError("no such folder", self.root)
        volumes = [path for path in _files(self.root) if path.name.lower().endswith(_HU_KINDS)]
        self._places: dict[str, _Place] = {}
        self._cases: list[Case] = []
        if volumes and not _holds_dicom(self.root):
            self._take_volumes(volumes)
        else:
            self._take_dicom()
        self._last: tuple[Path, Image] | None = None

    def cases(self) -> Sequence[Case]:
        """One case per slice."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """One slice.

        Raises:
            DataError: the file cannot be read, is not CT, or its values cannot be HU.
        """
        place = self._places[case.id]
        image = self._read_file(place.path)
        return Sample(case, image if place.axis is None else plane(image, place.axis, place.index))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small DICOM CT files of two patients or more, each patient in a folder."""
        write_ct_stub(root, n, seed)

    def _take_dicom(self) -> None:
        slices = list_slices(self.root, modality="CT")
        _warn_of_low_dose(self.root, [item.path for item in slices])
        for item in slices:
            if item.frames == 1:
                self._add(item.id, item.patient, _Place(item.path))
            for frame in range(item.frames if item.frames > 1 else 0):
                self._add(f"{item.id}-{frame:04d}", item.patient, _Place(item.path, 0, frame))

    def _take_volumes(self, paths: Sequence[Path]) -> None:
        home = self.root if self.root.is_dir() else self.root.parent
        for path in paths:
            inside = path.relative_to(home)
            patient = pseudonym(f"{home.resolve().name}/{inside.parts[0]}")
            name = f"{patient}-{pseudonym(inside.as_posix(), prefix='v')}"
            axis, count = planes(path)
            if axis is None:
                self._add(name, patient, _Place(path))
            for index in range(count if axis is not None else 0):
                self._add(f"{name}-{index:04d}", patient, _Place(path, axis, index))

    def _add(self, name: str, patient: str, place: _Place) -> None:
        # A file copied twice has the same place in the same series.
        unique, number = name, 1
        while unique in self._places:
            number += 1
            unique = f"{name}-{number}"
        self._places[unique] = place
        self._cases.append(Case(unique, patient))

    def _read_file(self, path: Path) -> Image:
        # The slices of a volume come one after the other: decode it once.
        if self._last is not None and self._last[0] == path:
            return self._last[1]
        image = read_image(path, modality="CT")
        if float(image.pixels.min()) >= 0:
            raise DataError("not a CT in HU: none of its values is negative (a mask, another modality, or a wrong rescale?)", path)
        if image.pixels.ndim == 4:
            self._last = path, image
        return image


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]


def _warn_of_low_dose(root: Path, paths: Iterable[Path]) -> None:
    """Folders of published pairs hold every slice at a low dose too, which is no normal dose to learn from."""
    named = (folder for path in paths for folder in path.relative_to(root).parts[:-1])
    low = next((folder for folder in named if _LOW_DOSE.search(folder)), None)
    if low is not None:
        warnings.warn(
            f"{root}: folders such as {low} are taken as normal dose; datasets of pairs, such as ldct/aapm-mayo-2016, read them as "
            "what they are (--data NAME=DATASET:FOLDER)",
            stacklevel=4,
        )


def _holds_dicom(root: Path) -> bool:
    try:
        return bool(list_slices(root))
    except DataError:
        return False

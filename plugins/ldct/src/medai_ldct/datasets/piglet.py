"""One piglet, scanned at five doses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from medai.errors import DataError, UsageError
from medai.io import require_folder
from medai.tasks import Case
from medai_ldct.datasets.folders import folders_with_files, holds, of_first, told
from medai_ldct.datasets.pairing import Paired, pairs_of
from medai_ldct.datasets.stub_pairs import Drawn
from medai_ldct.physics.exposure import at

_FULL = 100
_WORDS = {_FULL: "FULL", 50: "50%", 25: "25%", 10: "10%", 5: "5%"}
"""How a series is described, by its per cent of the full dose."""
_SUBJECT = "piglet"
# Slices lie 0.625 mm apart, and the five scans are five scans.
_TOLERANCE = 0.3
_A_NUMBER = re.compile(r"(?<![\d.])(50|25|10|5)(?![\d.])")
_A_NAME = re.compile(r"(full|normal|100|50|25|10|5)[ _-]*(%|percent)?[ _-]*(dose)?", re.IGNORECASE)


class Piglet(Paired):
    """Slices of one piglet at a part of the dose and at full dose, (1, H, W) in HU: noise that was measured, not made.

    All is of one subject, so parts of a split are blocks of neighbouring slices with a gap between them. A case is a slice, by its place
    along the piglet and whatever the dose, so that a split holds for all doses, and no slice is learned at one and tested at another.
    The dose's current, CTDIvol, dose-length product and effective dose (the study's Table 1) are the cases' attributes.

    A series is known by its headers' description, which names the reconstruction and the dose (`FBP FULL`, `FBP 25%`), in folders
    `SE0`, `SE1` and so on, at any depth; where the description names no dose, by a folder called `full` or `100`, `50`, `25`, `10`, `5`.

    Args:
        root: the folder.
        dose: per cent of the full dose.
        reconstruction: what the description of a series must name.

    Raises:
        UsageError: there is no such dose.
        DataError: `root` is missing or lacks a series of the dose or of the full one, or holds two; or the slices of the two are not as
            many, or do not lie in the same places.
    """

    single_subject = True

    def __init__(self, root: Path, dose: Literal[50, 25, 10, 5] = 25, reconstruction: str = "FBP") -> None:
        if dose not in _WORDS or dose == _FULL:
            raise UsageError(f"dose = {dose}: the piglet was scanned at 50, 25, 10 and 5 % of the full dose")
        super().__init__()
        self.root, self.dose, self.reconstruction = Path(root), dose, reconstruction
        low, full = self._series()
        attributes = at(dose / 100).attributes
        for place, pair in enumerate(pairs_of(low, full, _TOLERANCE)):
            self._take(Case(f"slice-{place:04d}", _SUBJECT, attributes=attributes), pair)
        self._warn_of_faults()

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small slices at each of the five doses, in folders as the authors hand them out."""
        for drawn in Drawn.several(n, seed, ("animal 1",)):
            for number, (percent, word) in enumerate(_WORDS.items()):
                path = Path(root) / "DICOM" / "PA0" / "ST0" / f"SE{number}" / f"IM{drawn.place}"
                drawn.write(path, dose=percent / 100, series=f"FBP {word}", thickness=0.625, KVP=100)

    def _series(self) -> tuple[Path, Path]:
        """The folders of the dose and of the full dose."""
        require_folder(self.root)
        found: dict[int, Path] = {}
        seen = []
        for folder in folders_with_files(self.root):
            (description,) = of_first(folder, "SeriesDescription")
            seen.append(f"{folder.relative_to(self.root).as_posix()} ({description or 'no description'})")
            dose = self._dose_of(folder, description)
            other = folder if dose is None else found.setdefault(dose, folder)
            if other != folder and dose in (_FULL, self.dose):
                reason = f"is {self.reconstruction} at {_WORDS[dose]}, and so is {other.relative_to(self.root).as_posix()}"
                raise DataError(f"{reason}: leave one in, or set `reconstruction`", folder)
        for dose in (self.dose, _FULL):
            if dose not in found:
                expected = f"a series that is described as {self.reconstruction} and {_WORDS[dose]}, or a folder of that name, is expected"
                raise DataError(f"{expected}; it holds {told(seen) if seen else holds(self.root)}", self.root)
        return found[self.dose], found[_FULL]

    def _dose_of(self, folder: Path, description: str) -> int | None:
        dose = _dose_in(description)
        if dose is not None:
            return dose if self.reconstruction.lower() in description.lower() else None
        names = (_A_NAME.fullmatch(part) for part in reversed(folder.relative_to(self.root).parts))
        word = next((match[1].lower() for match in names if match), "")
        return None if not word else _FULL if word in ("full", "normal") else int(word)


def _dose_in(description: str) -> int | None:
    if "full" in description.lower():
        return _FULL
    found = _A_NUMBER.search(description)
    return int(found[1]) if found else None

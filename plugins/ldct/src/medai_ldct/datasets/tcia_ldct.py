"""The collection LDCT-and-Projection-data of The Cancer Imaging Archive."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Literal

from medai.errors import DataError
from medai.io import pseudonym, require_folder
from medai.tasks import Case
from medai_ldct.datasets.folders import folders_with_files, holds, of_first
from medai_ldct.datasets.pairing import Paired, pairs_of
from medai_ldct.datasets.stub_pairs import Drawn

EXAMS = {"C": ("chest", 0.1), "L": ("abdomen", 0.25), "N": ("head", 0.25)}
"""What the first letter of a patient's name says: the exam, and the fraction of the dose that its low dose was made for."""

_A_PATIENT = re.compile(r"[CLN]\d{3}")
_LOW, _FULL = "low dose images", "full dose images"


class TciaLdct(Paired):
    """Slices of chests at a tenth, of abdomens and heads at a quarter of the dose, and at full dose, (1, H, W) in HU.

    A series is known by its description, `Low Dose Images` or `Full Dose Images`, in its folder's name as the archive's programs write
    it, else in its headers; projections are passed over. So are patients scanned on GE, for whom the archive holds no images at low
    dose. Slices are paired by position. No split is published. Case ids and groups are pseudonyms, of a patient that of his name
    (`C002`).

    Args:
        root: the folder, however deep the patients' folders lie in it.
        exam: which exams.

    Raises:
        DataError: `root` is missing or holds no such series; a patient has one dose without the other, or a dose twice; or the slices
            of his two doses are not as many, or do not lie in the same places.
    """

    def __init__(self, root: Path, exam: Literal["all", "chest", "abdomen", "head"] = "all") -> None:
        super().__init__()
        self.root, self.exam = Path(root), exam
        for patient, (low, full) in self._series().items():
            group = pseudonym(patient)
            kind, dose = EXAMS[patient[0]]
            for place, pair in enumerate(pairs_of(low, full)):
                case = Case(f"{group}-{place:04d}", group, attributes={"dose": dose, "exam": kind})
                self._take(case, pair)
        self._warn_of_faults()

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pairs of two patients or more, in folders as the archive's programs make them."""
        for drawn in Drawn.several(n, seed, ("C002", "L004", "N005", "C004", "L006")):
            dose = EXAMS[drawn.patient[0]][1]
            home = Path(root) / "LDCT-and-Projection-data" / drawn.patient / "12-23-2021-NA-NA-62464"
            for series, at, number in (("Low Dose Images", dose, 39882), ("Full Dose Images", 1.0, 22038)):
                path = home / f"1.000000-{series}-{number}" / f"1-{drawn.place + 1:03d}.dcm"
                drawn.write(path, dose=at, series=series, thickness=3.0, Manufacturer="SIEMENS")

    def _series(self) -> dict[str, tuple[Path, Path]]:
        """The folders of the two doses of each patient of whom there are both."""
        require_folder(self.root)
        found: dict[str, dict[str, Path]] = {}
        for folder in folders_with_files(self.root):
            patient, dose = self._about(folder)
            if dose and self.exam in ("all", EXAMS[patient[0]][0]):
                other = found.setdefault(patient, {}).setdefault(dose, folder)
                if other != folder:
                    raise DataError(f"holds {dose} of {patient}, and so does {other.relative_to(self.root)}", folder)
        pairs = {patient: (doses[_LOW], doses[_FULL]) for patient, doses in sorted(found.items()) if len(doses) == 2}
        alone = {patient: next(iter(doses.items())) for patient, doses in sorted(found.items()) if len(doses) == 1}
        for patient, (dose, folder) in alone.items():
            if dose == _LOW or not of_first(folder, "Manufacturer")[0].upper().startswith("GE"):
                lacking = _FULL if dose == _LOW else _LOW
                raise DataError(f"holds {dose} of patient {patient}, for whom there is no series of {lacking}", folder)
        if not pairs:
            more = f"; {len(alone)} patients scanned on GE have none at low dose" if alone else ""
            told = "series such as C002/STUDY/1.000000-Low Dose Images-39882 and C002/STUDY/1.000000-Full Dose Images-22038 are expected"
            raise DataError(f"{told}; it holds {holds(self.root)}{more}", self.root)
        if alone:
            warnings.warn(f"{len(alone)} patients scanned on GE have no images at low dose and are passed over", stacklevel=3)
        return pairs

    def _about(self, folder: Path) -> tuple[str, str]:
        """The patient, and which of the two doses a folder holds; neither where it holds something else."""
        inside = folder.relative_to(self.root).parts
        patient = next((part for part in reversed(inside) if _A_PATIENT.fullmatch(part)), "")
        dose = _dose_in(folder.name)
        if "projections" in folder.name.lower():
            return patient, ""
        if not dose or not patient:
            description, id = of_first(folder, "SeriesDescription", "PatientID")
            dose, patient = dose or _dose_in(description), patient or id
        return (patient, dose) if _A_PATIENT.fullmatch(patient) else ("", "")


def _dose_in(text: str) -> str:
    return next((dose for dose in (_LOW, _FULL) if dose in text.lower()), "")

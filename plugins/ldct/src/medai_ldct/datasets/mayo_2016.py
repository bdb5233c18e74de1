"""The 2016 NIH-AAPM-Mayo Clinic Low Dose CT Grand Challenge, as it is handed out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from medai.errors import DataError, UsageError
from medai.io import pseudonym, require_folder
from medai.tasks import Case
from medai_ldct.datasets.folders import folders_with_files, holds, told
from medai_ldct.datasets.pairing import Paired, pairs_of
from medai_ldct.datasets.stub_pairs import Drawn

DOSE = 0.25
TRAIN = ("L067", "L096", "L109", "L143", "L192", "L286", "L291", "L310")
TEST = ("L333", "L506")
"""The study's Table 2 lists the patients and does not say which two are the test: 455 slices are these two and no others."""

_DOSES = ("quarter", "full")
_A_DOSE = re.compile(r"(quarter|full)_[13]mm(_sharp)?")
_A_PATIENT = re.compile(r"[A-Z]\d{3}")


class Mayo2016(Paired):
    """Slices of the challenge's ten training patients at a quarter of the dose and at full dose, (1, H, W) in HU.

    The quarter dose is the challenge's own, made of the scanner's projections. Slices are paired by their position in the patient. The
    split of the study is published with them, eight patients for training and L333 and L506 for the test, where all patients are of
    the ten and both parts are there. The folders may lie as in the challenge's archives, `quarter_3mm/L067/quarter_3mm/*.IMA`, or
    sorted by patient, `L067/quarter_3mm/*.IMA`, or by dose, `quarter_3mm/L067/*.IMA`, under any folders. Case ids and groups are
    pseudonyms, of a patient that of his name (`L506`).

    Args:
        root: the folder.
        thickness: of the slices, in millimetres.
        kernel: of the reconstruction: `B30`, or the sharp `D45`, whose folders are called `quarter_3mm_sharp` and `full_3mm_sharp`.

    Raises:
        UsageError: there is no such thickness.
        DataError: `root` is missing or holds no such folder, a patient has one dose without the other, or the slices of his two doses
            are not as many, or do not lie in the same places.
    """

    def __init__(self, root: Path, thickness: int = 3, kernel: Literal["B30", "D45"] = "B30") -> None:
        if thickness not in (1, 3):
            raise UsageError(f"thickness = {thickness}: the challenge's slices are of 1 mm and of 3 mm")
        super().__init__()
        self.root, self.thickness, self.kernel = Path(root), thickness, kernel
        patients = self._folders()
        parts = _published(patients)
        for patient, (low, full) in sorted(patients.items()):
            group = pseudonym(patient)
            for place, pair in enumerate(pairs_of(low, full)):
                case = Case(f"{group}-{place:04d}", group, parts.get(patient), {"dose": DOSE})
                self._take(case, pair)
        self._warn_of_faults()

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small pairs of 3 mm, kernel B30, of two patients or more, sorted by patient."""
        names = [name for both in zip(TRAIN, TEST, strict=False) for name in both]
        for drawn in Drawn.several(n, seed, names):
            for word, short, dose in (("quarter", "QD", DOSE), ("full", "FD", 1.0)):
                name = f"{drawn.patient}_{short}_3_1.CT.0004.{drawn.place + 1:04d}.IMA"
                drawn.write(Path(root) / drawn.patient / f"{word}_3mm" / name, dose=dose, series=word, thickness=3.0)

    def _folders(self) -> dict[str, tuple[Path, Path]]:
        """The folders of the two doses of each patient."""
        require_folder(self.root)
        wanted = [f"{dose}_{self.thickness}mm{'_sharp' if self.kernel == 'D45' else ''}" for dose in _DOSES]
        found: dict[str, dict[str, Path]] = {}
        seen: dict[str, set[str]] = {}
        for folder in folders_with_files(self.root):
            patient, dose = _named(folder.relative_to(self.root))
            seen.setdefault(patient, set()).add(dose or folder.name)
            if dose in wanted:
                doubled = found.setdefault(patient, {}).setdefault(dose, folder)
                if doubled != folder:
                    raise DataError(f"is {dose} of {patient}, and so is {doubled.relative_to(self.root)}", folder)
        if "" in found:
            raise DataError(f"holds {told(found[''])} itself, which is one patient's: give the folder that holds the patients", self.root)
        if not found:
            raise DataError(f"{self._expected(wanted)}; it holds {holds(self.root)}", self.root)
        # A patient whose folders are all called otherwise is missed too.
        for patient in sorted(seen):
            lacking = [dose for dose in wanted if dose not in found.get(patient, {})]
            if lacking and (patient in found or _A_PATIENT.fullmatch(patient)):
                lack = f"patient {patient} has no folder {' and no folder '.join(lacking)}"
                raise DataError(f"{lack}: {told(seen[patient])} is there; {self._expected(wanted)}", self._home(patient))
        return {patient: (doses[wanted[0]], doses[wanted[1]]) for patient, doses in found.items()}

    def _home(self, patient: str) -> Path:
        return self.root / patient if (self.root / patient).is_dir() else self.root

    def _expected(self, wanted: Sequence[str]) -> str:
        return f"folders such as L067/{wanted[0]} and L067/{wanted[1]} are expected"


def _named(inside: Path) -> tuple[str, str]:
    """The patient and the dose that a folder's path names; without a dose, what stands there for it is not one."""
    *_, above, last = ("", "", *inside.parts)
    if _A_DOSE.fullmatch(last):
        return above, last
    if _A_DOSE.fullmatch(above):
        return last, above
    return (above if _A_PATIENT.fullmatch(above) else last if _A_PATIENT.fullmatch(last) else ""), ""


def _published(patients: Collection[str]) -> dict[str, str]:
    parts = dict.fromkeys(TRAIN, "train") | dict.fromkeys(TEST, "test")
    named = {patient: parts[patient] for patient in patients if patient in parts}
    return named if len(named) == len(patients) and len(set(named.values())) == 2 else {}

"""The DICOM slices of a folder, from their headers alone."""

from __future__ import annotations

import filecmp
import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from medai._words import counted
from medai.errors import DataError, MemoryFault
from medai.io._dicom import read_dicom
from medai.io._dicom_file import Parse
from medai.io._faults import FilesWarning
from medai.io._headers import Header, listed, read_header
from medai.io._pseudonym import pseudonym

_PLACEHOLDERS = frozenset(
    {"", "anon", "anonym", "anonymous", "anonymized", "anonymised", "unknown", "none", "na", "n/a", "no name", "patient"}
)


@dataclass(frozen=True)
class SliceFile:
    """One slice, without its pixels.

    Attributes:
        path: the file.
        patient: pseudonym of the patient; the group that must stay together in a split.
        series: pseudonym of the series; a series holds parallel planes of one size.
        index: place in the series, from 0, in order of position.
        modality: as DICOM writes it (`CT`).
        rows: height, in pixels.
        columns: width, in pixels.
        frames: how many planes the file holds.
        position: millimetres along the normal of the plane (ImagePositionPatient . normal); None where the header does not say.
        fault: why the header cannot be read; empty when it can. Reading such a file fails with that reason.
    """

    path: Path
    patient: str
    series: str
    index: int
    modality: str
    rows: int
    columns: int
    frames: int = 1
    position: float | None = None
    fault: str = ""

    @property
    def id(self) -> str:
        """A case id that names no patient: patient, series and place, such as `p-3f2a9c107b-s-0011223344-0007`."""
        return f"{self.patient}-{self.series}-{self.index:04d}"


def list_slices(root: Path | str, *, modality: str | None = None, one_series: bool = False) -> Sequence[SliceFile]:
    """All DICOM image files under `root` (or `root` itself, if a file), ordered by patient, series and position; no pixels are read.

    Files are known by their content, so names and suffixes do not matter; what is not DICOM, holds no image, or is a localizer is
    passed over, and so, with a warning, are copies: files of the SOPInstanceUID, series and position of another; where copies differ, the
    first that can be read is listed. A file whose header is damaged is listed with its `fault`, so that it is counted when it is read.

    The patient is the header's PatientID (and its issuer). Where that is empty or a word such as `anonymous`, or where files of one
    PatientID contradict each other in sex or date of birth, the id says nothing, and the first folder beneath `root` is the patient;
    files that lie in `root` itself are then one patient. So patients may be merged when headers are blank, but one is never taken
    for two because his studies lie in several folders.

    A series is a SeriesInstanceUID, or where that is blank, a frame of reference and series number in a folder; planes of another
    orientation or size are another series.

    Args:
        root: a folder, or one file.
        modality: list this modality alone (`"CT"`); files of another are passed over with a warning.
        one_series: refuse anything but a single series.

    Raises:
        DataError: `root` is missing or holds no DICOM image; none is of the modality; several series where one is asked for.
    """
    root = Path(root)
    slices = slices_of(headers_of(with_patient_folder(root)))
    if not slices:
        raise DataError("holds no DICOM images" if root.is_dir() else "is not a DICOM image", root)
    readable = [item for item in slices if not item.fault]
    if not readable:
        raise DataError(slices[0].fault, slices[0].path)
    if modality is not None and not any(item.modality == modality for item in readable):
        raise DataError(f"not a {modality}: holds {', '.join(sorted({item.modality or 'no modality' for item in readable}))}", root)
    others = [item.modality for item in readable if modality not in (None, item.modality)]
    if others:
        warnings.warn(f"{root}: {len(others)} files that are no {modality} are passed over: {', '.join(sorted(set(others)))}", stacklevel=2)
    chosen = [item for item in slices if modality is None or item.modality == modality or item.fault]
    series = {item.series for item in chosen if not item.fault}
    if one_series and len(series) > 1:
        raise DataError(f"mixed series: {len(series)} where one is asked for", root)
    return chosen


def headers_of(files: Iterable[tuple[Path, str]], parse: Parse = listed) -> list[Header]:
    """Of those files that are DICOM images the headers, copies and all; each file is given with the folder that stands for its patient."""
    return [header for path, folder in files if (header := read_header(path, folder, parse)) is not None]


def slices_of(headers: Sequence[Header]) -> list[SliceFile]:
    """The slices, each once; ordered, numbered within their series."""
    return [_slice(header, patient, series, index) for patient, series, found in grouped(headers) for index, header in enumerate(found)]


def grouped(headers: Sequence[Header]) -> list[tuple[str, str, list[Header]]]:
    """The images as (patient, series, headers), headers in order of position; patient and series are pseudonyms."""
    headers = _without_copies(headers)
    unclear = _ids_without_meaning(headers)
    rows = [(pseudonym(_patient(header, unclear)), pseudonym(header.series, prefix="s"), header) for header in headers]
    rows.sort(key=lambda row: (row[0], row[1], row[2].order))
    return [(*names, [header for *_, header in members]) for names, members in groupby(rows, key=lambda row: row[:2])]


def _without_copies(headers: Sequence[Header]) -> list[Header]:
    """Each image once: exports often hold a file twice, which would double a plane."""
    images: dict[object, list[Header]] = {}
    for header in headers:
        # Not by the identity alone: careless tools give one to all files of a series. A header that has none says nothing.
        key = (header.identity, header.patient, header.series, header.instance, header.position)
        images.setdefault(key if header.identity else header.path, []).append(header)
    kept, passed = [], []
    for copies in images.values():
        chosen, broken = _soundest(copies)
        kept.append(chosen)
        passed += ["/".join(copy.path.parts[-2:]) + broken.get(copy.path, "") for copy in copies if copy is not chosen]
    if passed:
        reason = f"{counted(len(passed), 'file')} passed over as copies of others (of one SOPInstanceUID)"
        warnings.warn(FilesWarning(reason, passed), stacklevel=5)
    return kept


def _soundest(copies: Sequence[Header]) -> tuple[Header, dict[Path, str]]:
    """The first copy that can be read, with what is wrong with those before it; where none can, the first."""
    first, *others = copies
    if all(_same(first.path, other.path) for other in others):
        return first, {}
    broken: dict[Path, str] = {}
    for copy in copies:
        try:
            read_dicom(copy.path)
        except (DataError, MemoryFault) as error:
            broken[copy.path] = f" ({error.reason if isinstance(error, DataError) else 'too little memory'})"
        else:
            return copy, broken
    return first, broken


def _same(first: Path, other: Path) -> bool:
    with suppress(OSError):
        return filecmp.cmp(first, other, shallow=False)
    return False


def files_under(folder: Path) -> list[Path]:
    """All files beneath a folder, in order of name; hidden ones, which systems leave behind, are passed over."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        found += [path for path in visible if path.is_file()]
    return found


def with_patient_folder(root: Path) -> list[tuple[Path, str]]:
    """Every file beneath `root` (or `root` itself), each with the folder that stands for its patient where the header names none.

    Raises:
        DataError: `root` does not exist, or is neither a file nor a folder.
    """
    if not root.exists():
        raise DataError("does not exist", root)
    home = root.resolve()
    if not root.is_dir():
        if not root.is_file():
            # A pipe has no beginning: to open it waits for ever.
            raise DataError("is a device or a pipe", root)
        return [(root, f"{home.parent.name}/")]
    found = []
    for path in files_under(root):
        inside = path.relative_to(root).parts
        found.append((path, f"{home.name}/{inside[0] if len(inside) > 1 else ''}"))
    return found


def _ids_without_meaning(headers: Sequence[Header]) -> set[str]:
    """PatientIDs that cannot be one patient's: placeholders, and those whose files contradict each other."""
    sexes: dict[str, set[str]] = defaultdict(set)
    births: dict[str, set[str]] = defaultdict(set)
    for header in headers:
        # Empty says nothing, and so does O(ther), which some anonymisers write.
        sexes[header.patient].update({header.sex} & {"M", "F"})
        births[header.patient].update({header.birth} - {""})
    placeholders = {patient for patient in sexes if patient.split("/")[-1].strip(" _-.0").lower() in _PLACEHOLDERS}
    return placeholders | {patient for patient in sexes if len(sexes[patient]) > 1 or len(births[patient]) > 1}


def _patient(header: Header, unclear: set[str]) -> str:
    return f"folder {header.folder}" if header.patient in unclear else f"id {header.patient}"


def _slice(header: Header, patient: str, series: str, index: int) -> SliceFile:
    return SliceFile(
        path=header.path,
        patient=patient,
        series=series,
        index=index,
        modality=header.modality,
        rows=header.rows,
        columns=header.columns,
        frames=header.frames,
        position=header.position,
        fault=header.fault,
    )

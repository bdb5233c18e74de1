"""One DICOM header, reduced to what a listing asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.uid import UID

from medai.errors import DataError
from medai.io import _geometry
from medai.io._dicom import is_dicom
from medai.io._faults import reading

_TAGS = [
    *("PatientID", "IssuerOfPatientID", "PatientSex", "PatientBirthDate", "Modality", "ImageType"),
    *("SeriesInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "InstanceNumber"),
    *("Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient"),
]


@dataclass(frozen=True)
class Header:
    """What a listing needs of one file; `folder` stands for the patient where the header does not name one."""

    path: Path
    folder: str
    patient: str = ""
    sex: str = ""
    birth: str = ""
    series: str = ""
    modality: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    position: float | None = None
    instance: int = 0
    fault: str = ""

    @property
    def order(self) -> tuple[bool, float, int, str]:
        """By position; what has none comes last, by instance number, then by name."""
        return self.position is None, self.position or 0.0, self.instance, self.path.name


def read_header(path: Path, folder: str) -> Header | None:
    """The header of a DICOM image that is not a localizer; None for any other file; with its fault where it is damaged."""
    try:
        with reading(path, "DICOM"):
            if not is_dicom(path):
                return None
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
            if "LOCALIZER" in (header.get("ImageType") or ()):
                return None
            if "Rows" not in header or "Columns" not in header:
                return Header(path, folder, fault="truncated in its header") if _of_images(header) else None
            return _header(path, folder, header)
    except DataError as error:
        return Header(path, folder, fault=error.reason)


def _header(path: Path, folder: str, header: Dataset) -> Header:
    issuer, patient = _text(header, "IssuerOfPatientID"), _text(header, "PatientID")
    return Header(
        path,
        folder,
        patient=f"{issuer}/{patient}" if issuer and patient else patient,
        sex=_text(header, "PatientSex"),
        birth=_text(header, "PatientBirthDate"),
        series=_series(header, folder),
        modality=_text(header, "Modality"),
        rows=int(header.Rows),
        columns=int(header.Columns),
        frames=int(header.get("NumberOfFrames") or 1),
        position=_geometry.position(header),
        instance=int(header.get("InstanceNumber") or 0),
    )


def _series(header: Dataset, folder: str) -> str:
    """A name for the series: planes of one identity, size and orientation."""
    identity = _text(header, "SeriesInstanceUID")
    if not identity:
        identity = "/".join((folder, _text(header, "FrameOfReferenceUID"), _text(header, "SeriesNumber")))
    cosines = _geometry.numbers(header, "ImageOrientationPatient", 6)
    # Rounded, because scanners write the same orientation with differences in the last digit; + 0.0 makes -0.0 and 0.0 one.
    direction = "" if cosines is None else (np.round(cosines, 2) + 0.0).tolist()
    return f"{identity} {header.Rows}x{header.Columns} {direction}"


def _of_images(header: Dataset) -> bool:
    """Whether the file says that it holds an image, or is cut before it says what it holds."""
    storage = header.file_meta.get("MediaStorageSOPClassUID")
    return storage is None or "Image Storage" in UID(str(storage)).name


def _text(header: Dataset, keyword: str) -> str:
    value = header.get(keyword)
    return "" if value is None else str(value).strip()

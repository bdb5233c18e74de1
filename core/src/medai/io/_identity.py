"""Headers of the planes that an image came from, for what is derived from it: its place, and as much identity as is asked for.

What is taken over is a list, as in reading: nothing else of a header gets into a derived file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.valuerep import format_number_as_ds

from medai.errors import DataError
from medai.io import _geometry
from medai.io._attributes import KEPT
from medai.io._dicom import is_dicom
from medai.io._faults import reading
from medai.io._grids import LPS
from medai.io._pseudonym import pseudonym, pseudonymous_uid
from medai.tasks import Image

_GEOMETRY = ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "SliceLocation")
_TECHNICAL = (
    *KEPT,
    *("PositionReferenceIndicator", "ScanOptions", "InstanceNumber", "AcquisitionNumber"),
    *("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "BurnedInAnnotation", "LossyImageCompressionMethod"),
)
_PATIENT = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex"),
    *("OtherPatientIDs", "PatientAge", "PatientSize", "PatientWeight", "StudyDate", "StudyTime", "StudyID", "StudyDescription"),
    *("AccessionNumber", "IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "PhysiciansOfRecord", "AcquisitionDate"),
    *("AcquisitionTime", "ProtocolName"),
)
_REQUIRED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
    *("ReferringPhysicianName", "Manufacturer"),
)
_REGION = (
    *("RegionSpatialFormat", "RegionDataType", "RegionFlags", "RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1"),
    *("RegionLocationMaxY1", "PhysicalUnitsXDirection", "PhysicalUnitsYDirection", "PhysicalDeltaX", "PhysicalDeltaY"),
)
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")


def plane_headers(image: Image, *, identified: bool = False) -> list[Dataset]:
    """A header for each plane of an image or a volume that was read from DICOM, without pixels.

    Each holds the UIDs of the plane (study, series, instance, frame of reference), its size and place in the patient, the technical
    values of `medai.io.KEPT`, and the elements that DICOM requires of a patient and a study, which are empty.

    Args:
        image: (C, H, W) or (C, D, H, W), with the files that it was read from: one for each plane, or one of several frames.
        identified: take over who the patient is, when the study was made, and the UIDs themselves. Else the patient's id is a
            pseudonym and so are the UIDs, the same for the same source and `MEDAI_PSEUDONYM_KEY`.

    Raises:
        DataError: the image came from no DICOM file, or its planes are not those of its files in number or size.
    """
    files = () if image.origin is None else image.origin.files
    if not files:
        raise DataError("nothing says from which files the image was read, so that it cannot be put back among them")
    count = image.pixels.shape[1] if image.pixels.ndim == 4 else 1
    sources = [_read(path) for path in files]
    if len(files) not in (1, count):
        raise DataError(f"an image of {count} planes from {len(files)} files", files[0])
    headers = [_header(source, path, identified) for source, path in zip(sources, files, strict=True)]
    if len(files) < count or _has_frames(sources[0]):
        headers = _frames(headers[0], image, count)
    _require_size(headers[0], image, files[0])
    for header in headers:
        if not header.get("ImagePositionPatient"):
            # Without a position it is in no frame of reference, whatever its source says.
            header.pop("FrameOfReferenceUID", None)
    return headers


def _read(path: Path) -> Dataset:
    with reading(path, "DICOM"):
        if not is_dicom(path):
            raise DataError("not DICOM: what is derived as DICOM needs a DICOM source for its patient and its place", path)
        header = pydicom.dcmread(path, stop_before_pixels=True)
        # Anonymisers blank the UIDs of the data set and forget those of the file's own header.
        for keyword in ("SOPClassUID", "SOPInstanceUID"):
            if not header.get(keyword):
                setattr(header, keyword, header.file_meta.get(f"MediaStorage{keyword}", ""))
        return header


def _header(source: Dataset, path: Path, identified: bool) -> Dataset:
    header = Dataset()
    with reading(path, "DICOM"):
        _take(source, header, (*_GEOMETRY, *_TECHNICAL, *(_PATIENT if identified else ())))
        # UTF-8 holds the source's names as well as those of classes and descriptions.
        header.SpecificCharacterSet, header.SOPClassUID = "ISO_IR 192", source.SOPClassUID
        for keyword in _UIDS:
            uid = str(source.get(keyword) or "") or _stand_in(source, keyword, path)
            setattr(header, keyword, uid if identified else pseudonymous_uid(uid))
        if "SequenceOfUltrasoundRegions" in source:
            header.SequenceOfUltrasoundRegions = Items(_taken(item, _REGION) for item in source.SequenceOfUltrasoundRegions)
        if not identified:
            _hide(source, header)
        for keyword in _REQUIRED:
            if keyword not in header:
                setattr(header, keyword, None)
    return header


def _stand_in(source: Dataset, keyword: str, path: Path) -> str:
    """A UID for one that is blank, from what the files of one study or series have in common."""
    common = (source.get("FrameOfReferenceUID"), source.get("PatientID"), source.get("StudyDate"), path.parent.name)
    own = {"SOPInstanceUID": path.name, "SeriesInstanceUID": source.get("SeriesNumber")}.get(keyword, "")
    return pseudonymous_uid("/".join(map(str, (keyword, *common, own))))


def _hide(source: Dataset, header: Dataset) -> None:
    patient, issuer = (str(source.get(keyword) or "").strip() for keyword in ("PatientID", "IssuerOfPatientID"))
    # As listings name the patient, so that the id is the one in the ids of cases.
    header.PatientID = pseudonym(f"id {issuer}/{patient}" if issuer else f"id {patient}") if patient else ""
    header.PatientName = f"anonymous^{header.PatientID}" if patient else ""
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "medai: listed elements only, UIDs and id by pseudonym"


def _take(source: Dataset, target: Dataset, keywords: Iterable[str]) -> None:
    for keyword in keywords:
        if keyword in source:
            target.add(source[keyword])


def _taken(source: Dataset, keywords: Iterable[str]) -> Dataset:
    target = Dataset()
    _take(source, target, keywords)
    return target


def _has_frames(source: Dataset) -> bool:
    return "PerFrameFunctionalGroupsSequence" in source


def _frames(header: Dataset, image: Image, count: int) -> list[Dataset]:
    """A header for each plane of a volume from one file: placed by the volume's affine, since readers put frames in order."""
    headers = []
    for index in range(count):
        frame = copy.deepcopy(header)
        frame.InstanceNumber = index + 1
        if image.affine is not None and image.pixels.ndim == 4:
            _place(frame, image.affine, index)
        headers.append(frame)
    return headers


def _place(header: Dataset, affine: np.ndarray[Any, Any], index: int) -> None:
    """Write the place of plane `index` of a volume."""
    steps = (LPS @ affine)[:3]
    lengths = np.linalg.norm(steps[:, :3], axis=0)
    # The first triple of the orientation runs along a row, so it is the direction of the column index.
    header.ImageOrientationPatient = _decimals([*(steps[:, 2] / lengths[2]), *(steps[:, 1] / lengths[1])])
    header.ImagePositionPatient = _decimals(steps @ [index, 0, 0, 1])
    header.PixelSpacing = _decimals(lengths[1:])
    if _geometry.numbers(header, "SliceThickness", 1) is None:
        header.SliceThickness = format_number_as_ds(float(lengths[0]))


def _decimals(values: Iterable[float]) -> list[str]:
    return [format_number_as_ds(float(value)) for value in values]


def _require_size(header: Dataset, image: Image, path: Path) -> None:
    found, wanted = tuple(image.pixels.shape[-2:]), (int(header.Rows), int(header.Columns))
    if found != wanted:
        raise DataError(f"the answer is of {found[0]} x {found[1]} pixels, its source of {wanted[0]} x {wanted[1]}", path)

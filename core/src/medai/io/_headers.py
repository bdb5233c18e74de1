"""One DICOM header, reduced to what a listing asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import UID

from medai.errors import DataError, MemoryFault
from medai.io import _frames, _geometry
from medai.io._dicom_file import Parse, parsed
from medai.io._faults import reading
from medai.io._geometry import Plane, written

TAGS = [
    Tag(keyword)
    for keyword in (
        *("PatientID", "IssuerOfPatientID", "PatientSex", "PatientBirthDate", "Modality", "ImageType"),
        *("SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SeriesNumber", "InstanceNumber"),
        *("Rows", "Columns", "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
        *("SliceThickness", "SpacingBetweenSlices", "GridFrameOffsetVector"),
        *(*_frames.GROUPS, *_frames.MARKS),
    )
]
# The last tag of images of one plane; what is said of frames, and most of what a maker adds, comes after it.
_LAST = Tag("PixelSpacing")


@dataclass(frozen=True, eq=False)
class Header:
    """What a listing needs of one file; `folder` stands for the patient where the header does not name one.

    `planes` has one per frame where the header says how frames lie, else one; `marks` has beside each what tells volumes apart.
    """

    path: Path
    folder: str
    patient: str = ""
    sex: str = ""
    birth: str = ""
    series: str = ""
    identity: str = ""
    modality: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    instance: int = 0
    planes: Sequence[Plane] = ()
    marks: Sequence[_frames.Marks] = ()
    fault: str = ""

    @property
    def position(self) -> float | None:
        """Millimetres along the normal, of an image of one plane."""
        return self.planes[0].position if len(self.planes) == 1 else None

    @property
    def order(self) -> tuple[bool, float, int, str]:
        """By position; what has none comes last, by instance number, then by name."""
        return self.position is None, self.position or 0.0, self.instance, self.path.name


def listed(path: Path) -> Dataset | None:
    """What a listing needs of a file's header; None when it is no DICOM."""
    header = parsed(path, TAGS, until=_LAST)
    frames = header is not None and written(header, "NumberOfFrames") is not None
    return parsed(path, TAGS) if frames else header


def read_header(path: Path, folder: str, parse: Parse = listed) -> Header | None:
    """The header of a DICOM image that is not a localizer; None for any other file; with its fault where it is damaged."""
    try:
        with reading(path, "DICOM"):
            header = parse(path)
            if header is None or "LOCALIZER" in _text(header, "ImageType"):
                return None
            if written(header, "Rows") is None or written(header, "Columns") is None:
                return Header(path, folder, fault="truncated in its header") if _of_images(header) else None
            return _header(path, folder, header)
    except DataError as error:
        return Header(path, folder, fault=error.reason)
    except MemoryFault:
        return Header(path, folder, fault="an element claims more than there is memory")


def _header(path: Path, folder: str, header: Dataset) -> Header:
    issuer, patient = _text(header, "IssuerOfPatientID"), _text(header, "PatientID")
    frames = _frames.frames_of(header)
    planes = [Plane.of(frame) for frame in frames]
    rows, columns = _size(header, "Rows"), _size(header, "Columns")
    return Header(
        path,
        folder,
        patient=f"{issuer}/{patient}" if issuer and patient else patient,
        sex=_text(header, "PatientSex"),
        birth=_text(header, "PatientBirthDate"),
        series=f"{_identity(header, folder)} {rows}x{columns} {_direction(planes)}",
        identity=_text(header, "SOPInstanceUID"),
        modality=_text(header, "Modality"),
        rows=rows,
        columns=columns,
        frames=_frames.frame_count(header),
        planes=planes,
        marks=[_frames.marks_of(frame) for frame in frames],
        instance=int(_geometry.number(header, "InstanceNumber") or 0),
    )


def _identity(header: Dataset, folder: str) -> str:
    identity = _text(header, "SeriesInstanceUID")
    return identity or "/".join((folder, _text(header, "FrameOfReferenceUID"), _text(header, "SeriesNumber")))


def _direction(planes: Sequence[Plane]) -> object:
    axes = planes[0].axes
    # Rounded, because scanners write the same orientation with differences in the last digit; + 0.0 makes -0.0 and 0.0 one.
    return "" if axes is None or len(planes) > 1 else [round(value, 2) + 0.0 for value in axes[:, [2, 1]].T.ravel().tolist()]


def _of_images(header: Dataset) -> bool:
    """Whether the file says that it holds an image, or is cut before it says what it holds."""
    storage = header.file_meta.get("MediaStorageSOPClassUID")
    return storage is None or "Image Storage" in UID(str(storage)).name


def _size(header: Dataset, keyword: str) -> int:
    element = written(header, keyword)
    if isinstance(element, RawDataElement) and element.VR == "US" and len(element.value or b"") == 2:
        return int.from_bytes(element.value or b"", "little" if element.is_little_endian else "big")
    return int(header.get(keyword))


def _text(header: Dataset, keyword: str) -> str:
    element = written(header, keyword)
    if isinstance(element, RawDataElement) and (element.value is None or element.value.isascii()):
        # What pydicom would give, for a tenth of the time.
        return (element.value or b"").decode("ascii").rstrip("\0 ").strip()
    value = None if element is None else header.get(keyword)
    return "" if value is None else str(value).strip()

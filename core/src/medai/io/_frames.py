"""The frames of one DICOM file: what the functional groups of an enhanced image say of each (DICOM PS3.3, C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydicom import Dataset
from pydicom.tag import Tag

from medai.io import _geometry
from medai.io._geometry import Plane

MARKS = (
    *("StackID", "FrameType", "ImageType", "EffectiveEchoTime", "EchoTime", "TemporalPositionIndex", "TemporalPositionIdentifier"),
    *("DiffusionBValue", "DiffusionGradientOrientation", "ReferencedSegmentNumber", "InversionTime", "FlipAngle"),
    *("NominalCardiacTriggerDelayTime", "TriggerTime", "AcquisitionNumber"),
)
"""What tells volumes apart that lie in one place, in the order in which it is tried."""

Marks = Mapping[str, object]

_MARKS = {Tag(keyword): keyword for keyword in MARKS}

GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def frame_count(header: Dataset) -> int:
    """Frames as the header claims, at least 0; 1 where it says nothing.

    Raises:
        ValueError: it is no number.
    """
    element = _geometry.written(header, "NumberOfFrames")
    if element is None or not element.value:
        return 1
    count = _geometry.number(header, "NumberOfFrames")
    if count is None:
        raise ValueError("NumberOfFrames is no number")
    return int(count) or 1


def frames_of(header: Dataset) -> list[Dataset]:
    """What the functional groups say of each frame, flat; of an image without groups, the header itself, once.

    Raises:
        ValueError: more or fewer frames are described than the image has.
    """
    if _geometry.written(header, "PerFrameFunctionalGroupsSequence") is None:
        return [header] if _geometry.written(header, "GridFrameOffsetVector") is None else _dose_planes(header)
    each, shared = header.PerFrameFunctionalGroupsSequence, header.get("SharedFunctionalGroupsSequence") or []
    if len(each) != frame_count(header):
        raise ValueError(f"it says that it has {frame_count(header)} frames and describes {len(each)}")
    common = list(_elements(shared))
    return [_flat([*common, *_elements([groups])]) for groups in each]


def marks_of(header: Dataset) -> Marks:
    """What tells its volume apart, by keyword: values to compare, as they are written where they are not decoded yet."""
    found: dict[str, object] = {}
    for tag in _MARKS.keys() & header.keys():
        value = header.get_item(tag).value
        found[_MARKS[tag]] = value if isinstance(value, bytes) else str(value)
    return found


def volumes(planes: Sequence[Plane], marks: Sequence[Marks]) -> list[list[int]]:
    """Which planes belong to which volume, each in order of position; where no position is given, all in the order given.

    Planes of different orientation or spacing are different volumes. Where positions repeat, volumes are told apart by the first of
    `MARKS` that differ; what none tells apart stays together.
    """
    if any(plane.position is None for plane in planes):
        return [list(range(len(planes)))]
    found = []
    for part in _by([(_direction(plane), np.round(plane.spacing, 4).tobytes()) for plane in planes], range(len(planes))):
        found += _apart(sorted(part, key=lambda index: planes[index].position or 0.0), planes, marks, MARKS)
    return found


def _apart(part: list[int], planes: Sequence[Plane], marks: Sequence[Marks], keywords: Sequence[str]) -> list[list[int]]:
    positions = np.array([planes[index].position for index in part])
    if not keywords or len(part) < 2 or np.diff(positions).min() > 1e-3:
        return [part]
    pieces = _by([marks[index].get(keywords[0]) for index in part], part)
    return [piece for members in pieces for piece in _apart(members, planes, marks, keywords[1:])]


def _by(keys: Sequence[object], members: Sequence[int]) -> list[list[int]]:
    pieces: dict[object, list[int]] = {}
    for key, member in zip(keys, members, strict=True):
        pieces.setdefault(key, []).append(member)
    return list(pieces.values())


def _direction(plane: Plane) -> object:
    # Rounded, because scanners write the same orientation with differences in the last digit; + 0.0 makes -0.0 and 0.0 one.
    return None if plane.axes is None else tuple((np.round(plane.axes, 2) + 0.0).ravel().tolist())


def _elements(groups: Sequence[Dataset]) -> Iterator[Dataset]:
    for group in groups:
        for element in group:
            if element.VR == "SQ" and element.value:
                yield element.value[0]


def _flat(parts: Sequence[Dataset]) -> Dataset:
    flat = Dataset()
    for part in parts:
        flat.update(part)
    return flat


def _dose_planes(header: Dataset) -> list[Dataset]:
    """A header per plane of a dose, whose planes lie at offsets along the normal (DICOM PS3.3, C.8.8.3.2)."""
    count = frame_count(header)
    offsets, plane = _geometry.numbers(header, "GridFrameOffsetVector", count), Plane.of(header)
    if offsets is None or offsets[0] != 0 or plane.corner is None or plane.axes is None:
        return [header]
    found = []
    for offset in offsets:
        frame = _flat([header])
        # A new element, because frames share theirs; a float has more digits than DICOM's text, so the value is no text.
        frame.add_new("ImagePositionPatient", "FD", (plane.corner + offset * plane.axes[:, 0]).tolist())
        found.append(frame)
    return found

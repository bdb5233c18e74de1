"""DICOM series: the volumes of a folder, from their headers, and one of them as an image."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai.errors import DataError
from medai.io import _attributes, _frames, _geometry
from medai.io._dicom import Content, attributes_of, read_content
from medai.io._dicom_file import Parse
from medai.io._faults import check_size, reading
from medai.io._geometry import Layout, Plane
from medai.io._headers import Header, listed
from medai.io._heads import Heads
from medai.io._slices import grouped, headers_of, with_patient_folder
from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Series:
    """Parallel planes of one size that make a volume, without their pixels.

    Attributes:
        id: names no patient: pseudonyms of patient and series, and a number where one series holds several volumes (echoes, times).
        patient: pseudonym of the patient.
        modality: as DICOM writes it.
        files: in order of position; of an enhanced multi-frame file, that file alone.
        rows: height of a plane, in pixels.
        columns: width of a plane, in pixels.
        frames: of an enhanced multi-frame file, the indices of its frames in order of position; else empty.
        spacing: mm between planes, rows and columns; empty where the headers do not say.
        orientation: where each growing index leads, as `Origin.orientation`; of the pixels that `read_series` gives.
        tilt: degrees between the direction in which planes are stacked and their normal (a tilted gantry).
        even: whether planes are evenly spaced: each lies within 5 % of a step of its place.
        missing: planes that seem to be missing, by gaps of a multiple of the usual step.
        fault: why `read_series` refuses it; empty when it does not, as far as headers tell.
    """

    id: str
    patient: str
    modality: str
    files: tuple[Path, ...]
    rows: int
    columns: int
    frames: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    tilt: float = 0.0
    even: bool = True
    missing: int = 0
    fault: str = ""

    @property
    def planes(self) -> int:
        """How many planes it has."""
        return len(self.frames or self.files)


def list_series(root: Path | str, *, modality: str | None = None) -> Sequence[Series]:
    """All DICOM series under `root` (a folder, or one file), ordered by patient and series; no pixels are read.

    Series are told apart by identity, orientation, size and spacing, whatever their files are called; where several planes of one lie
    in one place, by what differs between them (kind of image, echo, time, diffusion, acquisition). Files are found and patients named
    as `list_slices` says. A file whose header is damaged is a series of its own with its `fault`.

    Args:
        root: a folder, or one file.
        modality: list this modality alone; files of another are passed over with a warning.

    Raises:
        DataError: `root` is missing or holds no DICOM image; none is of the modality.
    """
    return _listed(Path(root), modality)


def _listed(root: Path, modality: str | None, parse: Parse = listed) -> Sequence[Series]:
    groups = grouped(headers_of(with_patient_folder(root), parse))
    found = [series for patient, name, headers in groups for series in _series(f"{patient}-{name}", patient, headers)]
    if not found:
        raise DataError("holds no DICOM images" if root.is_dir() else "is not a DICOM image", root)
    others = sorted({item.modality or "no modality" for item in found if modality not in (None, item.modality) and item.rows})
    chosen = [item for item in found if modality in (None, item.modality) or not item.rows]
    if others and not any(item.rows for item in chosen):
        raise DataError(f"not a {modality}: holds {', '.join(others)}"[:200], root)
    if others:
        warnings.warn(f"{root}: series that are no {modality} are passed over: {', '.join(others)}", stacklevel=3)
    return chosen


def read_series(source: Series | Path | str, *, modality: str | None = None) -> Image:
    """Read one series as a volume, its planes in order of position.

    Values and units are those of `read_image`. `Image.origin` has the affine from the first plane to the last, which is sheared where
    the gantry was tilted; the tilt; the files, one per plane; and those technical values (`KEPT`) that all planes share. A series of one
    plane takes the step from its spacing between slices, else its thickness, else 1 mm.

    Args:
        source: a series of `list_series`, or a folder (or an enhanced multi-frame file) that holds exactly one.
        modality: what it must be (`"CT"`); None: anything.

    Returns:
        pixels (1, D, H, W), of colour (3, D, H, W).

    Raises:
        DataError: several series; planes missing, repeated, unevenly spaced (more than 5 % of a step from their place) or without
            positions; or a file that `read_image` refuses.
        MemoryFault: too little memory.
    """
    heads = Heads()
    series = source if isinstance(source, Series) else _only(_listed(Path(source), modality, heads.header), Path(source))
    if series.fault:
        raise DataError(series.fault, series.files[0])
    contents = _contents(series, modality, heads)
    first = next(contents)
    plane = Plane.of(first.frames[0])
    shape = (first.pixels.shape[0], series.planes, series.rows, series.columns)
    with reading(series.files[0], "DICOM"):
        check_size(shape, series.files[0])
        volume = np.empty(shape, np.float32)
        written, attributes, planes = _attributes.written(first.header), attributes_of(first.header, first.frames), [plane]
        volume[:, : first.pixels.shape[1]] = first.pixels
    if series.frames:
        planes = [Plane.of(frame) for frame in first.frames]
    for index, content in enumerate(contents, start=1):
        _check_alike(content, first, series.files[index])
        volume[:, index] = content.pixels[:, 0]
        planes.append(Plane.of(content.frames[0]))
        _attributes.drop_differing(attributes, written, content.header)
    return _image(volume, first.unit, series, planes, attributes)


def _only(found: Sequence[Series], root: Path) -> Series:
    for series in found:
        if series.fault and not series.rows:
            raise DataError(series.fault, series.files[0])
    if len(found) > 1:
        raise DataError(f"holds {len(found)} series where one is wanted: choose one that `list_series` gives", root)
    return found[0]


def _contents(series: Series, modality: str | None, heads: Heads) -> Iterator[Content]:
    """Each file's planes; of an enhanced file, the frames of the series in order of position."""
    for path in series.files:
        with reading(path, "DICOM"):
            content = read_content(path, modality, heads.whole)
            if content.pixels.shape[2:] != (series.rows, series.columns):
                raise DataError("its size is not that of its series", path)
            if series.frames:
                if max(series.frames) >= min(content.pixels.shape[1], len(content.frames)):
                    raise DataError("it has fewer frames than its series", path)
                order = list(series.frames)
                content = replace(content, pixels=content.pixels[:, order], frames=[content.frames[index] for index in order])
            elif content.pixels.shape[1] != 1:
                raise DataError("it has several frames where its series has one", path)
        yield content


def _check_alike(content: Content, first: Content, path: Path) -> None:
    if content.pixels.shape[0] != first.pixels.shape[0] or content.unit != first.unit:
        raise DataError("its colours or its unit are not those of its series", path)


def _image(volume: Array, unit: str, series: Series, planes: Sequence[Plane], attributes: dict[str, str | float]) -> Image:
    layout = _geometry.layout(planes)
    if layout is not None and layout.fault:
        raise DataError(layout.fault, series.files[0])
    if layout is None and len(planes) > 1:
        raise DataError("its planes have no positions", series.files[0])
    for keyword in _attributes.SPACINGS:
        attributes.pop(keyword, None)
    if layout is None:
        origin = Origin(series.files, attributes=attributes)
    else:
        origin = Origin(series.files, layout.affine, layout.spacing, layout.tilt, attributes)
    return Image(torch.from_numpy(volume), unit, origin)


def _series(name: str, patient: str, headers: Sequence[Header]) -> Iterator[Series]:
    damaged = [header for header in headers if header.fault]
    for header in damaged:
        yield Series(f"{name}-{damaged.index(header)}", patient, "", (header.path,), 0, 0, fault=header.fault)
    sound = [header for header in headers if not header.fault]
    single = [header for header in sound if header.frames == 1]
    found = [*_volumes(single), *(item for header in sound if header.frames != 1 for item in _of_frames(header))]
    for number, item in enumerate(found, start=1):
        yield replace(item, id=name if len(found) == 1 else f"{name}-{number}", patient=patient)


def _volumes(headers: Sequence[Header]) -> Iterator[Series]:
    """The volumes among files of one plane each."""
    # The order of the files' instance numbers is kept where there are no positions.
    planes, marks = [header.planes[0] for header in headers], [header.marks[0] for header in headers]
    for part in _frames.volumes(planes, marks) if headers else ():
        files = tuple(headers[index].path for index in part)
        yield _described(headers[part[0]], files, (), [planes[index] for index in part])


def _of_frames(header: Header) -> Iterator[Series]:
    """The volumes in one file of several frames."""
    if len(header.planes) != header.frames:
        yield replace(_described(header, (header.path,), (), ()), fault="its frames have no positions: read it with `read_image`")
        return
    for part in _frames.volumes(header.planes, header.marks):
        yield _described(header, (header.path,), tuple(part), [header.planes[index] for index in part])


def _described(header: Header, files: tuple[Path, ...], frames: tuple[int, ...], planes: Sequence[Plane]) -> Series:
    layout = _geometry.layout(planes) if planes else None
    series = Series("", "", header.modality[:16], files, header.rows, header.columns, frames)
    if layout is None:
        return replace(series, even=len(planes) == 1, fault="" if len(planes) == 1 else "its planes have no positions")
    return replace(
        series,
        spacing=layout.spacing,
        orientation=_orientation(layout),
        tilt=layout.tilt,
        even=layout.even,
        missing=layout.missing,
        fault=layout.fault,
    )


def _orientation(layout: Layout) -> str:
    return Origin(affine=layout.affine, spacing=layout.spacing).orientation

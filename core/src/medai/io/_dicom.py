"""One DICOM file as an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydicom import Dataset

from medai.errors import DataError
from medai.io import _attributes, _calibrations, _decoders, _frames, _geometry, _values
from medai.io._dicom_file import Parse, is_dicom
from medai.io._faults import check_size, reading
from medai.io._geometry import Layout, Plane
from medai.io._heads import whole
from medai.tasks import Image, Origin

__all__ = ["Content", "attributes_of", "is_dicom", "read_content", "read_dicom"]

Array = np.ndarray[Any, Any]

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, eq=False)
class Content:
    """A file's pixels, float32 (channels, frames, rows, columns), and what is needed beside them; stays inside the readers."""

    pixels: Array
    unit: str
    header: Dataset
    frames: Sequence[Dataset]


def read_dicom(path: Path, modality: str | None = None) -> Image:
    """One DICOM file, as `medai.io.read_image` says."""
    with reading(path, "DICOM"):
        content = read_content(path, modality)
        flat = content.pixels.shape[1] == 1
        order, layout = (None, None) if flat else _volume(content)
        pixels = content.pixels[:, 0] if flat else content.pixels if order is None else content.pixels[:, order]
        return Image(torch.from_numpy(np.ascontiguousarray(pixels)), content.unit, _origin(path, content, layout))


def read_content(path: Path, modality: str | None = None, parse: Parse = whole) -> Content:
    """A file's values in physical units, frames in stored order; `parse` gives its header and its pixels, still encoded.

    Raises:
        DataError: as `medai.io.read_image`. Decoders raise whatever they like on top: call it within `reading`.
    """
    header = parse(path)
    if header is None:
        raise DataError("not DICOM", path)
    _require(header, modality, path)
    frames, samples = _frames.frame_count(header), int(header.get("SamplesPerPixel") or 1)
    check_size((samples, frames, int(header.Rows), int(header.Columns)), path)
    described = _frames.frames_of(header)
    stored = _decoders.stored_values(header, frames, path)
    pixels, unit = _values.physical(stored, header, described, path)
    if stored.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise DataError(f"NaN or infinite pixels: {int((~np.isfinite(pixels)).sum())} of {pixels.size}", path)
    return Content(pixels, unit, header, described)


def _require(header: Dataset, modality: str | None, path: Path) -> None:
    actual = str(header.get("Modality") or "unknown")
    if modality is not None and actual != modality:
        raise DataError(f"not a {modality}: its modality is {actual[:16]}", path)
    if "Rows" not in header or "Columns" not in header:
        raise DataError("holds no image, or is truncated in its header", path)
    if not any(keyword in header for keyword in _PIXELS):
        raise DataError("truncated: its pixels are missing or cut short", path)


def _volume(content: Content) -> tuple[list[int] | None, Layout | None]:
    """The order of the frames of a volume by position, and how they lie; None where they are no single, evenly spaced volume."""
    if len(content.frames) != content.pixels.shape[1]:
        return None, None
    planes = [Plane.of(frame) for frame in content.frames]
    parts = _frames.volumes(planes, [_frames.marks_of(frame) for frame in content.frames])
    layout = _geometry.layout([planes[index] for index in parts[0]]) if len(parts) == 1 else None
    return (None, None) if layout is None or layout.fault else (parts[0], layout)


def _origin(path: Path, content: Content, layout: Layout | None) -> Origin:
    header, frames = content.header, content.frames
    regions = _calibrations.calibrations(header)
    attributes = attributes_of(header, frames)
    if layout is not None:
        return Origin((path,), layout.affine, layout.spacing, layout.tilt, attributes, regions)
    plane = Plane.of(frames[0])
    # Without a volume, what all frames share is the spacing within the frame.
    spacing = _calibrations.shared_spacing(regions) if any(region.spacing for region in regions) else plane.spacing
    for keyword in _attributes.SPACINGS:
        if spacing or regions:
            attributes.pop(keyword, None)
        else:
            spacing = _geometry.spacing(header, keyword)
    return Origin((path,), plane.affine if content.pixels.shape[1] == 1 else None, spacing, 0.0, attributes, regions)


def attributes_of(header: Dataset, frames: Sequence[Dataset]) -> dict[str, str | float]:
    """What is kept of a header and of what its frames share."""
    own = _attributes.kept(header)
    return own if frames[0] is header else {**_attributes.kept(frames[0], frames[1:]), **own}

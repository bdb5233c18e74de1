"""The scales of an ultrasound picture, region by region (DICOM PS3.3, C.8.5.5)."""

from __future__ import annotations

import math

from pydicom import Dataset

from medai.io import _geometry
from medai.tasks import Calibration

_KINDS = {0: "none", 1: "2D (tissue or flow)", 2: "M-Mode", 3: "spectral", 4: "waveform", 5: "graphics"}
_CENTIMETRES = 3
_CORNERS = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")


def calibrations(header: Dataset) -> tuple[Calibration, ...]:
    """Regions that lie in the picture, in the file's order; damaged ones are left out."""
    rows, columns = int(header.Rows), int(header.Columns)
    found = []
    for item in header.get("SequenceOfUltrasoundRegions") or ():
        corners = [_geometry.number(item, keyword) for keyword in _CORNERS]
        if None in corners:
            continue
        left, top, right, bottom = (int(corner) for corner in corners if corner is not None)
        # DICOM's box includes its last row and column.
        box = (max(left, 0), max(top, 0), min(right + 1, columns), min(bottom + 1, rows))
        if box[0] < box[2] and box[1] < box[3]:
            kind = _geometry.number(item, "RegionSpatialFormat")
            found.append(Calibration(box, _spacing(item), _KINDS.get(int(kind or 0), "none")))
    return tuple(found)


def shared_spacing(regions: tuple[Calibration, ...]) -> tuple[float, ...]:
    """The spacing on which all regions of tissue agree within 0.1 %; empty where they do not, or there are none."""
    spatial = [region.spacing for region in regions if region.spacing and region.kind == _KINDS[1]]
    if not spatial or any(not math.isclose(one, two, rel_tol=1e-3) for item in spatial for one, two in zip(item, spatial[0], strict=True)):
        return ()
    return spatial[0]


def _spacing(item: Dataset) -> tuple[float, ...]:
    steps = []
    for axis in "YX":
        units, delta = _geometry.number(item, f"PhysicalUnits{axis}Direction"), _geometry.number(item, f"PhysicalDelta{axis}")
        if units != _CENTIMETRES or not delta:
            return ()
        # A falling axis has a negative step.
        steps.append(10 * abs(delta))
    return tuple(steps)

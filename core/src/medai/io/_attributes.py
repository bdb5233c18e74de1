"""What is kept of a DICOM header: a list of technical values. Whatever is not in it does not leave the readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydicom import Dataset
from pydicom.tag import Tag

KEPT = (
    *("Modality", "Manufacturer", "ManufacturerModelName", "BodyPartExamined", "Laterality", "ImageLaterality", "ViewPosition"),
    *("KVP", "XRayTubeCurrent", "ExposureTime", "Exposure", "CTDIvol", "ConvolutionKernel", "FilterType", "FocalSpots"),
    *("GantryDetectorTilt", "SpiralPitchFactor", "TotalCollimationWidth", "SingleCollimationWidth", "DataCollectionDiameter"),
    *("ReconstructionDiameter", "DistanceSourceToDetector", "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor"),
    *("SliceThickness", "SpacingBetweenSlices", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType"),
    *("ScanningSequence", "SequenceVariant", "MRAcquisitionType", "RepetitionTime", "EchoTime", "EffectiveEchoTime", "InversionTime"),
    *("EchoTrainLength", "FlipAngle", "NumberOfAverages", "MagneticFieldStrength", "ImagingFrequency", "PixelBandwidth"),
    *("DiffusionBValue", "TransducerType", "TransducerFrequency", "FrameTime", "CineRate", "Units", "RescaleType", "DoseUnits"),
    *("PatientPosition", "PhotometricInterpretation", "BitsStored", "LossyImageCompression", "LossyImageCompressionRatio"),
)
"""The DICOM keywords whose values readers keep, in `Origin.attributes`; nothing else of a header leaves them.

Numbers are float; several values are joined by a backslash, as DICOM writes them. `ImagerPixelSpacing` and
`NominalScannedPixelSpacing` are there when `spacing` is one of them: millimetres where the rays arrive or on the film, of which lengths
in the patient are a part (`EstimatedRadiographicMagnificationFactor`).
"""

SPACINGS = ("ImagerPixelSpacing", "NominalScannedPixelSpacing")
"""Where the spacing of a projection is found when the patient's is not known."""

_TAGS = {keyword: Tag(keyword) for keyword in KEPT}
_LONGEST = 64  # letters: DICOM's own limit for values of these kinds


def kept(header: Dataset, others: Iterable[Dataset] = ()) -> dict[str, str | float]:
    """The values of `KEPT` that a header has, less those that are not the same in the `others` of its series."""
    first = written(header)
    found = {keyword: value for keyword in first if (value := _plain(header[_TAGS[keyword]].value)) != ""}
    for other in others:
        drop_differing(found, first, other)
    return found


def written(header: Dataset) -> dict[str, object]:
    """The values of `KEPT` as the file writes them, where they are not decoded yet: to compare headers at little cost."""
    # pydicom's own way to ask for an element costs more than the comparison.
    there = header.keys()
    return {keyword: header.get_item(tag).value for keyword, tag in _TAGS.items() if tag in there}


def drop_differing(found: dict[str, str | float], first: Mapping[str, object], other: Dataset) -> None:
    """Drop from `found` what another header of the series does not have, or has otherwise than `first`."""
    theirs = written(other)
    for keyword in [keyword for keyword in found if theirs.get(keyword) != first.get(keyword)]:
        del found[keyword]


def _plain(value: Any) -> str | float:
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, int | float):
        return float(value)
    parts = value if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
    text = "\\".join(str(part) for part in parts)
    return text.strip()[:_LONGEST] if text.isprintable() else ""

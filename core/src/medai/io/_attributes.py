"""What is kept of a DICOM header: a list of technical values. Whatever is not in it does not leave the readers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydicom import Dataset
from pydicom.tag import BaseTag, Tag

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
    found = {keyword: value for keyword, tag in _TAGS.items() if tag in header and (value := _plain(header[tag].value)) != ""}
    for other in others:
        for keyword in differing(header, other, found):
            del found[keyword]
    return found


def differing(header: Dataset, other: Dataset, keywords: Iterable[str]) -> list[str]:
    """Those of the `keywords` whose values differ in two headers; compared as written, so that it costs little."""
    return [keyword for keyword in keywords if _written(header, _TAGS[keyword]) != _written(other, _TAGS[keyword])]


def _written(header: Dataset, tag: BaseTag) -> object:
    element = header.get_item(tag) if tag in header else None
    return None if element is None else element.value


def _plain(value: Any) -> str | float:
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, int | float):
        return float(value)
    parts = value if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
    text = "\\".join(str(part) for part in parts)
    return text.strip()[:_LONGEST] if text.isprintable() else ""

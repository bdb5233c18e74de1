"""One derived DICOM image: what its kind requires, its pixels, and what says from which image it was computed."""

from __future__ import annotations

import importlib.metadata
from typing import Any

import numpy as np
import torch
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from medai.io._stored_values import Storage

Array = np.ndarray[Any, Any]

_CLASSES: dict[str, UID] = {"CT": CTImageStorage, "MR": MRImageStorage, "US": UltrasoundImageStorage}
_TYPES: dict[UID, tuple[str, ...]] = {CTImageStorage: ("AXIAL",), MRImageStorage: ("OTHER",)}
_PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_EMPTY: dict[UID, tuple[str, ...]] = {
    CTImageStorage: ("KVP", "AcquisitionNumber"),
    MRImageStorage: ("ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength"),
}
_DERIVATION = Code("DERIVED_BY_MODEL", "99MEDAI", "Computed from the source image by a model")


def derived_image(
    header: Dataset, pixels: torch.Tensor, storage: Storage, *, method: str, window: tuple[float, float] | None
) -> FileDataset:
    """The file of a plane (C, H, W) in the place that `header` (of `plane_headers`) says; its series is for the caller to name."""
    kind = _class_of(header, storage)
    file = FileDataset("", header, preamble=b"\0" * 128, file_meta=FileMetaDataset())
    file.SourceImageSequence = Items([_reference(header)])
    file.DerivationDescription = f"computed by medai {_version()}" + (f", {method}" if method else "")
    file.DerivationCodeSequence = Items([_code(_DERIVATION)])
    file.SOPClassUID, file.SOPInstanceUID = kind, generate_uid()
    file.file_meta.MediaStorageSOPClassUID, file.file_meta.MediaStorageSOPInstanceUID = kind, file.SOPInstanceUID
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.ImageType = ["DERIVED", "SECONDARY", *_TYPES.get(kind, ())]
    file.SeriesNumber = None
    file.ContributingEquipmentSequence = Items([_equipment()])
    _complete(file, kind)
    _add_pixels(file, pixels.detach().cpu().numpy(), storage)
    _add_window(file, pixels, window)
    return file


def _class_of(header: Dataset, storage: Storage) -> UID:
    modality = header.get("Modality")
    placed = all(header.get(keyword) for keyword in _PLACE)
    fits = {"CT": placed and storage.unit == "HU", "MR": placed and storage.unit != "0..1", "US": storage.unit == "0..1"}
    return _CLASSES[modality] if fits.get(modality) else SecondaryCaptureImageStorage


def _complete(file: Dataset, kind: UID) -> None:
    """What the kind of image requires and the source does not say."""
    for keyword in (*_EMPTY.get(kind, ()), "SliceThickness", "PositionReferenceIndicator"):
        if keyword not in file:
            setattr(file, keyword, None)
    if kind == MRImageStorage:
        file.ScanningSequence = file.get("ScanningSequence") or "RM"
        file.SequenceVariant = file.get("SequenceVariant") or "NONE"
    if kind == SecondaryCaptureImageStorage:
        file.ConversionType = "WSD"
    if not file.get("ImagePositionPatient"):
        file.pop("PositionReferenceIndicator", None)
        file.PatientOrientation = None


def _add_pixels(file: Dataset, pixels: Array, storage: Storage) -> None:
    stored = np.ascontiguousarray(storage.stored(pixels).transpose(1, 2, 0))
    file.SamplesPerPixel = stored.shape[-1]
    file.PhotometricInterpretation = "RGB" if stored.shape[-1] == 3 else "MONOCHROME2"
    if stored.shape[-1] == 3:
        file.PlanarConfiguration = 0
    file.BitsAllocated = 8 * stored.itemsize
    file.BitsStored, file.HighBit = storage.bits, storage.bits - 1
    file.PixelRepresentation = int(stored.dtype.kind == "i")
    for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
        file.pop(keyword, None)
    if storage.unit != "0..1":
        file.RescaleSlope, file.RescaleIntercept = format_number_as_ds(storage.slope), format_number_as_ds(storage.intercept)
        file.RescaleType = "HU" if storage.unit == "HU" else "US"
    content = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    file.add_new("PixelData", "OB" if stored.itemsize == 1 else "OW", content + b"\0" * (len(content) % 2))


def _add_window(file: Dataset, pixels: torch.Tensor, window: tuple[float, float] | None) -> None:
    if file.SamplesPerPixel == 3 or "RescaleSlope" not in file:
        # The source's window is of its own stored values, which may have run the other way.
        for keyword in ("WindowCenter", "WindowWidth"):
            file.pop(keyword, None)
        if window is None or file.SamplesPerPixel == 3:
            return
        window = (window[0] * (2**file.BitsStored - 1), window[1] * (2**file.BitsStored - 1))
    if window is None and file.get("WindowCenter") is not None and file.get("WindowWidth") is not None:
        return
    low, high = window or (float(pixels.min()), float(pixels.max()))
    file.WindowCenter, file.WindowWidth = format_number_as_ds((low + high) / 2), format_number_as_ds(max(high - low, 1.0))


def _reference(header: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    reference.SpatialLocationsPreserved = "YES"
    reference.PurposeOfReferenceCodeSequence = Items([_code(codes.DCM.SourceImageForImageProcessingOperation)])
    return reference


def _equipment() -> Dataset:
    equipment = Dataset()
    equipment.Manufacturer = equipment.ManufacturerModelName = "medai"
    equipment.SoftwareVersions = _version()
    equipment.ContributionDescription = "computed the pixels"
    equipment.PurposeOfReferenceCodeSequence = Items([_code(codes.DCM.ProcessingEquipment)])
    return equipment


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _version() -> str:
    return importlib.metadata.version("medai")

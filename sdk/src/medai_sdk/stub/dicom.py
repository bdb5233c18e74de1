"""Planes as DICOM files, for what writes answers back into the series that they came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medai.io import read_image
from medai.tasks import Image, Sample

_INTERCEPT = -1024
_THICKNESS = 2.5


def from_dicom(samples: Sequence[Sample[Any, Any]], folder: Path) -> list[Sample[Any, Any]]:
    """The samples as if their images had been read from DICOM: each becomes a CT file in `folder`, all of one series, and is read again.

    Args:
        samples: of images (1, H, W) in HU, of one size and spacing.
        folder: where `0001.dcm` and on are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for place, sample in enumerate(samples):
        path = folder / f"{place + 1:04d}.dcm"
        _write(path, sample.inputs, place)
        image = read_image(path)
        found.append(dataclasses.replace(sample, inputs=image, origin=image.origin))
    return found


def _write(path: Path, image: Image, place: int) -> None:
    values = image.pixels[0].numpy()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["stub", str(place)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = (
        generate_uid(entropy_srcs=["stub", word]) for word in ("study", "series", "frame")
    )
    data.PatientID, data.PatientName, data.Modality = "stub", "Stub", "CT"
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.StudyID = data.AccessionNumber = ""
    data.SeriesNumber, data.InstanceNumber, data.SliceThickness = 1, place + 1, _THICKNESS
    data.ImageOrientationPatient, data.PixelSpacing = [1, 0, 0, 0, 1, 0], [float(step) for step in image.spacing or (1.0, 1.0)]
    data.ImagePositionPatient = [-20.0, -30.0, _THICKNESS * place]
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, _INTERCEPT, "HU"
    data.PixelData = (np.clip(np.rint(values), _INTERCEPT, 3071) - _INTERCEPT).astype("<u2").tobytes()
    data.save_as(path, enforce_file_format=True)

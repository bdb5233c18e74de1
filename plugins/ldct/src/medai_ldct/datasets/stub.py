"""Small DICOM CT files, in the layout that scanners and archives give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from medai_ldct.datasets.phantom import Phantom

_SIZE = 64
_INTERCEPT = -1024


def write_stub(root: Path, n: int, seed: int) -> None:
    """`n` files of 64 x 64 under `root`, a folder and a series for each of at least two patients (one, if `n` is one)."""
    patients = min(max(2, n // 4), n)
    phantom = Phantom(subjects=patients, slices=-(-n // patients), size=_SIZE, seed=seed)
    cases = sorted(phantom.cases(), key=lambda case: case.id.rpartition("-")[2])[:n]
    for number, case in enumerate(cases):
        sample = phantom.read(case, np.random.default_rng(0))
        assert sample.origin is not None
        patient, place = number % patients, number // patients
        path = Path(root) / f"stub-{patient}" / f"{place:03d}.dcm"
        write_slice(path, sample.inputs.pixels[0].numpy(), sample.origin.spacing[0], f"stub-{seed}-{patient}", place)


def write_slice(
    path: Path,
    hu: np.ndarray[Any, Any],
    spacing: float,
    patient: str,
    place: int,
    *,
    series: str = "",
    thickness: float = 3.0,
    **elements: object,
) -> None:
    """One slice (rows, columns) in HU as a CT file, the same for the same arguments.

    Args:
        path: the file; its folder is made.
        hu: values; what the file cannot hold is cut off.
        spacing: millimetres between pixels.
        patient: the PatientID.
        place: number of the slice, from 0, from feet to head.
        series: tells apart the series of a patient, and is its description.
        thickness: millimetres from slice to slice.
        elements: further elements of the header, by keyword.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[patient, series, str(place)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=[patient, "study"])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, series, "series"])
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=[patient, "frame"])
    data.PatientID, data.PatientName, data.Modality = patient, "Stub", "CT"
    data.SeriesNumber, data.InstanceNumber, data.SliceThickness = 1, place + 1, thickness
    if series:
        data.SeriesDescription = series
    data.ImageOrientationPatient, data.PixelSpacing = [1, 0, 0, 0, 1, 0], [spacing, spacing]
    data.ImagePositionPatient = [-spacing * hu.shape[1] / 2, -spacing * hu.shape[0] / 2, thickness * place]
    data.Rows, data.Columns, data.SamplesPerPixel = hu.shape[0], hu.shape[1], 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, _INTERCEPT, "HU"
    data.PixelData = (np.clip(np.rint(hu), _INTERCEPT, 3071) - _INTERCEPT).astype("<u2").tobytes()
    for keyword, value in elements.items():
        setattr(data, keyword, value)
    data.save_as(path, enforce_file_format=True)

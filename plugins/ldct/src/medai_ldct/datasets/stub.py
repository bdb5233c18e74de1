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
        folder = Path(root) / f"stub-{patient}"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{place:03d}.dcm", sample.inputs.pixels[0].numpy(), sample.origin.spacing[0], f"stub-{seed}-{patient}", place)


def _write(path: Path, hu: np.ndarray[Any, Any], spacing: float, patient: str, place: int) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[patient, str(place)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=[patient, "study"])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, "series"])
    data.FrameOfReferenceUID = generate_uid(entropy_srcs=[patient, "frame"])
    data.PatientID, data.PatientName, data.Modality = patient, "Stub", "CT"
    data.SeriesNumber, data.InstanceNumber, data.SliceThickness = 1, place + 1, 3.0
    data.ImageOrientationPatient, data.PixelSpacing = [1, 0, 0, 0, 1, 0], [spacing, spacing]
    data.ImagePositionPatient = [-spacing * _SIZE / 2, -spacing * _SIZE / 2, 3.0 * place]
    data.Rows, data.Columns, data.SamplesPerPixel = hu.shape[0], hu.shape[1], 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, _INTERCEPT, "HU"
    data.PixelData = (np.clip(np.rint(hu), _INTERCEPT, 3071) - _INTERCEPT).astype("<u2").tobytes()
    data.save_as(path, enforce_file_format=True)

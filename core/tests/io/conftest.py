"""DICOM files made for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def _write_slice(path: Path, pixels: np.ndarray[Any, Any] | None = None, **elements: Any) -> Path:
    """A CT slice with signed pixels of 16 bits, rescale 1 and -1024; `elements` replace or add, None removes."""
    pixels = np.zeros((16, 24), np.int16) if pixels is None else pixels
    data = FileDataset(str(path), Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.PatientID, data.SeriesInstanceUID = "CT", "one", "1.2.3"
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8 * pixels.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(pixels.dtype.kind == "i")
    data.RescaleSlope, data.RescaleIntercept = "1", "-1024"
    data.PixelSpacing, data.SliceThickness = [0.7, 0.6], "2.5"
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-100.0, -90.0, 10.0]
    data.PixelData = pixels.tobytes()
    syntax = elements.pop("compress", None)
    for keyword, value in elements.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    if syntax is not None:
        data.compress(syntax, generate_instance_uid=False)
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def write_slice() -> Callable[..., Path]:
    """`write_slice(path, pixels=None, **elements)`."""
    return _write_slice

"""Files of ultrasound in DICOM, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def write_dicom(path: Path, pixels: np.ndarray[Any, Any], **elements: Any) -> Dataset:
    """Write an image (rows, columns) or a film (frames, rows, columns) of uint8 or uint16; `elements` by keyword stand in its header.

    Returns the header, which `save_as(path)` writes again.
    """
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = UltrasoundImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid()
    header.SeriesInstanceUID, header.StudyInstanceUID = generate_uid(), generate_uid()
    header.PatientID, header.Modality, header.InstanceNumber = "MILLER", "US", 1
    header.Rows, header.Columns = pixels.shape[-2:]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = 8 * pixels.dtype.itemsize
    header.BitsAllocated = header.BitsStored = bits
    header.HighBit, header.PixelRepresentation = bits - 1, 0
    if pixels.ndim == 3:
        header.NumberOfFrames = len(pixels)
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    header.PixelData = pixels.tobytes()
    header.save_as(path, enforce_file_format=True)
    return header

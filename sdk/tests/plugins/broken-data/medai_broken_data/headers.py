"""DICOM files whose patient can be read in the cases' attributes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medai.io import list_slices, read_image
from medai.tasks import Case, Image, Sample


class ShowsPatients:
    def __init__(self, root: Path) -> None:
        self._files = {item.id: item for item in list_slices(root)}

    def cases(self) -> Sequence[Case]:
        return [Case(id, item.patient, attributes={"name": _name(item.path)}) for id, item in self._files.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        return Sample(case, read_image(self._files[case.id].path))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        for number in range(n):
            _write(Path(root) / f"{number:02d}.dcm", f"patient-{seed}-{number // 2}", np.random.default_rng([seed, number]))


def _name(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).PatientName)


def _write(path: Path, patient: str, rng: np.random.Generator) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[patient, path.name])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = SecondaryCaptureImageStorage, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = generate_uid(entropy_srcs=[patient, "study"])
    data.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, "series"])
    data.PatientID, data.PatientName, data.Modality = patient, f"Doe^{patient}", "OT"
    data.Rows, data.Columns, data.SamplesPerPixel = 16, 24, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = rng.integers(0, 256, (16, 24), dtype=np.uint8).tobytes()
    data.save_as(path, enforce_file_format=True)

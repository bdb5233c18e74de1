"""`medai predict` on input of the method's unit, of another, and of none."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from medai.io import read_image, write_image
from medai.tasks import Image, Origin


@pytest.fixture
def trained(medai: Any) -> str:
    assert medai("run", "clitoys/toy", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    return str(root)


def image(name: str, unit: str) -> str:
    pixels = torch.from_numpy(np.arange(256, dtype=np.float32).reshape(1, 16, 16))
    return str(write_image(Path(name), Image(pixels, unit), Origin((), np.eye(4), (1.0, 1.0))))


def test_input_of_another_unit_is_refused_by_both_names(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("fraction.nii.gz", "0..1"), "-o", "out", "--device", "cpu")
    assert found.code == 3
    why = "none of 1 case for input can be used; the last: its values are in 0..1, the method works in HU"
    assert f"fraction.nii.gz: {why}" in found.err


def test_input_without_a_unit_is_taken_as_the_protocols(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("plain.nii.gz", ""), image("given.nii.gz", "HU"), "-o", "out", "--device", "cpu")
    assert found.code == 0, found.err
    first, second = (read_image(Path(line)) for line in found.out.split())
    assert (first.unit, second.unit) == ("HU", "HU")
    assert torch.equal(first.pixels, second.pixels)


def test_of_several_the_one_of_another_unit_is_left_out(medai: Any, trained: str) -> None:
    found = medai("predict", trained, image("plain.nii.gz", ""), image("fraction.nii.gz", "0..1"), "-o", "out", "--device", "cpu")
    assert found.code == 3 and "1 of 2 cases could not be used" in found.err
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        statuses = [(row["status"], row["reason"]) for row in csv.DictReader(file)]
    assert statuses == [("ok", ""), ("left out", "its values are in 0..1, the method works in HU")]


def slices(folder: Path, heights: Sequence[float], modality: str = "CT") -> str:
    """A DICOM series with planes at these heights, whose files are called as those of any other."""
    folder.mkdir(parents=True)
    series = generate_uid()
    for number, height in enumerate(heights):
        data = FileDataset("", {}, preamble=b"\0" * 128, file_meta=FileMetaDataset())
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
        data.Modality, data.PatientID, data.SeriesInstanceUID = modality, "one", series
        data.Rows = data.Columns = 16
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 1
        data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
        data.RescaleSlope, data.RescaleIntercept = "1", "0"
        data.PixelSpacing, data.SliceThickness = [1.0, 1.0], "1"
        data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0.0, 0.0, height]
        data.PixelData = np.arange(256, dtype=np.int16).tobytes()
        data.save_as(folder / f"IM{number:04d}", enforce_file_format=True)
    return str(folder)


def test_dicom_of_a_modality_without_unit_is_refused(medai: Any, trained: str) -> None:
    found = medai("predict", trained, slices(Path("mr"), [0.0], "MR"), "-o", "out", "--device", "cpu")
    assert found.code == 3 and "its modality is MR, the method works in HU" in found.err, found.err


def test_answers_to_dicom_bear_pseudonyms_and_the_list_is_the_key(medai: Any, trained: str) -> None:
    slices(Path("in/a"), [0.0, 1.0])
    slices(Path("in/b"), [0.0, 1.0])
    found = medai("predict", trained, "in", image("plain.nii.gz", ""), "-o", "out", "--device", "cpu")
    assert found.code == 0, found.err
    with Path("out/predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    files = sorted(path.relative_to("in").as_posix() for path in Path("in").rglob("*") if path.is_file())
    assert sorted(row["input"] for row in rows) == sorted([*files, "plain.nii.gz"])
    assert all(row["file"].startswith("plain" if row["input"] == "plain.nii.gz" else row["case"]) for row in rows)


def test_a_series_with_a_gap_is_warned_of_once(medai: Any, trained: str) -> None:
    found = medai("predict", trained, slices(Path("in"), [0.0, 1.0, 2.0, 4.0, 5.0]), "-o", "out", "--device", "cpu")
    assert found.code == 0 and found.err.count("1 of its planes are missing") == 1, found.err

"""A derived series lies where its source lies, holds its values, is whole or not there, and says nothing about the patient unasked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
import torch
from pydicom.uid import MRImageStorage, UltrasoundImageStorage, generate_uid

from medai.errors import DataError, UsageError
from medai.io import plane_headers, pseudonym, read_image, read_series, write_series
from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]
WriteSlice = Callable[..., Path]

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
NEGATIVE = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
OBLIQUE = [0.8, 0.6, 0.0, -0.36, 0.48, 0.8]
LAYOUTS: dict[str, tuple[list[float], list[float]]] = {
    # orientation, and the step from a plane to the next
    "identity": (IDENTITY, [0.0, 0.0, 2.5]),
    "negative": (NEGATIVE, [0.0, 0.0, 2.5]),
    "downwards": (IDENTITY, [0.0, 0.0, -2.5]),
    "sagittal": (SAGITTAL, [3.0, 0.0, 0.0]),
    "oblique": (OBLIQUE, (2.5 * np.cross(OBLIQUE[:3], OBLIQUE[3:])).tolist()),
    "tilted gantry": (IDENTITY, [0.0, 0.9, 2.5]),
}
WHO = {
    "PatientName": "SMITHERS^WAYLON",
    "PatientID": "MRN-7788123",
    "PatientBirthDate": "19440229",
    "AccessionNumber": "ACC5550001",
    "InstitutionName": "SPRINGFIELD GENERAL",
    "StudyDate": "20190517",
    "StudyTime": "113355",
    "StudyID": "STUDY9931",
    "StudyDescription": "CHEST OF SMITHERS",
    "SeriesDescription": "SERIES OF WAYLON",
    "ReferringPhysicianName": "HIBBERT^JULIUS",
    "StationName": "STATION4711",
    "DeviceSerialNumber": "SN-998877",
    "ProtocolName": "PROTO-SMITHERS",
    "ImageComments": "COMMENT-SMITHERS",
    "StudyInstanceUID": "1.2.840.99999.1.77",
    "SeriesInstanceUID": "1.2.840.99999.2.77",
    "FrameOfReferenceUID": "1.2.840.99999.3.77",
}


def values(count: int) -> Array:
    """HU of planes of 16 x 24 with a box that stands out, off the centre in every direction."""
    found = np.random.default_rng(0).integers(-1000, 900, (count, 16, 24)).astype(np.int16)
    found[count // 3 : count // 3 + 2, 3:7, 5:15] = 2000
    return found


def source(folder: Path, write: WriteSlice, layout: str, count: int = 6, **elements: Any) -> list[Path]:
    """A series with the values above in one layout, its files named in an order that says nothing."""
    orientation, step = LAYOUTS[layout]
    frame = {"StudyInstanceUID": "1.2.77", "FrameOfReferenceUID": "1.2.88"} | elements
    files = []
    for index, plane in enumerate(values(count)):
        corner = (np.array([-100.0, -90.0, 10.0]) + index * np.array(step)).tolist()
        path = folder / f"{(index * 5) % 7}.dcm"
        place = {"ImageOrientationPatient": orientation, "ImagePositionPatient": corner, "InstanceNumber": str(index + 1)}
        files.append(write(path, (plane + 1024).astype(np.int16), **place, **frame))
    return files


def itk(folder: Path) -> SimpleITK.Image:
    """A series as SimpleITK reads it."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def corners(files: Sequence[Path]) -> Array:
    """Patient millimetres (LPS) of the eight corners and of the middle of the marked box, by DICOM's own formula, from each file."""
    places, marked = [], []
    for path in files:
        header = pydicom.dcmread(path)
        cosines, spacing = (np.array(header[key].value, float) for key in ("ImageOrientationPatient", "PixelSpacing"))
        along_row, along_column = cosines[:3] * spacing[1], cosines[3:] * spacing[0]
        corner = np.array(header.ImagePositionPatient, float)
        places += [corner + r * along_column + c * along_row for r in (0, 15) for c in (0, 23)]
        pixels = header.pixel_array * float(header.RescaleSlope) + float(header.RescaleIntercept)
        marked += [corner + r * along_column + c * along_row for r, c in np.argwhere(pixels > 1500)]
    return np.array([*sorted(map(tuple, places)), np.mean(marked, axis=0)])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_planes_go_back_to_their_places(tmp_path: Path, write_slice: WriteSlice, layout: str, order: str) -> None:
    (tmp_path / "in").mkdir()
    files = source(tmp_path / "in", write_slice, layout)
    planes = [read_image(path) for path in (files if order == "forwards" else files[::-1])]
    written = write_series(tmp_path / "out", planes)
    assert np.allclose(corners(files), corners(written), atol=1e-6)
    before, after = itk(tmp_path / "in"), itk(tmp_path / "out")
    assert after.GetSize() == before.GetSize() == (24, 16, 6)
    assert np.allclose(after.GetOrigin(), before.GetOrigin()) and np.allclose(after.GetSpacing(), before.GetSpacing())
    assert np.allclose(after.GetDirection(), before.GetDirection())
    assert np.array_equal(SimpleITK.GetArrayFromImage(after), SimpleITK.GetArrayFromImage(before))
    assert [int(pydicom.dcmread(path).InstanceNumber) for path in written] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_volume_is_written_as_its_planes(tmp_path: Path, write_slice: WriteSlice, layout: str) -> None:
    (tmp_path / "in").mkdir()
    files = source(tmp_path / "in", write_slice, layout)
    pixels = torch.stack([read_image(path).pixels for path in files], dim=1)
    written = write_series(tmp_path / "out", Image(pixels, "HU", Origin(tuple(files))))
    assert np.allclose(corners(files), corners(written), atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_series_read_as_a_volume_reads_the_same_again(tmp_path: Path, write_slice: WriteSlice, layout: str) -> None:
    (tmp_path / "in").mkdir()
    source(tmp_path / "in", write_slice, layout)
    volume = read_series(tmp_path / "in")
    write_series(tmp_path / "out", volume)
    again = read_series(tmp_path / "out")
    assert torch.equal(again.pixels, volume.pixels) and again.affine is not None and volume.affine is not None
    assert np.allclose(again.affine, volume.affine)


def test_one_slice_is_a_series(tmp_path: Path, write_slice: WriteSlice) -> None:
    path = write_slice(tmp_path / "one.dcm", np.full((16, 24), 1100, np.int16), FrameOfReferenceUID="1.2.88")
    (written,) = write_series(tmp_path / "out", read_image(path))
    before, after = read_image(path), read_image(written)
    assert torch.equal(before.pixels, after.pixels) and before.unit == after.unit == "HU"
    assert before.affine is not None and after.affine is not None and np.allclose(before.affine, after.affine)


def test_frames_of_one_file_become_planes_in_place(tmp_path: Path, write_slice: WriteSlice) -> None:
    stored = (values(4) + 1024).astype(np.int16)
    path = write_slice(tmp_path / "many.dcm", stored[0], FrameOfReferenceUID="1.2.88", PixelSpacing=None)
    many = pydicom.dcmread(path)
    many.NumberOfFrames, many.PixelData = 4, stored.tobytes()
    many.save_as(path)
    affine = np.array([[0.0, 0, -0.6, 100], [0, -0.7, 0, 90], [2.5, 0, 0, 10], [0, 0, 0, 1]])
    image = Image(torch.from_numpy(values(4).astype(np.float32))[None], "HU", Origin((path,), affine, (2.5, 0.7, 0.6)))
    written = write_series(tmp_path / "out", image)
    volume = itk(tmp_path / "out")
    assert len(written) == 4 and volume.GetSize() == (24, 16, 4)
    assert np.allclose(volume.GetOrigin(), (-100, -90, 10)) and np.allclose(volume.GetSpacing(), (0.6, 0.7, 2.5))
    assert np.array_equal(SimpleITK.GetArrayFromImage(volume), values(4))


@pytest.mark.parametrize(
    ("low", "high", "slope", "intercept"), [(-1024, 3000, 1, -1024), (-1024, 32000, 1, -1024), (-1024, 60000, 1, -1024)]
)
def test_ct_keeps_whole_hu_and_the_sources_rescale(
    tmp_path: Path, write_slice: WriteSlice, low: float, high: float, slope: float, intercept: float
) -> None:
    path = write_slice(tmp_path / "one.dcm", FrameOfReferenceUID="1.2.88")
    given = torch.linspace(low, high, 16 * 24).reshape(1, 16, 24)
    (written,) = write_series(tmp_path / "out", replace(read_image(path), pixels=given))
    header = pydicom.dcmread(written)
    assert (float(header.RescaleSlope), float(header.RescaleIntercept), header.RescaleType) == (1, -1024, "HU")
    assert (read_image(written).pixels - given).abs().max() <= 0.5001


def test_ct_beyond_16_bits_gets_a_rescale_of_its_own(tmp_path: Path, write_slice: WriteSlice) -> None:
    path = write_slice(tmp_path / "one.dcm", FrameOfReferenceUID="1.2.88")
    given = torch.linspace(-1000, 99000, 16 * 24).reshape(1, 16, 24)
    (written,) = write_series(tmp_path / "out", replace(read_image(path), pixels=given))
    assert (read_image(written).pixels - given).abs().max() <= 100000 / 65535


def test_mr_has_one_rescale_for_the_series(tmp_path: Path, write_slice: WriteSlice) -> None:
    planes = []
    for index in range(3):
        elements = {"Modality": "MR", "SOPClassUID": MRImageStorage, "RescaleSlope": None, "RescaleIntercept": None}
        place = {"ImagePositionPatient": [0.0, 0.0, 3.0 * index], "FrameOfReferenceUID": "1.2.88", "StudyInstanceUID": "1.2.77"}
        path = write_slice(tmp_path / f"{index}.dcm", np.full((16, 24), 10 * index, np.int16), **elements, **place)
        given = torch.rand(1, 16, 24, generator=torch.Generator().manual_seed(index)) * 10 ** (index + 1) - 3
        planes.append(replace(read_image(path), pixels=given))
    written = write_series(tmp_path / "out", planes)
    headers = [pydicom.dcmread(path) for path in written]
    assert len({(header.RescaleSlope, header.RescaleIntercept) for header in headers}) == 1
    assert {header.SOPClassUID for header in headers} == {MRImageStorage}
    for path, plane in zip(written, planes, strict=True):
        assert (read_image(path).pixels - plane.pixels).abs().max() < 1000 / 65535


@pytest.mark.parametrize("channels", [1, 3])
def test_ultrasound_has_8_bits_and_its_regions(tmp_path: Path, write_slice: WriteSlice, channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24) if channels == 1 else (16, 24, 3), dtype=np.uint8)
    region = pydicom.Dataset()
    region.RegionLocationMinX0, region.PhysicalDeltaX, region.PixelComponentMask = 2, 0.05, 7
    colour = {} if channels == 1 else {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    bare = dict.fromkeys(("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"))
    us = {"Modality": "US", "SOPClassUID": UltrasoundImageStorage, "SequenceOfUltrasoundRegions": [region]}
    path = write_slice(tmp_path / "us.dcm", pixels, **us, **bare, **colour)
    (written,) = write_series(tmp_path / "out", read_image(path))
    header = pydicom.dcmread(written)
    assert header.SOPClassUID == UltrasoundImageStorage and header.BitsAllocated == 8 and "FrameOfReferenceUID" not in header
    assert header.SequenceOfUltrasoundRegions[0].PhysicalDeltaX == 0.05
    assert np.array_equal(header.pixel_array, pixels)


CT_TYPE_1 = (
    *("SOPClassUID", "SOPInstanceUID", "Modality", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "ImageType"),
    *("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "SamplesPerPixel", "PhotometricInterpretation", "Rows"),
    *("Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "RescaleIntercept", "RescaleSlope"),
)
CT_TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID"),
    *("AccessionNumber", "SeriesNumber", "PositionReferenceIndicator", "Manufacturer", "InstanceNumber", "SliceThickness", "KVP"),
    *("AcquisitionNumber",),
)
CT_ALONE = ("KVP", "AcquisitionNumber")
MR_TYPE_1 = ("ScanningSequence", "SequenceVariant")
MR_TYPE_2 = ("ScanOptions", "MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength")


@pytest.mark.parametrize("identified", [False, True])
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_what_dicom_requires_is_there(tmp_path: Path, write_slice: WriteSlice, modality: str, identified: bool) -> None:
    kind = {"Modality": modality} if modality == "CT" else {"Modality": "MR", "SOPClassUID": MRImageStorage}
    path = write_slice(tmp_path / "one.dcm", **WHO, **kind)
    (written,) = write_series(tmp_path / "out", read_image(path), method="some/recipe", identified=identified)
    header = pydicom.dcmread(written)
    ones = [*CT_TYPE_1, *(MR_TYPE_1 if modality == "MR" else ())]
    twos = [key for key in (*CT_TYPE_2, *(MR_TYPE_2 if modality == "MR" else ())) if modality == "CT" or key not in CT_ALONE]
    assert not [key for key in ones if header.get(key) in (None, "")]
    assert not [key for key in twos if key not in header]
    assert header.ImageType[:2] == ["DERIVED", "SECONDARY"] and header.DerivationDescription.startswith("computed by medai")
    assert header.DerivationDescription.endswith("some/recipe")
    assert header.file_meta.MediaStorageSOPInstanceUID == header.SOPInstanceUID
    assert header.ContributingEquipmentSequence[0].Manufacturer == "medai"
    source = pydicom.dcmread(path)
    assert header.SOPInstanceUID != source.SOPInstanceUID and header.SeriesInstanceUID != source.SeriesInstanceUID
    (reference,) = header.SourceImageSequence
    assert reference.ReferencedSOPClassUID == source.SOPClassUID
    assert (reference.ReferencedSOPInstanceUID == source.SOPInstanceUID) is identified
    assert (header.StudyInstanceUID == WHO["StudyInstanceUID"]) is identified
    assert (header.PatientName == WHO["PatientName"]) is identified


def test_nothing_says_who_the_patient_is(tmp_path: Path, write_slice: WriteSlice) -> None:
    path = write_slice(tmp_path / "SMITHERS.dcm", **WHO)
    private = pydicom.dcmread(path)
    private.private_block(0x0011, "SECRETIVE", create=True).add_new(1, "LO", "PRIVATE-SMITHERS")
    private.save_as(path)
    (written,) = write_series(tmp_path / "out", read_image(path))
    content = written.read_bytes()
    secrets = [*WHO.values(), "SMITHERS", "SECRETIVE", str(private.SOPInstanceUID), str(tmp_path)]
    assert not [secret for secret in secrets if secret.encode() in content]
    header = pydicom.dcmread(written)
    assert header.PatientID == pseudonym(f"id {WHO['PatientID']}") and header.PatientIdentityRemoved == "YES"
    assert not [element for element in header.iterall() if element.tag.is_private]


def test_what_is_derived_from_one_source_stays_together(tmp_path: Path, write_slice: WriteSlice) -> None:
    files = [write_slice(tmp_path / f"{index}.dcm", **WHO, ImagePositionPatient=[0.0, 0.0, float(index)]) for index in range(2)]
    first = pydicom.dcmread(write_series(tmp_path / "a", [read_image(path) for path in files])[0])
    second = pydicom.dcmread(write_series(tmp_path / "b", [read_image(path) for path in files])[1])
    assert first.StudyInstanceUID == second.StudyInstanceUID and first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert str(first.StudyInstanceUID).startswith("2.25.") and len(first.StudyInstanceUID) <= 64


@pytest.mark.parametrize("characters", ["ISO_IR 100", "ISO_IR 192"])
def test_letters_of_any_language_are_kept(tmp_path: Path, write_slice: WriteSlice, characters: str) -> None:
    path = write_slice(tmp_path / "one.dcm", SpecificCharacterSet=characters, PatientName="Müller^Jürgen")
    (written,) = write_series(tmp_path / "out", read_image(path), description="geglättet 平滑", identified=True)
    header = pydicom.dcmread(written)
    assert (header.PatientName, header.SeriesDescription) == ("Müller^Jürgen", "geglättet 平滑")


def test_the_key_decides_the_pseudonyms(tmp_path: Path, write_slice: WriteSlice, monkeypatch: pytest.MonkeyPatch) -> None:
    image = read_image(write_slice(tmp_path / "one.dcm", **WHO))
    without = plane_headers(image)[0]
    monkeypatch.setenv("MEDAI_PSEUDONYM_KEY", "ours alone")
    assert plane_headers(image)[0].StudyInstanceUID != without.StudyInstanceUID


def test_what_cannot_be_put_back_says_why(tmp_path: Path, write_slice: WriteSlice) -> None:
    path, other = write_slice(tmp_path / "one.dcm"), write_slice(tmp_path / "two.dcm", SeriesInstanceUID=generate_uid())
    image = read_image(path)
    picture = tmp_path / "plain.npy"
    np.save(picture, np.zeros((16, 24), np.float32))
    for images, reason in (
        (read_image(picture), "not DICOM"),
        (Image(image.pixels, "HU"), "from which files"),
        (replace(image, pixels=torch.zeros(1, 8, 8)), "8 x 8 pixels, its source of 16 x 24"),
        (Image(torch.zeros(1, 3, 16, 24), "HU", Origin((path, other))), "3 planes from 2 files"),
        ([image, read_image(other)], "of 2 series"),
        (replace(image, pixels=torch.zeros(2, 16, 24)), "1 or 3 channels"),
    ):
        with pytest.raises(DataError, match=reason):
            write_series(tmp_path / "out", images)
    assert not (tmp_path / "out").exists() and not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_series_is_never_mixed_with_what_stands_there(tmp_path: Path, write_slice: WriteSlice) -> None:
    image = read_image(write_slice(tmp_path / "one.dcm"))
    (tmp_path / "out").mkdir()
    write_series(tmp_path / "out", image)
    with pytest.raises(UsageError, match="not empty"):
        write_series(tmp_path / "out", image)


@pytest.mark.realdata
def test_real_ct_opens_in_another_library_at_the_same_place(tmp_path: Path, real_data: Path) -> None:
    folder = real_data / "ct" / "totalsegmentator" / "example_ct_dicom"
    write_series(tmp_path / "out", [read_image(path) for path in sorted(folder.iterdir())])
    before, after = itk(folder), itk(tmp_path / "out")
    assert after.GetSize() == (512, 512, 20)
    assert np.allclose(after.GetOrigin(), before.GetOrigin()) and np.allclose(after.GetSpacing(), before.GetSpacing())
    assert np.abs(SimpleITK.GetArrayFromImage(after) - np.maximum(SimpleITK.GetArrayFromImage(before), -1024)).max() <= 0.5


@pytest.mark.realdata
def test_real_ct_of_two_makers_keeps_its_hu(tmp_path: Path, real_data: Path) -> None:
    for path in sorted((real_data / "ct" / "covid-19-ny-sbu").rglob("*.dcm")):
        image = read_image(path)
        (written,) = write_series(tmp_path / path.parent.name / path.stem, image)
        again = read_image(written)
        assert torch.equal(again.pixels, image.pixels) and again.affine is not None and image.affine is not None
        assert np.allclose(again.affine, image.affine)

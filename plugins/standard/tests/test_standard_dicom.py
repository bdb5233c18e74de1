"""Answers as DICOM: where they lie, what they refer to, and that they name nobody unasked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
import torch
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

from medai.errors import DataError, EnvironmentFault
from medai.io import open_images, read_image
from medai.tasks import Boxes, Case, Image, Label, Mask, Origin, Sample, Scores, Value
from medai_standard.exporters import dicom_objects
from medai_standard.exporters.coco import CocoJson
from medai_standard.exporters.dicom_seg import DicomSeg
from medai_standard.exporters.dicom_series import DicomSeries
from medai_standard.exporters.dicom_sr import DicomSr
from medai_standard.exporters.images import Nifti, Nrrd, Png
from medai_standard.exporters.table import Csv

Array = np.ndarray[Any, Any]
Samples = list[Sample[Any, Any]]

OBLIQUE = [0.8, 0.6, 0.0, -0.36, 0.48, 0.8]
LAYOUTS: dict[str, tuple[list[float], list[float]]] = {
    "identity": ([1.0, 0, 0, 0, 1, 0], [0.0, 0.0, 2.5]),
    "negative": ([-1.0, 0, 0, 0, -1, 0], [0.0, 0.0, 2.5]),
    "downwards": ([1.0, 0, 0, 0, 1, 0], [0.0, 0.0, -2.5]),
    "oblique": (OBLIQUE, (2.5 * np.cross(OBLIQUE[:3], OBLIQUE[3:])).tolist()),
    "tilted gantry": ([1.0, 0, 0, 0, 1, 0], [0.0, 0.9, 2.5]),
    "one slice": ([1.0, 0, 0, 0, 1, 0], [0.0, 0.0, 2.5]),
}
WHO = {
    "PatientName": "SMITHERS^WAYLON",
    "PatientID": "MRN-7788123",
    "PatientBirthDate": "19440229",
    "AccessionNumber": "ACC5550001",
    "InstitutionName": "SPRINGFIELD GENERAL",
    "StudyDate": "20190517",
    "StudyTime": "113355",
    "StudyDescription": "CHEST OF SMITHERS",
    "ReferringPhysicianName": "HIBBERT^JULIUS",
    "StudyInstanceUID": "1.2.840.99999.1.77",
    "SeriesInstanceUID": "1.2.840.99999.2.77",
    "FrameOfReferenceUID": "1.2.840.99999.3.77",
}


def write_plane(path: Path, pixels: Array, orientation: Sequence[float], corner: Sequence[float], **elements: Any) -> Path:
    data = FileDataset(str(path), Dataset(), preamble=b"\0" * 128, file_meta=FileMetaDataset())
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.Rows, data.Columns = "CT", *pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept, data.PixelSpacing, data.SliceThickness = "1", "-1024", [0.7, 0.6], "2.5"
    data.ImageOrientationPatient, data.ImagePositionPatient = list(orientation), list(corner)
    for keyword, value in (WHO | elements).items():
        setattr(data, keyword, value)
    data.private_block(0x0011, "SECRETIVE", create=True).add_new(1, "LO", "PRIVATE-SMITHERS")
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)
    return path


def series(folder: Path, layout: str = "identity", **elements: Any) -> Samples:
    """The planes of a series as `medai predict` reads them, its files named in an order that says nothing."""
    folder.mkdir()
    orientation, step = LAYOUTS[layout]
    for index in range(1 if layout == "one slice" else 5):
        pixels = np.full((16, 24), 1024 + index, np.int16)
        corner = np.array([-100.0, -90.0, 10.0]) + index * np.array(step)
        path = folder / f"SMITHERS{(index * 5) % 7}.dcm"
        write_plane(path, pixels, orientation, corner.tolist(), InstanceNumber=index + 1, **elements)
    dataset = open_images([folder])
    return [dataset.read(case, np.random.default_rng(0)) for case in dataset.cases()]


def masks(samples: Samples) -> list[Mask]:
    """A class each for two boxes in the planes of a series."""
    found = []
    for index, _ in enumerate(samples):
        labels = torch.zeros(16, 24, dtype=torch.int64)
        if index in (0, 1, 2):
            labels[3:7, 5:15] = 1
        if index == len(samples) - 1:
            labels[10:12, 20:23] = 2
        found.append(Mask(labels))
    return found


def millimetres(samples: Samples, predictions: Sequence[Mask], label: int) -> Array:
    """Patient millimetres (LPS) of the pixels of a class, by DICOM's own formula from each source file; sorted."""
    headers = [pydicom.dcmread(sample.origin.files[0]) for sample in samples if sample.origin is not None]
    return ordered([places(header, mask.labels.numpy() == label) for header, mask in zip(headers, predictions, strict=True)])


def seg_millimetres(path: Path, label: int) -> Array:
    """The same from the frames of a segmentation, read by pydicom alone."""
    data = pydicom.dcmread(path)
    shared = data.SharedFunctionalGroupsSequence[0]
    found = []
    frames = data.pixel_array.reshape(-1, data.Rows, data.Columns)
    for frame, groups in zip(frames, data.PerFrameFunctionalGroupsSequence, strict=True):
        if groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber != label:
            continue
        header = Dataset()
        header.ImagePositionPatient = groups.PlanePositionSequence[0].ImagePositionPatient
        header.ImageOrientationPatient = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        header.PixelSpacing = shared.PixelMeasuresSequence[0].PixelSpacing
        found.append(places(header, frame))
    return ordered(found)


def places(header: Any, marked: Array) -> Array:
    """(n, 3): where the marked pixels of a plane lie."""
    cosines, steps = np.array(header.ImageOrientationPatient, float), np.array(header.PixelSpacing, float)
    rows, columns = np.nonzero(marked)
    found = (
        np.array(header.ImagePositionPatient, float) + np.outer(columns * steps[1], cosines[:3]) + np.outer(rows * steps[0], cosines[3:])
    )
    return np.asarray(found.round(4))


def ordered(found: Sequence[Array]) -> Array:
    every = np.concatenate(found) if found else np.zeros((0, 3))
    return every[np.lexsort(every.T)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_a_segmentation_lies_where_its_planes_lie(tmp_path: Path, layout: str, order: str) -> None:
    samples = series(tmp_path / "in", layout)[:: 1 if order == "forwards" else -1]
    predictions = masks(samples)
    (path,) = DicomSeg(("background", "box", "corner"), recipe="some/recipe").write(
        zip(samples, predictions, strict=True), tmp_path / "out"
    )
    for label in (1, 2) if len(samples) > 1 else (2,):
        assert np.allclose(seg_millimetres(path, label), millimetres(samples, predictions, label), atol=1e-5)
    data = highdicom.seg.segread(path)
    assert [segment.SegmentLabel for segment in data.SegmentSequence] == ["box", "corner"]
    assert data.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "some/recipe"


def test_a_volume_is_one_segmentation(tmp_path: Path) -> None:
    planes = series(tmp_path / "in", "oblique")
    files = tuple(plane.origin.files[0] for plane in planes if plane.origin is not None)
    pixels = torch.stack([plane.inputs.pixels for plane in planes], dim=1)
    labels = torch.stack([mask.labels for mask in masks(planes)])
    sample = Sample(Case("whole", "g"), Image(pixels, "HU", Origin(files)))
    (path,) = DicomSeg().write([(sample, Mask(labels))], tmp_path / "out")
    assert path.name == "whole.dcm"
    assert np.allclose(seg_millimetres(path, 1), millimetres(planes, masks(planes), 1), atol=1e-5)


def test_frames_of_one_file_are_segmented_in_place(tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(0, 1000, (4, 16, 24)).astype(np.int16)
    path = write_plane(tmp_path / "many.dcm", stored[0], LAYOUTS["identity"][0], [-100.0, -90.0, 10.0])
    many = pydicom.dcmread(path)
    many.NumberOfFrames, many.PixelData = 4, stored.tobytes()
    many.save_as(path)
    affine = np.array([[0.0, 0, -0.6, 100], [0, -0.7, 0, 90], [2.5, 0, 0, 10], [0, 0, 0, 1]])
    image = Image(torch.from_numpy(stored.astype(np.float32))[None], "HU", Origin((path,), affine, (2.5, 0.7, 0.6)))
    labels = torch.zeros(4, 16, 24, dtype=torch.int64)
    labels[2, 3, 6], labels[3, 5, 7] = 1, 2
    (written,) = DicomSeg(identified=True).write([(Sample(Case("many", "g"), image), Mask(labels))], tmp_path / "out")
    assert np.allclose(seg_millimetres(written, 1), [[-96.4, -87.9, 15.0]])
    assert np.allclose(seg_millimetres(written, 2), [[-95.8, -86.5, 17.5]])
    (referenced,) = pydicom.dcmread(written).ReferencedSeriesSequence
    assert [item.ReferencedSOPInstanceUID for item in referenced.ReferencedInstanceSequence] == [many.SOPInstanceUID]


def test_a_segmentation_refers_to_its_source_where_it_is_asked_to_say_whose_it_is(tmp_path: Path) -> None:
    samples = series(tmp_path / "in")
    (path,) = DicomSeg(identified=True).write(zip(samples, masks(samples), strict=True), tmp_path / "out")
    data = pydicom.dcmread(path)
    sources = {str(pydicom.dcmread(sample.origin.files[0]).SOPInstanceUID) for sample in samples if sample.origin is not None}
    (referenced,) = data.ReferencedSeriesSequence
    assert {str(item.ReferencedSOPInstanceUID) for item in referenced.ReferencedInstanceSequence} == sources
    assert data.FrameOfReferenceUID == WHO["FrameOfReferenceUID"] and data.StudyInstanceUID == WHO["StudyInstanceUID"]
    assert data.PatientName == WHO["PatientName"]


def test_a_mask_without_foreground_is_a_segmentation_too(tmp_path: Path) -> None:
    samples = series(tmp_path / "in")
    empty = [Mask(torch.zeros(16, 24, dtype=torch.int64)) for _ in samples]
    (path,) = DicomSeg().write(zip(samples, empty, strict=True), tmp_path / "out")
    assert not pydicom.dcmread(path).pixel_array.any()


def test_planes_of_two_series_become_two_series(tmp_path: Path) -> None:
    first, second = series(tmp_path / "a"), series(tmp_path / "b", "negative", SeriesInstanceUID="1.2.840.99999.2.78")
    rows = [(sample, sample.inputs) for pair in zip(first, second, strict=True) for sample in pair]
    files = DicomSeries().write(rows, tmp_path / "out")
    folders = {path.parent for path in files}
    assert len(files) == 10 and len(folders) == 2 and not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]
    for folder in folders:
        reader = SimpleITK.ImageSeriesReader()
        assert len(reader.GetGDCMSeriesIDs(str(folder))) == 1
    assert {path.stem for path in files} == {sample.case.id for sample, _ in rows}


def test_what_has_no_place_is_segmented_and_reported_by_its_pixels(tmp_path: Path) -> None:
    path = write_plane(tmp_path / "us.dcm", np.zeros((16, 24), np.int16), LAYOUTS["identity"][0], [0.0, 0.0, 0.0], Modality="US")
    data = pydicom.dcmread(path)
    del data.ImagePositionPatient, data.ImageOrientationPatient
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.save_as(path)
    sample = Sample(Case("us", "g"), read_image(path))
    (segmentation,) = DicomSeg().write([(sample, masks([sample])[0])], tmp_path / "seg")
    written = pydicom.dcmread(segmentation)
    assert "FrameOfReferenceUID" not in written and segmentation.name == "us.dcm"
    assert written.pixel_array.reshape(-1, 16, 24).sum() == masks([sample])[0].labels.count_nonzero()
    (report,) = DicomSr().write([(sample, boxes())], tmp_path / "sr")
    assert len(highdicom.sr.srread(report).content.get_planar_roi_measurement_groups()) == 2
    data.Modality = "CT"
    data.save_as(path)
    with pytest.raises(DataError, match="says no position"):
        DicomSeg().check(Sample(Case("ct", "g"), read_image(path)), masks([sample])[0])


def test_a_file_of_a_series_has_the_name_that_its_cases_share(tmp_path: Path) -> None:
    samples = series(tmp_path / "in")
    (path,) = DicomSeg().write(zip(samples, masks(samples), strict=True), tmp_path / "out")
    assert all(sample.case.id.startswith(f"{path.stem}-0") for sample in samples)


def boxes() -> Boxes:
    return Boxes(torch.tensor([[2.0, 3.0, 10.5, 8.0], [0.0, 0.0, 4.0, 4.0]]), torch.tensor([1, 0]), torch.tensor([0.75, 0.125]))


def test_a_report_holds_boxes_in_their_image(tmp_path: Path) -> None:
    samples = series(tmp_path / "in")
    exporter = DicomSr(("cyst", "mass"), least=0.5, recipe="some/recipe", identified=True)
    (path,) = exporter.write([(sample, boxes()) for sample in samples], tmp_path / "out")
    report = highdicom.sr.srread(path)
    groups = report.content.get_planar_roi_measurement_groups()
    assert len(groups) == 5
    assert np.array_equal(groups[0].roi.value, [[2, 3], [10.5, 3], [10.5, 8], [2, 8], [2, 3]])
    (measured,) = groups[0].get_measurements()
    assert (measured.value, measured.name.meaning, groups[0].finding_type.meaning) == (0.75, "Probability", "mass")
    sources = [str(pydicom.dcmread(sample.origin.files[0]).SOPInstanceUID) for sample in samples if sample.origin is not None]
    assert [str(group.roi.ContentSequence[0].referenced_sop_instance_uid) for group in groups] == sources
    assert str(report.ContentTemplateSequence[0].TemplateIdentifier) == "1500"


def test_a_report_holds_probabilities_and_numbers(tmp_path: Path) -> None:
    sample = series(tmp_path / "in", "one slice")[0]
    rows = [(sample, Scores(torch.tensor([0.25, 0.75])))]
    (path,) = DicomSr(("benign", "malignant")).write(rows, tmp_path / "scores")
    (group,) = highdicom.sr.srread(path).content.get_image_measurement_groups()
    found = {measured.name.meaning: measured.value for measured in group.get_measurements()}
    assert found == {"Probability of benign": 0.25, "Probability of malignant": 0.75}
    assert group.get_qualitative_evaluations()[0].value.meaning == "malignant"
    value = Value(torch.tensor([12.5, 3.0]), ("volume (ml)", "grade"))
    (path,) = DicomSr().write([(sample, value)], tmp_path / "values")
    (group,) = highdicom.sr.srread(path).content.get_image_measurement_groups()
    units = {measured.name.meaning: (measured.value, measured.unit.value) for measured in group.get_measurements()}
    assert units == {"volume (ml)": (12.5, "ml"), "grade": (3.0, "1")}


def test_a_report_without_boxes_says_so_by_having_none(tmp_path: Path) -> None:
    sample = series(tmp_path / "in", "one slice")[0]
    none = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0))
    (path,) = DicomSr().write([(sample, none)], tmp_path / "out")
    content = highdicom.sr.srread(path).content
    assert content.get_planar_roi_measurement_groups() == []
    (measured,) = content.get_image_measurement_groups()[0].get_measurements()
    assert (measured.name.meaning, measured.value) == ("Number of boxes", 0)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("exporter", [Nifti(), Nrrd()])
def test_files_of_volumes_lie_on_the_inputs_grid(tmp_path: Path, layout: str, exporter: Nifti) -> None:
    samples = series(tmp_path / "in", layout)
    predictions = masks(samples)
    files = exporter.write(zip(samples, predictions, strict=True), tmp_path / "out")
    found = []
    for path in files:
        image = SimpleITK.ReadImage(str(path))
        labels = SimpleITK.GetArrayFromImage(image).reshape(16, 24)
        for row, column in np.argwhere(labels == 2):
            index = [int(column), int(row), 0][: image.GetDimension()]
            found.append(np.array([image.TransformIndexToPhysicalPoint(index)]).round(4))
    assert np.allclose(ordered(found), millimetres(samples, predictions, 2), atol=1e-3)


def test_nobody_is_named_and_no_path_is_given(tmp_path: Path) -> None:
    samples = series(tmp_path / "in")
    images = [sample.inputs for sample in samples]
    uids = [str(pydicom.dcmread(sample.origin.files[0]).SOPInstanceUID) for sample in samples if sample.origin is not None]
    given: list[tuple[Any, Sequence[Any]]] = [
        (DicomSeries(), images),
        (DicomSeg(), masks(samples)),
        (DicomSr(), [boxes()] * 5),
        (DicomSr(), [Scores(torch.tensor([0.5, 0.5]))] * 5),
        (Nifti(), images),
        (Nrrd(), images),
        (Png(window=(-100, 100)), images),
        (CocoJson(), [boxes()] * 5),
        (Csv(), [boxes()] * 5),
    ]
    secrets = [*WHO.values(), "SMITHERS", "SECRETIVE", *uids, str(tmp_path)]
    for number, (exporter, predictions) in enumerate(given):
        files = exporter.write(zip(samples, predictions, strict=True), tmp_path / f"out{number}")
        assert files
        for path in files:
            content = nibabel.load(path).header.binaryblock if path.suffix == ".gz" else path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], (type(exporter), path)
            assert "SMITHERS" not in path.name


@pytest.mark.parametrize("exporter", [DicomSeries(), DicomSeg(), DicomSr(), Nifti(), Png(), CocoJson(), Csv()])
def test_what_an_exporter_cannot_write_it_says_before(tmp_path: Path, exporter: Any) -> None:
    sample = series(tmp_path / "in", "one slice")[0]
    with pytest.raises(DataError):
        exporter.check(sample, Label(0))
    plain = tmp_path / "plain.npy"
    np.save(plain, np.zeros((16, 24), np.float32))
    answer = {DicomSeries: Image(torch.zeros(1, 16, 24), "HU"), DicomSeg: masks([sample])[0], DicomSr: boxes()}.get(type(exporter))
    if answer is not None:
        exporter.check(sample, answer)
        with pytest.raises(DataError, match="not DICOM"):
            exporter.check(Sample(Case("a", "g"), read_image(plain)), answer)


def test_a_missing_highdicom_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(dicom_objects.importlib, "import_module", absent)
    for exporter in (DicomSeg, DicomSr):
        with pytest.raises(EnvironmentFault, match=r"medai-standard\[dicom\]"):
            exporter()


@pytest.mark.realdata
def test_real_masks_round_trip_through_a_segmentation(tmp_path: Path, real_data: Path) -> None:
    folder = real_data / "ct" / "totalsegmentator"
    dataset = open_images([folder / "example_ct_dicom"])
    samples = [dataset.read(case, np.random.default_rng(0)) for case in dataset.cases()]
    volume = nibabel.load(folder / "example_seg_dicom.nii.gz")
    truth = np.asarray(volume.dataobj).astype(np.int64)
    # Which plane of the volume a slice is, by millimetres along z; columns and rows by the axes of each affine.
    to_voxel = np.linalg.inv(volume.affine)
    rows = []
    kept = [label for label in np.unique(truth) if label][:3]
    grid = np.stack(np.meshgrid(np.arange(512), np.arange(512), [0], [1], indexing="ij"), -1).reshape(-1, 4)
    for sample in samples:
        assert sample.inputs.affine is not None
        voxels = np.rint(grid @ (to_voxel @ sample.inputs.affine).T)[:, :3].astype(int)
        assert (voxels >= 0).all() and (voxels < truth.shape).all()
        labels = truth[tuple(voxels.T)].reshape(512, 512)
        rows.append((sample, Mask(torch.from_numpy(sum((labels == label) * (number + 1) for number, label in enumerate(kept))))))
    (path,) = DicomSeg().write(rows, tmp_path)
    data = highdicom.seg.segread(path)
    counts = [sum(int((mask.labels == label).sum()) for _, mask in rows) for label in (1, 2, 3)]
    assert counts == [int((truth == label).sum()) for label in kept]
    for label in (1, 2, 3):
        centre = seg_millimetres(path, label).mean(0) * [-1, -1, 1]
        voxels = np.argwhere(truth == kept[label - 1]).mean(0)
        assert np.allclose(centre, (volume.affine @ [*voxels, 1])[:3], atol=0.01)
    assert len(data.SegmentSequence) == 3

"""Folders of CT through the real reader."""

import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import torch

from medai.errors import DataError
from medai_ldct.datasets.ct import Ct


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Ct.write_stub(tmp_path, n=5, seed=0)
    return tmp_path


def test_the_stub_is_read_in_hu(folder: Path) -> None:
    dataset = Ct(folder)
    cases = dataset.cases()
    assert len(cases) == 5 and len({case.id for case in cases}) == 5 and len({case.group for case in cases}) == 2
    for case in cases:
        sample = dataset.read(case, np.random.default_rng(0))
        assert sample.inputs.unit == "HU" and sample.inputs.pixels.shape == (1, 64, 64)
        assert float(sample.inputs.pixels.min()) < -900 and float(sample.inputs.pixels.max()) > 100
        assert sample.reference is None
        assert sample.origin is not None and sample.origin.spacing == (6.25, 6.25) and sample.origin.affine is not None


def test_the_same_stub_is_written_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Ct.write_stub(tmp_path / name, n=3, seed=7)
    files = [sorted(path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*.dcm")) for name in ("a", "b")]
    assert files[0] == files[1]
    assert all((tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes() for path in files[0])


def test_no_name_of_a_patient_or_file_is_in_a_case(folder: Path) -> None:
    for case in Ct(folder).cases():
        assert "stub" not in case.id.lower() and "stub" not in case.group.lower()


def test_other_modalities_are_passed_over_and_alone_refused(folder: Path, tmp_path: Path) -> None:
    path = next(folder.rglob("*.dcm"))
    header = pydicom.dcmread(path)
    header.Modality = "MR"
    header.save_as(path)
    assert len(Ct(folder).cases()) == 4
    for other in folder.rglob("*.dcm"):
        header = pydicom.dcmread(other)
        header.Modality = "MR"
        header.save_as(other)
    with pytest.raises(DataError, match="not a CT"):
        Ct(folder)


def test_dicom_that_is_not_in_hu_is_a_bad_case(folder: Path) -> None:
    path = next(iter(sorted(folder.rglob("*.dcm"))))
    header = pydicom.dcmread(path)
    header.RescaleIntercept = 0
    header.save_as(path)
    dataset, faults = Ct(folder), []
    for case in dataset.cases():
        try:
            dataset.read(case, np.random.default_rng(0))
        except DataError as error:
            faults.append(error)
    assert [error.path for error in faults] == [path] and "a wrong rescale?" in faults[0].reason


@pytest.mark.parametrize("name", ["quarter_3mm", "1.000000-Low Dose Images-39882"])
def test_slices_of_a_low_dose_are_not_taken_in_silence(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "pairs" / "L067").mkdir(parents=True)
    shutil.copytree(next(path for path in sorted(folder.iterdir()) if path.name != "pairs"), tmp_path / "pairs" / "L067" / name)
    with pytest.warns(UserWarning, match=f"folders such as {name} are taken as normal dose"):
        Ct(tmp_path / "pairs")


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        Ct(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no DICOM"):
        Ct(tmp_path)


def test_volumes_are_cut_into_axial_planes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(0, 100, (6, 7, 8)).astype(np.float32)
    # The first axis of the file runs from feet to head.
    affine = np.array([[0, 2.0, 0, -5], [0, 0, 2.5, 4], [3.0, 0, 0, 10], [0, 0, 0, 1]])
    (tmp_path / "one").mkdir()
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "one" / "v.nii.gz")
    np.save(tmp_path / "two.npy", values)
    dataset = Ct(tmp_path)
    cases = dataset.cases()
    assert len(cases) == 12 and len({case.group for case in cases}) == 2
    sample = dataset.read(cases[2], np.random.default_rng(0))
    assert torch.allclose(sample.inputs.pixels[0], torch.from_numpy(values[2].T.copy()))
    assert sample.origin is not None and sample.origin.affine is not None and sample.origin.spacing == (2.5, 2.0)
    assert sample.origin.affine @ [3, 4, 0, 1] == pytest.approx(affine @ [2, 4, 3, 1])


def test_a_mask_is_not_a_ct(tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", np.ones((32, 32), dtype=np.uint8))
    dataset = Ct(tmp_path)
    with pytest.raises(DataError, match="not a CT"):
        dataset.read(dataset.cases()[0], np.random.default_rng(0))


@pytest.mark.realdata
def test_real_scans_are_read() -> None:
    home = Path(os.environ.get("MEDAI_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ct"
    if not home.is_dir():
        pytest.skip(f"no real data at {home}")
    covid, series = Ct(home / "covid-19-ny-sbu"), Ct(home / "totalsegmentator")
    assert len(covid.cases()) == 10 and len({case.group for case in covid.cases()}) == 5
    assert len(series.cases()) == 20 and len({case.group for case in series.cases()}) == 1
    for dataset in (covid, series):
        pixels = dataset.read(dataset.cases()[0], np.random.default_rng(0)).inputs.pixels
        assert pixels.shape == (1, 512, 512) and float(pixels.min()) == -1024

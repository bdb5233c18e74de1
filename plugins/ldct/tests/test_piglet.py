"""The piglet's five doses through the real reader: one subject, a case per slice."""

import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner

from medai._cli import cli
from medai.errors import DataError, UsageError
from medai_ldct.datasets.piglet import Piglet
from medai_ldct.physics.exposure import TABLE_1, at

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    Piglet.write_stub(root, n=6, seed=0)
    return root


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "piglet")


def describe(folder: Path, description: str) -> None:
    for path in folder.iterdir():
        header = pydicom.dcmread(path)
        header.SeriesDescription = description
        header.save_as(path)


def home(folder: Path) -> Path:
    return folder / "DICOM" / "PA0" / "ST0"


@pytest.mark.parametrize("dose", [50, 25, 10, 5])
def test_each_dose_is_read_with_its_own_noise_and_figures(folder: Path, dose: Literal[50, 25, 10, 5]) -> None:
    dataset = Piglet(folder, dose=dose)
    for case in dataset.cases():
        sample = dataset.read(case, RNG)
        assert sample.reference is not None
        inside = sample.reference.pixels > -900
        noise = float((sample.inputs.pixels - sample.reference.pixels)[inside].std())
        assert noise == pytest.approx(25 * (25 / dose) ** 0.5, rel=0.15)
        assert case.attributes["mAs"] == 3 * dose and case.attributes["CTDIvol"] == pytest.approx(0.3083 * dose, abs=0.01)


def test_a_case_is_a_slice_whatever_the_dose(folder: Path) -> None:
    ids = [[case.id for case in dataset.cases()] for dataset in (Piglet(folder, dose=50), Piglet(folder, dose=5))]
    assert ids[0] == ids[1] and len(ids[0]) == 6
    assert Piglet.single_subject and len({case.group for case in Piglet(folder).cases()}) == 1


def test_the_table_is_the_papers_and_goes_with_the_current() -> None:
    assert [row.mas for row in TABLE_1] == [300, 150, 75, 30, 15]
    for row in TABLE_1:
        full = TABLE_1[0]
        for figure in ("mas", "ctdi_vol", "dlp", "effective"):
            assert getattr(row, figure) == pytest.approx(getattr(full, figure) * row.fraction, rel=0.005)
        assert row.effective == pytest.approx(0.015 * row.dlp, rel=0.01)
    assert at(0.05).dlp == 47.1 and at(0.2).mas == pytest.approx(60)


def test_other_reconstructions_are_passed_over_and_can_be_chosen(folder: Path) -> None:
    wanted = Piglet(folder).cases()
    for number, dose in ((5, "FULL"), (6, "25%")):
        describe(shutil.copytree(home(folder) / "SE0", home(folder) / f"SE{number}"), f"ASIR 50 {dose}".replace(" 50 FULL", " FULL"))
    describe(home(folder) / "SE6", "VEO 25%")
    assert Piglet(folder).cases() == wanted
    with pytest.raises(DataError, match=r"described as ASIR and 25%.* is expected; it holds DICOM/PA0/ST0/SE0 \(FBP FULL\)"):
        Piglet(folder, reconstruction="ASIR")
    describe(home(folder) / "SE6", "ASIR 25%")
    assert Piglet(folder, reconstruction="ASIR").cases() == wanted


def test_folders_named_by_dose_are_read(folder: Path, tmp_path: Path) -> None:
    wanted = Piglet(folder, dose=10).cases()
    for number, name in enumerate(("Full_dose", "50%", "25", "10", "5 percent")):
        describe(shutil.copytree(home(folder) / f"SE{number}", tmp_path / "named" / name), "")
    assert Piglet(tmp_path / "named", dose=10).cases() == wanted


def test_a_dose_that_is_missing_or_there_twice_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"scanned at 50, 25, 10 and 5 % of the full dose"):
        Piglet(folder, dose=100)  # type: ignore[arg-type]
    shutil.copytree(home(folder) / "SE0", home(folder) / "SE7")
    with pytest.raises(DataError, match="is FBP at FULL, and so is DICOM/PA0/ST0/SE0"):
        Piglet(folder)
    shutil.rmtree(home(folder) / "SE7")
    shutil.rmtree(home(folder) / "SE2")
    assert Piglet(folder, dose=50).cases()
    with pytest.raises(DataError, match="described as FBP and 25%, or a folder of that name, is expected"):
        Piglet(folder)


def test_a_rehearsal_splits_in_blocks_with_a_gap(folder: Path, tmp_path: Path) -> None:
    words = ["run", "ldct/redcnn", "--scale", "quick", "--dry-run", "--out", str(tmp_path / "runs")]
    told = CliRunner().invoke(cli, [*words, "--data", f"ct=ldct/piglet:{folder}", "--set", "data.ct.folder.dose=5"])
    assert told.exit_code == 0, told.output
    # Six slices in order, and one left out at each border.
    assert "2 train, 1 valid, 1 test cases" in told.output

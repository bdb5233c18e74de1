"""The archive's folders through the real reader."""

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medai.errors import DataError
from medai.io import pseudonym
from medai_ldct.datasets.tcia_ldct import TciaLdct

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    TciaLdct.write_stub(root, n=12, seed=0)
    return root


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "ldct")


def series(folder: Path, patient: str, word: str) -> Path:
    return next(folder.rglob(f"{patient}/*/*{word} Dose Images*"))


def describe(folder: Path, description: str, maker: str = "SIEMENS") -> None:
    for path in folder.iterdir():
        header = pydicom.dcmread(path)
        header.SeriesDescription, header.Manufacturer = description, maker
        header.save_as(path)


def test_patients_doses_and_exams_are_known(folder: Path) -> None:
    dataset = TciaLdct(folder)
    told = {case.group: (case.attributes["exam"], case.attributes["dose"], case.split) for case in dataset.cases()}
    assert told == {
        pseudonym("C002"): ("chest", 0.1, None),
        pseudonym("L004"): ("abdomen", 0.25, None),
        pseudonym("N005"): ("head", 0.25, None),
    }
    noise: dict[str | float, list[float]] = {}
    for case in dataset.cases():
        sample = dataset.read(case, RNG)
        assert sample.reference is not None
        inside = sample.reference.pixels > -900
        noise.setdefault(case.attributes["exam"], []).append(float((sample.inputs.pixels - sample.reference.pixels)[inside].std()))
    assert np.mean(noise["chest"]) / np.mean(noise["head"]) == pytest.approx(2.5**0.5, rel=0.1)


def test_exams_can_be_chosen(folder: Path) -> None:
    assert {case.attributes["exam"] for case in TciaLdct(folder, exam="head").cases()} == {"head"}


def test_projections_are_passed_over(folder: Path) -> None:
    wanted = TciaLdct(folder).cases()
    other = shutil.copytree(series(folder, "C002", "Full"), series(folder, "C002", "Full").with_name("1.000000-Full Dose Projections-1"))
    assert TciaLdct(folder).cases() == wanted
    describe(other, "Full Dose Projections")
    other.rename(other.with_name("1.2.840.3"))
    assert TciaLdct(folder).cases() == wanted


def test_a_series_is_known_by_its_headers_where_its_folder_says_nothing(folder: Path) -> None:
    wanted = TciaLdct(folder).cases()
    for number, path in enumerate(sorted(folder.rglob("*Dose Images*"))):
        path.rename(path.with_name(f"1.2.840.{number}"))
    (folder / "LDCT-and-Projection-data" / "C002").rename(folder / "LDCT-and-Projection-data" / "someone")
    assert TciaLdct(folder).cases() == wanted


def test_a_dose_without_the_other_is_an_error_but_on_ge(folder: Path) -> None:
    shutil.rmtree(series(folder, "N005", "Low"))
    with pytest.raises(DataError, match="holds full dose images of patient N005, for whom there is no series of low dose images"):
        TciaLdct(folder)
    describe(series(folder, "N005", "Full"), "Full Dose Images", "GE MEDICAL SYSTEMS")
    with pytest.warns(UserWarning, match="1 patients scanned on GE"):
        assert len({case.group for case in TciaLdct(folder).cases()}) == 2
    shutil.rmtree(series(folder, "L004", "Full"))
    with pytest.raises(DataError, match="holds low dose images of patient L004"):
        TciaLdct(folder)


def test_a_dose_twice_is_an_error(folder: Path) -> None:
    shutil.copytree(series(folder, "C002", "Low"), series(folder, "C002", "Low").with_name("2.000000-Low Dose Images-1"))
    with pytest.raises(DataError, match="holds low dose images of C002, and so does LDCT-and-Projection-data/C002"):
        TciaLdct(folder)


def test_what_is_there_in_its_place_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "else" / "scans").mkdir(parents=True)
    with pytest.raises(DataError, match=r"Low Dose Images-39882 .* are expected; it holds scans/$"):
        TciaLdct(tmp_path / "else")


def test_series_of_unequal_length_are_an_error(folder: Path) -> None:
    next(iter(sorted(series(folder, "C002", "Low").iterdir()))).unlink()
    with pytest.raises(DataError, match=r"holds 3 slices, 1.000000-Full Dose Images-22038 holds 4; 1-001.dcm, at 0 mm"):
        TciaLdct(folder)

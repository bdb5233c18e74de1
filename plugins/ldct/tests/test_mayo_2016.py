"""The grand challenge's folders through the real reader: pairs, the published split, and what is said of folders that are not as due."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner

from medai._cli import cli
from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai_ldct.datasets.mayo_2016 import Mayo2016

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    Mayo2016.write_stub(root, n=16, seed=0)
    return root


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "mayo")


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.IMA"))


def edit(path: Path, change: Callable[[Any], None]) -> None:
    header = pydicom.dcmread(path)
    change(header)
    header.save_as(path)


def test_slices_are_paired_by_position_whatever_files_are_called(folder: Path) -> None:
    names = files(folder / "L506" / "full_3mm")
    held = [path.read_bytes() for path in names]
    for path, content in zip(names, reversed(held), strict=True):
        path.write_bytes(content)
    dataset = Mayo2016(folder)
    cases = dataset.cases()
    assert len(cases) == 16 and {case.attributes["dose"] for case in cases} == {0.25}
    for case in cases:
        sample = dataset.read(case, RNG)
        assert sample.reference is not None and sample.inputs.affine is not None and sample.reference.affine is not None
        assert np.array_equal(sample.inputs.affine, sample.reference.affine)
        difference = sample.inputs.pixels - sample.reference.pixels
        # The drawn noise of 25 HU and nothing else: slices that are no pair differ by hundreds.
        assert 10 < float(difference[sample.reference.pixels > -900].std()) < 30


def test_the_split_of_the_study_is_published(folder: Path) -> None:
    parts = {case.group: case.split for case in Mayo2016(folder).cases()}
    assert parts == {pseudonym(name): part for name, part in zip(("L067", "L333", "L096", "L506"), ("train", "test") * 2, strict=True)}


@pytest.mark.parametrize("gone", [("L333", "L506"), ("L067", "L096")])
def test_without_both_parts_no_split_is_published(folder: Path, gone: tuple[str, str]) -> None:
    for name in gone:
        (folder / name).rename(folder.parent / name)
    assert {case.split for case in Mayo2016(folder).cases()} == {None}


def test_a_patient_who_is_not_of_the_ten_publishes_no_split(folder: Path) -> None:
    (folder / "L096").rename(folder / "X001")
    assert {case.split for case in Mayo2016(folder).cases()} == {None}


@pytest.mark.parametrize("place", ["3mm B30/{dose}/{patient}/{dose}", "mayo/{dose}/{patient}", "{patient}/{dose}"])
def test_the_archives_own_folders_are_read(folder: Path, tmp_path: Path, place: str) -> None:
    wanted = Mayo2016(folder).cases()
    for source in sorted(folder.glob("*/*_3mm")):
        target = tmp_path / "other" / place.format(dose=source.name, patient=source.parent.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    assert Mayo2016(tmp_path / "other").cases() == wanted


def test_thickness_and_kernel_choose_the_folders(folder: Path) -> None:
    for source in sorted(folder.glob("*/*_3mm")):
        source.rename(source.with_name(source.name.replace("_3mm", "_1mm_sharp")))
    assert len(Mayo2016(folder, thickness=1, kernel="D45").cases()) == 16
    with pytest.raises(DataError, match="L067/quarter_3mm and L067/full_3mm are expected; it holds L067/"):
        Mayo2016(folder)
    with pytest.raises(UsageError, match="of 1 mm and of 3 mm"):
        Mayo2016(folder, thickness=2)


def test_a_dose_that_is_missing_or_called_otherwise_is_named(folder: Path) -> None:
    (folder / "L096" / "full_3mm").rename(folder / "L096" / "normal")
    with pytest.raises(DataError, match=r"L096: patient L096 has no folder full_3mm: normal, quarter_3mm is there; .* are expected"):
        Mayo2016(folder)
    (folder / "L096" / "quarter_3mm").rename(folder / "L096" / "low")
    with pytest.raises(DataError, match="patient L096 has no folder quarter_3mm and no folder full_3mm: low, normal is there"):
        Mayo2016(folder)


def test_a_folder_of_one_patient_or_of_none_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give the folder that holds the patients"):
        Mayo2016(folder / "L067")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="are expected; it holds nothing"):
        Mayo2016(tmp_path / "none")
    with pytest.raises(DataError, match="no such folder"):
        Mayo2016(tmp_path / "gone")


def test_series_of_unequal_length_name_the_slice_without_a_partner(folder: Path) -> None:
    gone, alone = (files(folder / "L506" / f"{dose}_3mm")[1] for dose in ("quarter", "full"))
    gone.write_bytes(b"")
    with pytest.raises(DataError, match=rf"holds 3 slices, full_3mm holds 4; {alone.name}, at 3 mm, .*; {gone.name} is no CT"):
        Mayo2016(folder)
    gone.unlink()
    with pytest.raises(DataError, match=rf"L506/quarter_3mm: holds 3 slices, full_3mm holds 4; {alone.name}, at 3 mm"):
        Mayo2016(folder)
    alone.unlink()
    other = files(folder / "L506" / "full_3mm")[0]
    other.unlink()
    with pytest.raises(DataError, match=r"L506/full_3mm: holds 2 slices, quarter_3mm holds 3; .*0001.IMA, at 0 mm, has no partner"):
        Mayo2016(folder)


def test_as_many_slices_in_other_places_are_no_pairs(folder: Path) -> None:
    files(folder / "L506" / "quarter_3mm")[0].unlink()
    last = files(folder / "L506" / "full_3mm")[-1]
    last.unlink()
    with pytest.raises(DataError, match="lies at 0 mm, where quarter_3mm has no slice"):
        Mayo2016(folder)


def test_two_series_in_a_folder_are_refused(folder: Path) -> None:
    path = files(folder / "L506" / "quarter_3mm")[0]
    copy = path.with_name("again.IMA")
    copy.write_bytes(path.read_bytes())
    edit(copy, lambda header: setattr(header, "SOPInstanceUID", "1.2.3"))
    with pytest.raises(DataError, match=r"lies at 0 mm, as .* does: one series is wanted"):
        Mayo2016(folder)


def bad_cases(folder: Path) -> list[str]:
    """What is said of the cases that cannot be read."""
    dataset, faults = Mayo2016(folder), []
    for case in dataset.cases():
        try:
            dataset.read(case, RNG)
        except DataError as error:
            faults.append(str(error))
    assert len(dataset.cases()) == 16
    return faults


def shrink(header: Any) -> None:
    header.Rows = header.Columns = 32
    header.PixelData = header.PixelData[: 32 * 32 * 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header: delattr(header, "RescaleSlope"), "no rescale slope and intercept"),
        (lambda header: setattr(header, "RescaleIntercept", 0), "its rescale is 1 and 0, that of .* 1 and -1024"),
        (shrink, "is 32 x 32, other slices 64 x 64"),
        (lambda header: setattr(header, "PixelSpacing", [3.0, 3.0]), "lies elsewhere in the patient"),
        (lambda header: setattr(header, "PixelData", header.PixelData[:100]), "may be corrupted"),
    ],
    ids=["no rescale", "another rescale", "another size", "another scale", "cut short"],
)
def test_one_bad_slice_is_one_bad_case(folder: Path, change: Callable[[Any], None], said: str) -> None:
    path = files(folder / "L506" / "quarter_3mm")[2]
    edit(path, change)
    faults = bad_cases(folder)
    assert len(faults) == 1 and path.name in faults[0]
    assert re.search(said, faults[0]), faults[0]


def unplace(header: Any) -> None:
    del header.ImagePositionPatient


def test_a_slice_without_a_position_is_one_bad_case_and_shifts_no_other(folder: Path) -> None:
    path = files(folder / "L506" / "quarter_3mm")[1]
    edit(path, unplace)
    (fault,) = bad_cases(folder)
    assert path.name in fault and "says no position, where others do" in fault
    names = [(pair.low.name[-8:], pair.full.name[-8:]) for pair in Mayo2016(folder)._pairs.values()]
    assert [low for low, _ in names] == [full for _, full in names]


def test_a_series_without_positions_is_no_partner_of_one_that_has_them(folder: Path) -> None:
    for path in files(folder / "L506" / "full_3mm"):
        edit(path, unplace)
    with pytest.raises(DataError, match=r"L506_FD.*: none of 4 slices can be used; the first: its header says no position"):
        Mayo2016(folder)


def test_without_positions_slices_of_many_series_have_no_order(folder: Path) -> None:
    for dose in ("quarter", "full"):
        for number, path in enumerate(files(folder / "L506" / f"{dose}_3mm")):
            edit(path, unplace)
            edit(path, lambda header, uid=f"1.2.{number}": setattr(header, "SeriesInstanceUID", uid))  # type: ignore[misc]
    with pytest.raises(DataError, match=r"L506/quarter_3mm: its headers say no position and are of 4 series"):
        Mayo2016(folder)


def test_slices_that_are_not_in_hu_are_bad_cases(folder: Path) -> None:
    for dose in ("quarter", "full"):
        edit(files(folder / "L506" / f"{dose}_3mm")[2], lambda header: setattr(header, "RescaleIntercept", 0))
    (fault,) = bad_cases(folder)
    assert "L506_QD_3_1.CT.0004.0003.IMA: none of its values is negative" in fault


def test_a_header_cut_short_is_one_bad_case_and_the_others_keep_their_ids(folder: Path) -> None:
    before = [case.id for case in Mayo2016(folder).cases()]
    path = files(folder / "L506" / "quarter_3mm")[1]
    path.write_bytes(path.read_bytes()[:600])
    assert [case.id for case in Mayo2016(folder).cases()] == before
    (fault,) = bad_cases(folder)
    assert path.name in fault


def test_slices_that_cannot_be_used_are_counted_with_reasons_before_any_is_read(folder: Path) -> None:
    for name in ("L067", "L506"):
        path = files(folder / name / "full_3mm")[1]
        path.write_bytes(path.read_bytes()[:600])
    edit(files(folder / "L333" / "quarter_3mm")[0], lambda header: header.__delattr__("ImagePositionPatient"))
    with pytest.warns(UserWarning, match="are left out") as caught:
        Mayo2016(folder)
    (said,) = [str(warning.message) for warning in caught if "are left out" in str(warning.message)]
    assert said.startswith("3 of 16 pairs of slices cannot be used and are left out: 2 x ")
    assert "; 1 x its header says no position" in said and "L333_QD_3_1.CT.0004.0001.IMA" in said


def test_a_patient_of_whom_nothing_can_be_used_is_an_error(folder: Path) -> None:
    for path in files(folder / "L506" / "quarter_3mm"):
        path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(DataError, match=r"none of 4 slices can be used; the first: |truncated in its header"):
        Mayo2016(folder)


def test_a_rehearsal_looks_at_the_folder(folder: Path, tmp_path: Path) -> None:
    words = ["run", "ldct/redcnn", "--scale", "quick", "--dry-run", "--out", str(tmp_path / "runs"), "--data"]
    good = CliRunner().invoke(cli, [*words, f"ct=ldct/aapm-mayo-2016:{folder}"])
    assert good.exit_code == 0, good.output
    assert "8 test cases" in good.output
    (folder / "L333" / "quarter_3mm").rename(folder / "L333" / "quarter")
    bad = CliRunner().invoke(cli, [*words, f"ct=ldct/aapm-mayo-2016:{folder}"])
    assert isinstance(bad.exception, DataError)
    assert "patient L333 has no folder quarter_3mm: full_3mm, quarter is there" in str(bad.exception)


@pytest.mark.realdata
def test_a_real_series_is_read_in_this_layout(tmp_path: Path) -> None:
    home = Path(os.environ.get("MEDAI_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ct" / "totalsegmentator"
    if not home.is_dir():
        pytest.skip(f"no real data at {home}")
    for dose in ("quarter", "full"):
        folder = tmp_path / "L067" / f"{dose}_1mm"
        folder.mkdir(parents=True)
        for number, path in enumerate(sorted((home / "example_ct_dicom").iterdir())):
            shutil.copy(path, folder / f"L067_{dose}.CT.{number:04d}.IMA")
    dataset = Mayo2016(tmp_path, thickness=1)
    cases = dataset.cases()
    assert len(cases) == 20 and {case.split for case in cases} == {None}
    heights = []
    for case in (cases[0], cases[-1]):
        sample = dataset.read(case, RNG)
        assert sample.reference is not None and sample.inputs.affine is not None
        assert sample.inputs.pixels.shape == (1, 512, 512) and float((sample.inputs.pixels - sample.reference.pixels).abs().max()) == 0
        heights.append(sample.inputs.affine[2, 3])
    assert heights[0] < heights[1]

"""Listing the DICOM slices of a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from medai.errors import DataError
from medai.io import Series, list_series, list_slices, open_images, pseudonym, read_series

Writer = Callable[..., Path]
RNG = np.random.default_rng(1)


def place(z: float) -> dict[str, object]:
    return {"ImagePositionPatient": [-100.0, -90.0, z]}


def test_slices_are_sorted_by_position_whatever_their_names(write_slice: Writer, tmp_path: Path) -> None:
    heights = RNG.permutation(12) * 2.5 - 7
    for number, z in enumerate(heights):
        write_slice(tmp_path / f"{number:03d}", InstanceNumber=int(100 - number), **place(float(z)))
    slices = list_slices(tmp_path)
    assert [item.position for item in slices] == sorted(heights.tolist())
    assert [item.index for item in slices] == list(range(12))
    assert [item.path.name for item in slices] == [f"{number:03d}" for number in np.argsort(heights)]
    assert (slices[0].rows, slices[0].columns, slices[0].frames, slices[0].modality) == (16, 24, 1, "CT")


def test_the_position_is_along_the_normal(write_slice: Writer, tmp_path: Path) -> None:
    sagittal = [0, 1, 0, 0, 0, -1]
    for number, x in enumerate((5.0, -3.0, 9.0)):
        # Height rises as x falls, so sorting by the third coordinate would turn the order about.
        write_slice(tmp_path / f"{number}", ImageOrientationPatient=sagittal, ImagePositionPatient=[x, 0, -10 * x])
    assert [item.path.name for item in list_slices(tmp_path)] == ["2", "0", "1"]
    assert [item.position for item in list_slices(tmp_path)] == [-9.0, -5.0, 3.0]


def test_series_of_one_folder_are_separated(write_slice: Writer, tmp_path: Path) -> None:
    for number, z in enumerate((3.0, 1.0, 2.0, 0.0)):
        write_slice(tmp_path / f"{number}", SeriesInstanceUID=f"1.2.{number % 2}", **place(z))
    write_slice(tmp_path / "coronal", ImageOrientationPatient=[1, 0, 0, 0, 0, -1], SeriesInstanceUID="1.2.0")
    slices = list_slices(tmp_path)
    assert len({item.series for item in slices}) == 3
    assert len({item.id for item in slices}) == 5
    with pytest.raises(DataError, match="mixed series: 3 where one"):
        list_slices(tmp_path, one_series=True)


def test_blank_series_are_told_apart_by_number_and_folder(write_slice: Writer, tmp_path: Path) -> None:
    for folder, number in (("a", 1), ("a", 2), ("b", 1)):
        (tmp_path / folder).mkdir(exist_ok=True)
        write_slice(tmp_path / folder / f"{number}", SeriesInstanceUID="", PatientID="", SeriesNumber=number)
    slices = list_slices(tmp_path)
    assert len({item.series for item in slices}) == 3
    assert len({item.patient for item in slices}) == 2


def patients(root: Path) -> list[str]:
    """The patient of each file, in order of the files' paths."""
    return [item.patient for item in sorted(list_slices(root), key=lambda item: item.path)]


def filled(write_slice: Writer, root: Path, **elements: list[object]) -> Path:
    for number in range(2):
        folder = root / f"visit-{number}"
        folder.mkdir(parents=True)
        write_slice(folder / "x", **{keyword: values[number] for keyword, values in elements.items()})
    return root


def test_one_patient_in_two_folders_is_one(write_slice: Writer, tmp_path: Path) -> None:
    first, second = patients(filled(write_slice, tmp_path, PatientID=["7", "7"], PatientSex=["F", ""], PatientBirthDate=["19500101", ""]))
    assert first == second


@pytest.mark.parametrize(
    "elements",
    [
        {"PatientID": ["7", "8"]},
        {"PatientID": ["", ""]},
        {"PatientID": ["Anonymous", "Anonymous"]},
        {"PatientID": ["7", "7"], "PatientSex": ["F", "M"]},
        {"PatientID": ["7", "7"], "PatientBirthDate": ["19500101", "19600101"]},
        {"PatientID": ["7", "7"], "IssuerOfPatientID": ["north", "south"]},
    ],
)
def test_different_patients_are_two(write_slice: Writer, tmp_path: Path, elements: dict[str, list[object]]) -> None:
    first, second = patients(filled(write_slice, tmp_path, **elements))
    assert first != second


def test_nothing_of_a_patient_shows(write_slice: Writer, tmp_path: Path) -> None:
    write_slice(tmp_path / "x", PatientID="Doe^Jane")
    item = list_slices(tmp_path)[0]
    assert item.patient == pseudonym("id Doe^Jane")
    assert "jane" not in item.id.lower()


def test_a_key_changes_the_pseudonym(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDAI_PSEUDONYM_KEY", raising=False)
    plain = pseudonym("A002304")
    assert plain == pseudonym("A002304") != pseudonym("A002305")
    assert plain.startswith("p-")
    monkeypatch.setenv("MEDAI_PSEUDONYM_KEY", "a secret " * 20)
    assert pseudonym("A002304") != plain


def test_other_files_are_passed_over(write_slice: Writer, tmp_path: Path) -> None:
    write_slice(tmp_path / "slice")
    write_slice(tmp_path / "scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_slice(tmp_path / "mr", Modality="MR", SeriesInstanceUID="1.9")
    write_slice(tmp_path / "._slice")
    (tmp_path / "README.txt").write_text("none of it is an image")
    (tmp_path / "empty").touch()
    with pytest.warns(UserWarning, match="1 files that are no CT are passed over: MR"):
        found = list_slices(tmp_path, modality="CT")
    assert [item.path.name for item in found] == ["slice"]
    assert {item.path.name for item in list_slices(tmp_path)} == {"slice", "mr"}


def test_no_pixels_are_read(write_slice: Writer, tmp_path: Path) -> None:
    path = write_slice(tmp_path / "cut")
    path.write_bytes(path.read_bytes()[:-100])
    assert list_slices(tmp_path)[0].fault == ""


def test_a_damaged_header_is_listed_with_its_fault(write_slice: Writer, tmp_path: Path) -> None:
    write_slice(tmp_path / "good")
    path = write_slice(tmp_path / "bad")
    path.write_bytes(path.read_bytes()[:500])
    slices = list_slices(tmp_path, modality="CT")
    assert {item.path.name: bool(item.fault) for item in slices} == {"good": False, "bad": True}
    (tmp_path / "good").unlink()
    with pytest.raises(DataError, match="truncated"):
        list_slices(tmp_path)


def test_faults_of_a_folder(write_slice: Writer, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        list_slices(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no DICOM images"):
        list_slices(tmp_path)
    write_slice(tmp_path / "mr", Modality="MR")
    with pytest.raises(DataError, match="not a CT: holds MR"):
        list_slices(tmp_path, modality="CT")
    (tmp_path / "text").write_text("x")
    with pytest.raises(DataError, match="is not a DICOM image"):
        list_slices(tmp_path / "text")


def test_copies_are_passed_over_with_a_warning(write_slice: Writer, tmp_path: Path) -> None:
    for number in range(3):
        write_slice(tmp_path / f"{number}", **place(2.5 * number))
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "1", tmp_path / "copy" / "1")
    for listing, count in ((list_slices, 3), (list_series, 1), (lambda root: open_images([root]).cases(), 3)):
        with pytest.warns(UserWarning, match=r"1 file passed over as copies of others .*: copy/1$"):
            assert len(listing(tmp_path)) == count
    with pytest.warns(UserWarning, match="copies"):
        assert read_series(tmp_path).pixels.shape == (1, 3, 16, 24)


@pytest.mark.parametrize("good", ["a", "z"])
def test_of_two_copies_the_one_that_can_be_read_is_taken(write_slice: Writer, tmp_path: Path, good: str) -> None:
    content = write_slice(tmp_path / good, SOPInstanceUID="1.2.3.4").read_bytes()
    (tmp_path / "m").write_bytes(content[:-100])
    for listing in (list_slices, list_series):
        with pytest.warns(
            UserWarning, match=rf"copies of others .*{tmp_path.name}/m" + (r" \(.*pixel data is less.*\)$" if good == "z" else "$")
        ) as said:
            (found,) = listing(tmp_path)
        assert [path.name for path in (found.files if isinstance(found, Series) else (found.path,))] == [good]
        # Run folders, which keep the reason, name no file.
        assert getattr(said[0].message, "reason", "") == "1 file passed over as copies of others (of one SOPInstanceUID)"
    with pytest.warns(UserWarning, match="copies"):
        assert read_series(tmp_path).pixels.shape == (1, 1, 16, 24)


def test_where_no_copy_can_be_read_the_first_is_listed(write_slice: Writer, tmp_path: Path) -> None:
    content = write_slice(tmp_path / "a").read_bytes()
    for name, lost in (("a", 50), ("b", 100)):
        (tmp_path / name).write_bytes(content[:-lost])
    with pytest.warns(UserWarning, match="copies"):
        assert [item.path.name for item in list_slices(tmp_path)] == ["a"]


def test_one_identity_at_several_places_is_no_copy(write_slice: Writer, tmp_path: Path) -> None:
    for number in range(3):
        write_slice(tmp_path / f"{number}", SOPInstanceUID="1.2.3.4", **place(2.5 * number))
    assert len(list_slices(tmp_path)) == 3


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for listing in (list_slices, list_series, lambda path: open_images([path])):
        with pytest.raises(DataError, match="is a device or a pipe"):
            listing(tmp_path / "fifo")

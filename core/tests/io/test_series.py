"""DICOM series as volumes: order, place, gaps, and enhanced files of several frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_files import enhanced

from medai.errors import DataError
from medai.io import list_series, open_images, read_image, read_series

Writer = Callable[..., Path]

RNG = np.random.default_rng(2)
AXIAL = [1, 0, 0, 0, 1, 0]
ANGLE = math.radians(15)
OBLIQUE = [math.cos(0.4), math.sin(0.4), 0, -math.sin(0.4) * math.cos(0.3), math.cos(0.4) * math.cos(0.3), math.sin(0.3)]


def stack(write_slice: Writer, root: Path, places: Sequence[Sequence[float]], cosines: Sequence[float] = AXIAL, **elements: Any) -> Any:
    """A series with its planes at `places`, named in another order; gives its pixels by plane, in HU."""
    root.mkdir(exist_ok=True)
    stored = RNG.integers(0, 2000, (len(places), 16, 24)).astype(np.int16)
    names = RNG.permutation(len(places))
    for name, plane, place in zip(names, stored, places, strict=True):
        position = {"ImageOrientationPatient": [f"{v:.12f}" for v in cosines], "ImagePositionPatient": [f"{v:.9f}" for v in place]}
        write_slice(root / f"{name}", plane, **position, **elements)
    return stored.astype(np.float32) - 1024


def along(cosines: Sequence[float], count: int, step: float) -> list[np.ndarray[Any, Any]]:
    normal = np.cross(cosines[:3], cosines[3:])
    return [np.array([-31.5, 7.25, 99.0]) + index * step * normal for index in range(count)]


@pytest.mark.parametrize(
    "cosines",
    [AXIAL, [-1, 0, 0, 0, -1, 0], [1, 0, 0, 0, -1, 0], [0, 1, 0, 0, 0, -1], OBLIQUE],
    ids=["axial", "turned", "negative", "sagittal", "oblique"],
)
@pytest.mark.parametrize("step", [2.5, -2.5], ids=["forward", "reversed"])
def test_values_and_corners_agree_with_simpleitk(write_slice: Writer, tmp_path: Path, cosines: list[float], step: float) -> None:
    sitk = pytest.importorskip("SimpleITK")
    stack(write_slice, tmp_path / "s", along(cosines, 5, step), cosines)
    image = read_series(tmp_path / "s", modality="CT")
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "s"))
    reference = sitk.ReadImage(names)
    assert [str(path) for path in image.origin.files] == list(names)
    np.testing.assert_array_equal(image.pixels[0], sitk.GetArrayFromImage(reference))
    np.testing.assert_allclose(image.spacing, reference.GetSpacing()[::-1], atol=1e-6)
    for slice_, row, column in ((0, 0, 0), (4, 15, 23), (4, 0, 0), (0, 15, 0), (2, 7, 11)):
        x, y, z = reference.TransformIndexToPhysicalPoint((column, row, slice_))
        np.testing.assert_allclose(image.affine @ [slice_, row, column, 1], [-x, -y, z, 1], atol=1e-4)


def test_a_tilted_gantry_shears_the_affine(write_slice: Writer, tmp_path: Path) -> None:
    cosines = [1, 0, 0, 0, math.cos(ANGLE), -math.sin(ANGLE)]
    places = [np.array([-100.0, 20.0, 3.0 * index]) for index in range(6)]
    values = stack(write_slice, tmp_path / "s", places, cosines)
    (series,) = list_series(tmp_path / "s")
    assert series.tilt == pytest.approx(15, abs=1e-3)
    assert (series.planes, series.rows, series.columns, series.even, series.missing, series.fault) == (6, 16, 24, True, 0, "")
    assert series.orientation == "SPL"
    image = read_series(series)
    np.testing.assert_array_equal(image.pixels[0], values)
    assert image.origin.tilt == series.tilt
    assert image.spacing == pytest.approx((3.0, 0.7, 0.6))
    for index, place in enumerate(places):
        np.testing.assert_allclose(image.affine @ [index, 0, 0, 1], [-place[0], -place[1], place[2], 1], atol=1e-6)


def test_one_plane_is_as_thick_as_it_says(write_slice: Writer, tmp_path: Path) -> None:
    values = stack(write_slice, tmp_path / "s", [(-10, -20, 30)])
    image = read_series(tmp_path / "s")
    np.testing.assert_array_equal(image.pixels[0], values)
    assert image.spacing == (2.5, 0.7, 0.6)
    np.testing.assert_allclose(image.affine @ [1, 0, 0, 1], [10, 20, 32.5, 1])
    assert image.origin.orientation == "SPL"


@pytest.mark.parametrize(
    ("heights", "words", "missing"),
    [
        ((0, 2, 4, 8, 10), "1 of its planes are missing", 1),
        ((0, 2, 4, 12, 14, 16), "3 of its planes are missing", 3),
        ((0, 2, 2, 4, 6), "1 of its planes lie where another lies", 0),
        ((0, 2, 4.6, 6, 8), "unevenly spaced", 0),
    ],
)
def test_what_is_no_volume_is_refused(write_slice: Writer, tmp_path: Path, heights: Sequence[float], words: str, missing: int) -> None:
    stack(write_slice, tmp_path / "s", [(0, 0, height) for height in heights])
    (series,) = list_series(tmp_path / "s")
    assert words in series.fault
    assert series.missing == missing
    assert not series.even
    with pytest.raises(DataError, match=words):
        read_series(series)


def test_a_twentieth_of_a_step_is_even(write_slice: Writer, tmp_path: Path) -> None:
    stack(write_slice, tmp_path / "s", [(0, 0, height) for height in (0, 2.05, 3.95, 6)])
    assert list_series(tmp_path / "s")[0].even


def test_series_of_one_folder_are_told_apart(write_slice: Writer, tmp_path: Path) -> None:
    for number, (uid, cosines) in enumerate((("1.1", AXIAL), ("1.2", AXIAL), ("1.2", OBLIQUE))):
        (tmp_path / f"{number}").mkdir()
        stack(write_slice, tmp_path / f"{number}", along(cosines, 3 + number, 2.0), cosines, SeriesInstanceUID=uid)
    found = list_series(tmp_path)
    assert sorted(series.planes for series in found) == [3, 4, 5]
    assert len({series.id for series in found}) == 3
    with pytest.raises(DataError, match="holds 3 series where one is wanted"):
        read_series(tmp_path)


def test_echoes_in_one_place_are_volumes_of_their_own(write_slice: Writer, tmp_path: Path) -> None:
    for echo in (1, 2, 3):
        (tmp_path / f"{echo}").mkdir()
        stack(write_slice, tmp_path / f"{echo}", along(AXIAL, 4, 2.0), Modality="MR", EchoTime=str(10 * echo))
    found = list_series(tmp_path)
    assert [series.planes for series in found] == [4, 4, 4]
    assert sorted(read_series(series).origin.attributes["EchoTime"] for series in found) == [10, 20, 30]


def test_a_damaged_file_is_not_left_out_silently(write_slice: Writer, tmp_path: Path) -> None:
    stack(write_slice, tmp_path / "s", along(AXIAL, 4, 2.0))
    path = write_slice(tmp_path / "s" / "bad")
    path.write_bytes(path.read_bytes()[:500])
    assert sorted(bool(series.fault) for series in list_series(tmp_path / "s")) == [False, True]
    with pytest.raises(DataError, match="truncated") as caught:
        read_series(tmp_path / "s")
    assert caught.value.path == path


def test_attributes_are_those_that_all_planes_share(write_slice: Writer, tmp_path: Path) -> None:
    for index in range(3):
        current = {"ImagePositionPatient": [0, 0, index], "KVP": "120", "XRayTubeCurrent": 100 + index}
        write_slice(tmp_path / f"{index}", ConvolutionKernel="B30f", **current)
    attributes = read_series(tmp_path).origin.attributes
    assert attributes["KVP"] == 120
    assert attributes["ConvolutionKernel"] == "B30f"
    assert "XRayTubeCurrent" not in attributes


def volume(write_slice: Writer, path: Path, order: Sequence[int], **each: Sequence[Any]) -> Any:
    stored = RNG.integers(0, 2000, (len(order), 16, 24)).astype(np.int16)
    frames: list[dict[str, Any]] = [
        {"pixels": plane, "ImagePositionPatient": [5, 6, 2 * z]} for plane, z in zip(stored, order, strict=True)
    ]
    for keyword, values in each.items():
        for frame, value in zip(frames, values, strict=True):
            frame[keyword] = value
    shared = {"PixelSpacing": [0.7, 0.6], "ImageOrientationPatient": AXIAL, "SliceThickness": "2"}
    enhanced(write_slice(path, stored[0]), frames, **shared)
    return stored.astype(np.float32)


def test_frames_are_sorted_and_rescaled_one_by_one(write_slice: Writer, tmp_path: Path) -> None:
    order = (2, 0, 3, 1)
    slopes, intercepts = ("1", "2", "0.5", "1"), ("-1024", "-1000", "0", "10")
    stored = volume(write_slice, tmp_path / "a", order, RescaleSlope=slopes, RescaleIntercept=intercepts)
    image = read_image(tmp_path / "a", "CT")
    expected = [stored[k] * float(slopes[k]) + float(intercepts[k]) for k in np.argsort(order)]
    np.testing.assert_array_equal(image.pixels[0], np.maximum(expected, -1024))
    assert image.spacing == (2.0, 0.7, 0.6)
    np.testing.assert_allclose(image.affine @ [3, 2, 1, 1], [-5.6, -7.4, 6, 1])
    (series,) = list_series(tmp_path / "a")
    assert series.frames == (1, 3, 0, 2)
    again = read_series(tmp_path / "a")
    np.testing.assert_array_equal(again.pixels, image.pixels)
    np.testing.assert_array_equal(again.affine, image.affine)


def test_times_of_one_file_are_never_mixed(write_slice: Writer, tmp_path: Path) -> None:
    rescale = {"RescaleSlope": ["1"] * 6, "RescaleIntercept": ["0"] * 6}
    stored = volume(write_slice, tmp_path / "a", (0, 0, 1, 1, 2, 2), TemporalPositionIndex=(1, 2) * 3, **rescale)
    image = read_image(tmp_path / "a")
    np.testing.assert_array_equal(image.pixels[0], stored)
    assert image.affine is None
    assert image.spacing == (0.7, 0.6)
    found = list_series(tmp_path / "a")
    assert [series.frames for series in found] == [(0, 2, 4), (1, 3, 5)]
    np.testing.assert_array_equal(read_series(found[1]).pixels[0], stored[1::2])


def test_more_groups_than_frames_are_refused(write_slice: Writer, tmp_path: Path) -> None:
    volume(write_slice, tmp_path / "a", (0, 1, 2))
    data = pydicom.dcmread(tmp_path / "a")
    data.NumberOfFrames = 2
    data.save_as(tmp_path / "a")
    with pytest.raises(DataError, match="has 2 frames and describes 3"):
        read_image(tmp_path / "a")


def test_a_film_is_no_volume(write_slice: Writer, tmp_path: Path) -> None:
    stored = RNG.integers(0, 255, (3, 16, 24)).astype(np.uint8)
    film = {"Modality": "US", "NumberOfFrames": 3, "Rows": 16, "Columns": 24, "ImagePositionPatient": None, "ImageOrientationPatient": None}
    write_slice(tmp_path / "a", stored, **film)
    image = read_image(tmp_path / "a")
    assert image.pixels.shape == (1, 3, 16, 24)
    assert image.affine is None
    (series,) = list_series(tmp_path / "a")
    assert "its frames have no positions" in series.fault


@pytest.mark.realdata
def test_real_series_agree_with_simpleitk(real_data: Path) -> None:
    sitk = pytest.importorskip("SimpleITK")
    found = list_series(real_data / "ct", modality="CT")
    assert sorted(series.planes for series in found) == [1] * 10 + [20]
    assert len({series.patient for series in found}) == 6
    for series in found:
        assert (series.rows, series.columns, series.orientation, series.tilt, series.fault) == (512, 512, "SPL", 0, "")
        image = read_series(series)
        reference = sitk.ReadImage([str(path) for path in series.files])
        np.testing.assert_array_equal(image.pixels[0], np.maximum(sitk.GetArrayFromImage(reference), -1024).astype(np.float32))
        assert image.unit == "HU"
        assert image.pixels.min() == -1024
        assert 1000 < image.pixels.max() < 6000
        for slice_, row, column in ((0, 0, 0), (series.planes - 1, 511, 511), (0, 511, 0)):
            x, y, z = reference.TransformIndexToPhysicalPoint((column, row, slice_))
            np.testing.assert_allclose(image.affine @ [slice_, row, column, 1], [-x, -y, z, 1], atol=1e-6)


def test_open_images_takes_an_enhanced_file_as_one_volume(write_slice: Writer, tmp_path: Path) -> None:
    volume(write_slice, tmp_path / "a", (1, 0, 2), RescaleSlope=["1"] * 3, RescaleIntercept=["0"] * 3)
    write_slice(tmp_path / "b")
    data = open_images([tmp_path])
    samples = [data.read(case, np.random.default_rng(0)) for case in data.cases()]
    assert sorted(tuple(sample.inputs.pixels.shape) for sample in samples) == [(1, 3, 16, 24), (1, 16, 24)]
    assert all(sample.origin.affine is not None for sample in samples)

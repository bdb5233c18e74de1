"""NIfTI, .npy, PNG and JPEG: there and back, and bad files; opening what `predict` is given."""

from __future__ import annotations

import gzip
import pickle
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.errors import DataError, EnvironmentFault
from medai.io import open_images, read_image, replacing, write_image
from medai.tasks import Image, Origin

Writer = Callable[..., Path]
RNG = np.random.default_rng(2)
AFFINE = np.array([[-0.6, 0.1, 0.0, 10.0], [0.1, 0.7, 0.2, -20.0], [0.0, -0.3, 2.0, 30.0], [0, 0, 0, 1]])


def write_nifti(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nib.Nifti1Image(array, affine).to_filename(path)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_a_volume_has_its_slices_first_and_keeps_its_place(tmp_path: Path, name: str) -> None:
    array = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    image = read_image(write_nifti(tmp_path / name, array))
    origin = image.origin
    assert image.pixels.shape == (1, 5, 4, 3)
    assert origin.affine is not None
    for i, j, k in ((0, 0, 0), (2, 1, 4), (1, 3, 2)):
        assert image.pixels[0, k, j, i] == array[i, j, k]
        np.testing.assert_allclose(origin.affine @ [k, j, i, 1], AFFINE @ [i, j, k, 1], rtol=1e-6)
    np.testing.assert_allclose(origin.spacing, np.linalg.norm(AFFINE[:3, 2::-1], axis=0), rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 5)])
def test_nifti_goes_back_on_its_own_grid(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = RNG.normal(size=shape).astype(np.float32)
    image = read_image(write_nifti(tmp_path / "a.nii.gz", array))
    origin = image.origin
    written = nib.load(write_image(tmp_path / "new" / "b.nii.gz", Image(image.pixels * 2, "HU"), origin))
    np.testing.assert_allclose(np.squeeze(written.get_fdata()), 2 * np.squeeze(array), rtol=1e-6)
    np.testing.assert_allclose(written.affine, AFFINE, rtol=1e-6)
    again = read_image(tmp_path / "new" / "b.nii.gz")
    place = again.origin
    assert again.unit == "HU"
    assert torch.equal(again.pixels, image.pixels * 2)
    np.testing.assert_allclose(place.affine, origin.affine, rtol=1e-6)


def test_a_dicom_slice_keeps_its_place_as_nifti(write_slice: Writer, tmp_path: Path) -> None:
    image = read_image(write_slice(tmp_path / "a", RNG.integers(0, 2000, (16, 24)).astype(np.int16)))
    origin = image.origin
    again = read_image(write_image(tmp_path / "a.nii.gz", image, origin))
    place = again.origin
    assert torch.equal(again.pixels, image.pixels)
    np.testing.assert_allclose(place.affine, origin.affine, atol=1e-5)
    np.testing.assert_allclose(place.spacing, origin.spacing, rtol=1e-6)


def test_scaled_nifti_declared_ct_is_in_hu(tmp_path: Path) -> None:
    file = nib.Nifti1Image(np.array([[[0, 10, 20]]], np.int16), np.eye(4))
    file.header.set_slope_inter(100, -1200)
    file.to_filename(tmp_path / "a.nii")
    assert read_image(tmp_path / "a.nii").pixels.flatten().tolist() == [-1200, -200, 800]
    image = read_image(tmp_path / "a.nii", "CT")
    assert image.unit == "HU"
    assert image.pixels.flatten().tolist() == [-1024, -200, 800]


@pytest.mark.parametrize(("shape", "dtype"), [((3, 4), np.int16), ((2, 3, 4), np.float64), ((3, 4), np.uint8)])
def test_arrays_there_and_back(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    array = RNG.integers(0, 100, shape).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    image = read_image(tmp_path / "a.npy")
    origin = image.origin
    np.testing.assert_array_equal(image.pixels.numpy(), array[None].astype(np.float32))
    np.testing.assert_array_equal(np.load(write_image(tmp_path / "b.npy", image, origin)), array.astype(np.float32))


def test_pictures(tmp_path: Path) -> None:
    grey, deep = np.array([[0, 51, 255]], np.uint8), np.array([[0, 13107, 65535]], np.uint16)
    Picture.fromarray(grey).save(tmp_path / "a.png")
    Picture.fromarray(deep).save(tmp_path / "b.png")
    Picture.fromarray(np.stack([grey, 255 - grey, grey], axis=-1)).save(tmp_path / "c.png")
    Picture.fromarray(np.full((16, 16), 128, np.uint8)).save(tmp_path / "d.jpg")
    for name in "ab":
        np.testing.assert_allclose(read_image(tmp_path / f"{name}.png").pixels, [[[0, 0.2, 1]]], atol=1e-6)
    np.testing.assert_allclose(read_image(tmp_path / "c.png").pixels[1], [[1, 0.8, 0]], atol=1e-6)
    assert read_image(tmp_path / "d.jpg").pixels.mean() == pytest.approx(128 / 255, abs=0.01)
    image = read_image(tmp_path / "a.png")
    assert torch.equal(read_image(write_image(tmp_path / "e.png", image)).pixels, image.pixels)


def fault(path: Path, modality: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_image(path, modality)
    assert caught.value.path == path
    assert path.name not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, bad: float) -> None:
    array = np.zeros((4, 4, 4))
    array[1, 2, 3] = bad
    np.save(tmp_path / "a.npy", array)
    write_nifti(tmp_path / "a.nii.gz", array)
    for name in ("a.npy", "a.nii.gz"):
        assert "NaN or infinite pixels: 1 of 64" in fault(tmp_path / name)


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "b.npy").write_bytes(pickle.dumps([1]))
    assert fault(tmp_path / "a.npy")
    assert fault(tmp_path / "b.npy")


def test_absurd_sizes_are_refused_before_decoding(tmp_path: Path) -> None:
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (40000, 40000)})
        file.truncate(40000 * 40000 * 4 + 200)
    assert "absurd size" in fault(tmp_path / "a.npy")
    header = nib.Nifti1Header()
    header.set_data_dtype(np.float32)
    header.set_data_shape((30000, 30000, 30000))
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(header.binaryblock + b"\0" * 100))
    assert "absurd size" in fault(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz", "a.png", "a.jpg"])
@pytest.mark.parametrize("part", [0.0, 0.2, 0.7])
def test_truncated_files_are_refused(tmp_path: Path, name: str, part: float) -> None:
    pixels = RNG.integers(0, 255, (64, 64)).astype(np.uint8)
    path = tmp_path / name
    if ".nii" in name:
        write_nifti(path, pixels.astype(np.float32))
    elif name.endswith("npy"):
        np.save(path, pixels)
    else:
        Picture.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert fault(path)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 200)
    (tmp_path / "b.png").write_text("x" * 200)
    np.save(tmp_path / "c.npy", np.zeros(5))
    np.save(tmp_path / "d.npy", np.zeros((2, 2), complex))
    write_nifti(tmp_path / "e.nii", np.zeros((2, 2, 2, 3), np.float32))
    Picture.new("L", (2, 2)).save(tmp_path / "f.png")
    assert "neither DICOM nor" in fault(tmp_path / "a.txt")
    assert "a picture" in fault(tmp_path / "b.png")
    assert "2 or 3 axes" in fault(tmp_path / "c.npy")
    assert "not an array of numbers" in fault(tmp_path / "d.npy")
    assert "2 or 3 axes" in fault(tmp_path / "e.nii")
    assert "not a CT" in fault(tmp_path / "f.png", "CT")
    assert "does not exist" in fault(tmp_path / "g.png")
    assert "is a folder" in fault(tmp_path)


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_text("before")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_image(tmp_path / "file" / "a.npy", Image(torch.zeros(1, 2, 2)))


def test_formats_that_cannot_hold_an_image_refuse(tmp_path: Path) -> None:
    plane, colours = Image(torch.zeros(1, 4, 4), "HU"), Image(torch.zeros(2, 4, 4), "HU")
    for name, image, words in (
        ("a.png", plane, "with a window"),
        ("a.nii.gz", colours, "one channel"),
        ("a.tif", colours, "one channel"),
        ("a.gif", plane, "is written as"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            write_image(tmp_path / name, image, Origin())
        assert caught.value.path == tmp_path / name
    assert list(tmp_path.iterdir()) == []


def test_opening_files_and_folders(write_slice: Writer, tmp_path: Path) -> None:
    (tmp_path / "ct").mkdir()
    for number, z in enumerate((5.0, 1.0, 3.0)):
        write_slice(tmp_path / "ct" / f"jane{number}", ImagePositionPatient=[0, 0, z])
    np.save(tmp_path / "ct" / "jane.npy", np.zeros((3, 4)))
    (tmp_path / "ct" / "notes.txt").write_text("no image")
    write_nifti(tmp_path / "jane.nii.gz", np.zeros((3, 4, 5), np.float32))
    dataset = open_images([tmp_path / "ct", tmp_path / "jane.nii.gz", tmp_path / "ct" / "jane0"])
    cases = dataset.cases()
    assert len({case.id for case in cases}) == len(cases) == 5
    assert not any("jane" in case.id + case.group for case in cases)
    samples = [dataset.read(case, RNG) for case in cases]
    assert all(sample.reference is None for sample in samples)
    assert [sample.origin.files[0].name for sample in samples] == ["jane1", "jane2", "jane0", "jane.npy", "jane.nii.gz"]
    assert [tuple(sample.inputs.pixels.shape) for sample in samples] == [(1, 16, 24)] * 3 + [(1, 3, 4), (1, 5, 4, 3)]
    here, loader_process = Pipe()
    here.send(dataset)
    assert [case.id for case in loader_process.recv().cases()] == [case.id for case in cases]


def test_a_bad_file_among_good_ones_fails_when_it_is_read(write_slice: Writer, tmp_path: Path) -> None:
    np.save(tmp_path / "good.npy", np.zeros((3, 4)))
    (tmp_path / "bad.npy").write_text("nothing")
    (tmp_path / "named.txt").write_text("nothing")
    path = write_slice(tmp_path / "cut")
    path.write_bytes(path.read_bytes()[:500])
    dataset = open_images([tmp_path, tmp_path / "named.txt"])
    good = 0
    for case in dataset.cases():
        try:
            dataset.read(case, RNG)
            good += 1
        except DataError as error:
            assert error.path is not None
    assert (good, len(dataset.cases())) == (1, 4)


def test_nothing_to_open_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    for paths, words in (([], "no files"), ([tmp_path / "nowhere"], "does not exist"), ([tmp_path], "holds no image")):
        with pytest.raises(DataError, match=words):
            open_images(paths)


def test_reading_is_silent(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "shape"), [("a.nii.gz", (1, 3, 4)), ("a.nrrd", (1, 3, 4)), ("a.mha", (1, 3, 4)), ("a.tif", (1, 3, 4)), ("a.npy", (1, 1, 3, 4))]
)
def test_a_volume_of_one_plane_becomes_a_plane_where_the_format_cannot_tell(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    volume = Image(torch.rand(1, 1, 3, 4), "HU", Origin((), np.eye(4), (1.0, 1.0, 1.0)))
    assert read_image(write_image(tmp_path / name, volume)).pixels.shape == shape

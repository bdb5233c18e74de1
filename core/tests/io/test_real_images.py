"""The real files beside the checkout that are no DICOM: sizes, units, ranges and places as their SOURCES.md states them."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import scipy.io
import SimpleITK
from PIL import Image as Picture

from medai.errors import DataError
from medai.io import image_header, list_slices, open_rows, read_image, write_image

pytestmark = pytest.mark.realdata


def inside(folder: Path) -> Path:
    if not folder.exists():
        pytest.skip(f"{folder.name} is not among the real data")
    return folder


VOLUMES = {
    # shape as the file has it, spacing, lowest and highest value
    "ct/totalsegmentator/example_ct.nii.gz": ((122, 101, 112), (3.0, 3.0, 3.0), -1207, 3382),
    "ct/totalsegmentator/example_ct_vertebrae.nii.gz": ((122, 101, 112), (3.0, 3.0, 3.0), 0, 33),
    "ct/totalsegmentator/example_ct_vertebrae_body.nii.gz": ((122, 101, 112), (3.0, 3.0, 3.0), 0, 2),
    "ct/totalsegmentator/example_mr_sm.nii.gz": ((117, 91, 20), (3.0, 3.0, 3.0), -47, 833),
    "ct/totalsegmentator/example_seg_mr.nii.gz": ((117, 91, 20), (3.0, 3.0, 3.0), 0, 49),
    "ct/totalsegmentator/example_seg_dicom.nii.gz": ((512, 512, 20), (0.977, 0.977, 2.0), 0, 117),
}


@pytest.mark.parametrize("name", VOLUMES)
def test_nifti_volumes_agree_with_nibabel_and_simpleitk(real_data: Path, name: str) -> None:
    path = inside(real_data / name)
    shape, spacing, lowest, highest = VOLUMES[name]
    image, header = read_image(path), image_header(path)
    assert header.shape == tuple(image.pixels.shape) == (1, *shape[::-1])
    np.testing.assert_allclose(image.spacing, spacing[::-1], atol=1e-3)
    assert (float(image.pixels.min()), float(image.pixels.max())) == (lowest, highest)
    file = nib.load(path)
    np.testing.assert_array_equal(image.pixels[0].numpy(), file.get_fdata(dtype=np.float32).T)
    reference = SimpleITK.ReadImage(str(path))
    np.testing.assert_allclose(image.pixels[0].numpy(), SimpleITK.GetArrayFromImage(reference), atol=1e-3)
    assert image.affine is not None
    i, j, k = (size - 2 for size in shape)
    x, y, z = reference.TransformIndexToPhysicalPoint((i, j, k))
    np.testing.assert_allclose(image.affine @ [k, j, i, 1], [-x, -y, z, 1], atol=1e-3)


def test_the_ct_volume_is_in_hu_and_its_vertebrae_are_bone(real_data: Path) -> None:
    folder = inside(real_data / "ct" / "totalsegmentator")
    image, mask = read_image(folder / "example_ct.nii.gz", "CT"), read_image(folder / "example_ct_vertebrae.nii.gz")
    assert (image.unit, float(image.pixels.min())) == ("HU", -1024)
    labels = {int(label) for label in mask.pixels.unique()}
    assert {26, 27, 31, 32, 33} <= labels  # S1, L5, L1, T12, T11
    assert image.affine is not None
    assert mask.affine is not None
    np.testing.assert_allclose(image.affine, mask.affine, atol=1e-4)
    assert 100 < float(image.pixels[mask.pixels == 27].mean()) < 400
    # The first lumbar vertebra lies above the fifth, as the affine has it.
    heights = [float((mask.affine @ [*np.argwhere(mask.pixels[0].numpy() == label).mean(axis=0), 1])[2]) for label in (31, 27)]
    assert 80 < heights[0] - heights[1] < 180


def test_a_mask_in_nifti_lies_on_the_grid_of_its_dicom_series(real_data: Path) -> None:
    folder = inside(real_data / "ct" / "totalsegmentator")
    mask = image_header(folder / "example_seg_dicom.nii.gz")
    slices = list_slices(folder / "example_ct_dicom")
    assert len(slices) == mask.shape[1] == 20
    assert mask.origin.affine is not None
    for item in (slices[0], slices[-1]):
        affine = read_image(item.path).affine
        assert affine is not None
        for row, column in ((0, 0), (511, 17)):
            voxel = np.linalg.solve(mask.origin.affine, affine @ [row, column, 0, 1])[:3]
            np.testing.assert_allclose(voxel, voxel.round(), atol=0.02)
            assert all(0 <= place < size for place, size in zip(voxel.round(), mask.shape[1:], strict=True))


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_real_volume_goes_there_and_back(real_data: Path, tmp_path: Path, suffix: str) -> None:
    image = read_image(inside(real_data / "ct" / "totalsegmentator") / "example_mr_sm.nii.gz")
    path = write_image(tmp_path / f"a{suffix}", image)
    again = read_image(path)
    np.testing.assert_array_equal(again.pixels.numpy(), image.pixels.numpy())
    assert image.affine is not None
    assert again.affine is not None
    np.testing.assert_allclose(again.affine, image.affine, atol=1e-4)
    reference = SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(reference), image.pixels[0].numpy())
    x, y, z = reference.TransformIndexToPhysicalPoint((7, 50, 11))
    np.testing.assert_allclose(image.affine @ [11, 50, 7, 1], [-x, -y, z, 1], atol=1e-3)


def test_oasis_volumes(real_data: Path) -> None:
    folder = inside(real_data / "alzheimer" / "oasis1-volumes")
    with (folder / "subset.csv").open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert len(names) == 6
    for name in names:
        image = read_image(folder / name)
        assert image.pixels.shape == (1, 91, 109, 91)
        np.testing.assert_allclose(image.spacing, (2, 2, 2))
        assert float(image.pixels.min()) == 0
        assert 1.5 < float(image.pixels.max()) < 3
        assert 0.1 < float((image.pixels > 0).float().mean()) < 0.5  # the skull is stripped
        assert image.origin is not None
        assert image.origin.orientation == "SAL"


@pytest.mark.parametrize(
    ("name", "shape", "labels"), [("S01-spondylolisthesis.mat", (302, 302, 59), 7), ("myosegmentum-34.mat", (224, 224, 77), 5)]
)
def test_matlab_volumes_have_an_image_and_instances(real_data: Path, name: str, shape: tuple[int, ...], labels: int) -> None:
    path = inside(real_data / "spine" / "lumbar-mri-volumes") / name
    image, truth, reference = read_image(path), read_image(path, key="GT"), scipy.io.loadmat(path)
    assert image_header(path).shape == tuple(image.pixels.shape) == (1, shape[2], *shape[:2])
    for read, key in ((image, "I"), (truth, "GT")):
        np.testing.assert_array_equal(read.pixels[0].numpy(), np.moveaxis(reference[key], 2, 0).astype(np.float32))
    assert (float(image.pixels.min()), float(image.pixels.max())) == (0, 255)
    assert truth.pixels.unique().tolist() == list(range(labels + 1))
    # Rows run from head to feet, so that vertebrae lie one above the other.
    rows = [np.argwhere(truth.pixels[0].numpy() == label)[:, 1].mean() for label in range(1, labels + 1)]
    assert np.diff(sorted(rows)).min() > 10


def test_every_breast_ultrasound_picture_has_the_size_of_its_row(real_data: Path) -> None:
    folder = inside(real_data / "breast-ultrasound")
    with (folder / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    pictures = folder / "Dataset_BUSI_with_GT"
    for row in rows:
        path = pictures / row["image"]
        image = read_image(path)
        size = (int(row["height"]), int(row["width"]))
        assert image_header(path).shape == tuple(image.pixels.shape)
        assert image.pixels.shape[1:] == size
        assert image.unit == "0..1"
        assert 0 <= float(image.pixels.min()) < float(image.pixels.max()) <= 1
        masks = sorted(path.parent.glob(f"{path.stem}_mask*.png"))
        assert len(masks) == int(row["n_masks"])
        union = np.zeros(size, bool)
        for mask in masks:
            pixels = read_image(mask).pixels
            assert pixels.shape[1:] == size
            union |= (pixels.amax(dim=0) > 0.5).numpy()
        assert int(union.sum()) == int(row["mask_pixels_union"])


def test_lumbar_slices_and_their_masks(real_data: Path) -> None:
    folder = inside(real_data / "spine" / "lumbar-mri-slices" / "input")
    labels: set[float] = set()
    for path in sorted((folder / "images").glob("*.png")):
        image, mask = read_image(path), read_image(folder / "masks" / f"{path.stem}.npy")
        assert image.pixels.shape == mask.pixels.shape == (1, 256, 256)
        assert (image.unit, mask.unit) == ("0..1", "")
        labels |= set(mask.pixels.unique().tolist())
    assert labels == {0, 1, 2}


def test_clean_ultrasound_pictures(real_data: Path) -> None:
    for path in inside(real_data / "ultrasound" / "MONAI").rglob("*.png"):
        image = read_image(path)
        with Picture.open(path) as file:
            assert image.pixels.shape[1:] == (file.height, file.width)
        assert image.unit == "0..1"


def test_tables_as_published(real_data: Path, tmp_path: Path) -> None:
    # Columns of words are not values, so the numbers alone are copied out, as a user would.
    for name, rows in (("oasis_cross-sectional", 436), ("oasis_longitudinal", 373)):
        path = inside(real_data / "alzheimer" / "oasis-tabular") / f"{name}.csv"
        with pytest.raises(DataError, match="is not a number") as caught:
            open_rows([path])
        assert caught.value.path == path
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file))
        assert len(table) == rows
        columns = ("MMSE", "CDR", "eTIV", "nWBV")
        lines = [",".join(columns), *(",".join(row[column] for column in columns) for row in table)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
        found = open_rows([tmp_path / f"{name}.csv"])
        values = np.stack([found.read(case, np.random.default_rng(0)).inputs.values.numpy() for case in found.cases()])
        assert values.shape == (rows, 4)
        assert np.nanmin(values[:, 2]) > 1000
        assert 0.6 < np.nanmin(values[:, 3]) < np.nanmax(values[:, 3]) < 0.9
        assert np.isnan(values[:, 0]).sum() == sum(not row["MMSE"] for row in table)

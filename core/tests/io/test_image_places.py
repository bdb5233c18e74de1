"""Where volumes lie after they were written and read, here and by other libraries: corners and centroids in patient millimetres agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
import torch

from medai.errors import DataError
from medai.io import image_header, read_image, write_image
from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]

SHAPE = (3, 4, 5)
STEPS = np.array([2.5, 0.7, 0.6])
CORNER = (-31.0, 42.0, -105.5)


def turned(x: float, y: float, z: float) -> Array:
    """A rotation about the three axes, in degrees."""
    result = np.eye(3)
    for axis, angle in enumerate(np.radians([x, y, z])):
        one, other = [number for number in range(3) if number != axis]
        turn = np.eye(3)
        turn[[one, one, other, other], [one, other, one, other]] = [np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)]
        result = result @ turn
    return result


# The directions of slices, rows and columns. A scanner's axial series: to the head, to the back, to the left.
AXIAL = np.array([[0, 0, 1], [0, -1, 0], [-1, 0, 0]], float).T
TILTED = AXIAL.copy()
TILTED[:, 0] = [0, -np.sin(np.radians(18)), np.cos(np.radians(18))]
DIRECTIONS = {
    "axial": AXIAL,
    "sagittal": np.array([[-1, 0, 0], [0, 0, -1], [0, -1, 0]], float).T,
    "reversed order": AXIAL * [-1, 1, 1],
    "negative cosines": -AXIAL,
    "oblique": turned(20, -35, 10) @ AXIAL,
    "left-handed": AXIAL[:, [0, 2, 1]],
    "tilted gantry": TILTED,
}
VOLUMES = (".nii", ".nii.gz", ".nrrd", ".mha")


def affine_of(directions: Array) -> Array:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions * STEPS, CORNER
    return affine


def sample(directions: Array, shape: tuple[int, ...] = SHAPE) -> Image:
    pixels = np.random.default_rng(1).normal(size=shape).astype(np.float32) ** 2
    return Image(torch.from_numpy(pixels)[None], "HU", Origin((), affine_of(directions), tuple(STEPS[-len(shape) :])))


def places(array: Array, affine: Array) -> Array:
    """Corners of the grid, in the order of what lies there, and the centroid of its values, in millimetres."""
    corners = np.array([[i, j, k] for i in (0, array.shape[0] - 1) for j in (0, array.shape[1] - 1) for k in (0, array.shape[2] - 1)])
    order = np.argsort(array[tuple(corners.T)])
    indices = np.indices(array.shape).reshape(3, -1)
    centroid = (indices * array.reshape(-1)).sum(axis=1) / array.sum()
    points = np.vstack([corners[order], centroid])
    return points @ affine[:3, :3].T + affine[:3, 3]


def read_by_itk(path: Path) -> Array:
    image = SimpleITK.ReadImage(str(path))
    directions, steps = np.array(image.GetDirection()).reshape(3, 3), np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions * steps, image.GetOrigin()
    # SimpleITK's arrays have the slowest axis first, its own indices the fastest; its axes are left, posterior, superior.
    return places(SimpleITK.GetArrayFromImage(image), np.diag([-1, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]])


def read_by_nibabel(path: Path) -> Array:
    file: Any = nib.load(path)
    return places(file.get_fdata(), file.affine)


@pytest.mark.parametrize("suffix", VOLUMES)
@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_volume_lies_where_it_lay(tmp_path: Path, name: str, suffix: str) -> None:
    image, path = sample(DIRECTIONS[name]), tmp_path / f"a{suffix}"
    if name == "tilted gantry" and suffix == ".mha":
        with pytest.raises(DataError, match="sheared") as caught:
            write_image(path, image)
        assert caught.value.path == path
        assert list(tmp_path.iterdir()) == []
        return
    expected = places(image.pixels[0].numpy(), affine_of(DIRECTIONS[name]))
    again = read_image(write_image(path, image))
    assert torch.equal(again.pixels, image.pixels)
    assert again.unit == "HU"
    assert again.affine is not None
    assert again.origin is not None
    np.testing.assert_allclose(places(again.pixels[0].numpy(), again.affine), expected, atol=1e-4)
    np.testing.assert_allclose(again.spacing, STEPS, rtol=1e-6)
    assert image.origin is not None
    assert again.origin.orientation == image.origin.orientation
    if suffix.startswith(".nii"):
        np.testing.assert_allclose(read_by_nibabel(path), expected, atol=1e-4)
    if name != "tilted gantry" or suffix == ".nrrd":  # ITK reads no sheared NIfTI
        np.testing.assert_allclose(read_by_itk(path), expected, atol=1e-4)


@pytest.mark.parametrize("suffix", VOLUMES)
@pytest.mark.parametrize("shape", [(4, 5), (1, 4, 5)])
def test_one_slice_lies_where_it_lay(tmp_path: Path, shape: tuple[int, ...], suffix: str) -> None:
    image = sample(DIRECTIONS["oblique"], shape)
    affine = affine_of(DIRECTIONS["oblique"])
    if len(shape) == 2:  # of a plane, the normal is the third column
        affine = affine[:, [1, 2, 0, 3]]
        image = Image(image.pixels, "HU", Origin((), affine, tuple(STEPS[1:])))
    again = read_image(write_image(tmp_path / f"a{suffix}", image))
    assert again.pixels.shape == (1, 4, 5)
    assert torch.equal(again.pixels.flatten(), image.pixels.flatten())
    volume, columns = image.pixels.reshape(1, 4, 5).numpy(), [0, 1, 2, 3] if len(shape) == 3 else [2, 0, 1, 3]
    expected = places(volume, affine[:, columns])
    assert again.affine is not None
    np.testing.assert_allclose(places(again.pixels.numpy(), again.affine[:, [2, 0, 1, 3]]), expected, atol=1e-4)
    np.testing.assert_allclose(again.spacing, STEPS[1:], rtol=1e-6)
    np.testing.assert_allclose(read_by_itk(tmp_path / f"a{suffix}"), expected, atol=1e-4)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nhdr", ".mhd", ".nii.gz"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", ["axial", "oblique", "negative cosines", "left-handed"])
def test_what_itk_writes_is_read_at_its_place(tmp_path: Path, name: str, suffix: str, compress: bool) -> None:
    image, path = sample(DIRECTIONS[name]), tmp_path / f"a{suffix}"
    array = np.round(image.pixels[0].numpy() * 100).astype(np.int16)
    file = SimpleITK.GetImageFromArray(array)
    place = np.diag([-1, -1, 1, 1]) @ affine_of(DIRECTIONS[name])[:, [2, 1, 0, 3]]
    file.SetOrigin(place[:3, 3])
    file.SetSpacing(STEPS[::-1].tolist())
    file.SetDirection((place[:3, :3] / STEPS[::-1]).ravel())
    SimpleITK.WriteImage(file, str(path), compress)
    again = read_image(path)
    np.testing.assert_array_equal(again.pixels[0].numpy(), array)
    assert again.affine is not None
    np.testing.assert_allclose(again.affine, affine_of(DIRECTIONS[name]), atol=1e-4)
    assert again.origin is not None
    assert again.origin.files == (path,)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_channels_go_there_and_back_and_are_vectors_to_itk(tmp_path: Path, suffix: str, shape: tuple[int, ...]) -> None:
    pixels = torch.from_numpy(np.random.default_rng(2).normal(size=(2, *shape)).astype(np.float32))
    image = Image(pixels, "", Origin((), affine_of(AXIAL), tuple(STEPS[-len(shape) :])))
    again = read_image(write_image(tmp_path / f"a{suffix}", image))
    assert torch.equal(again.pixels, pixels)
    array = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / f"a{suffix}")))
    np.testing.assert_array_equal(np.moveaxis(array, -1, 0).reshape(pixels.shape), pixels.numpy())


@pytest.mark.parametrize("suffix", VOLUMES)
@pytest.mark.parametrize(("highest", "kind"), [(5, "uint8"), (300, "uint16"), (2**20, "uint32")])
def test_labels_are_whole_numbers_to_others(tmp_path: Path, suffix: str, highest: int, kind: str) -> None:
    labels = torch.zeros(1, 3, 4, 5)
    labels[0, 1, 2, 3] = highest
    path = write_image(tmp_path / f"a{suffix}", Image(labels, "label", Origin((), affine_of(AXIAL), tuple(STEPS))))
    assert torch.equal(read_image(path).pixels, labels)
    assert SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).dtype == kind


@pytest.mark.parametrize("suffix", VOLUMES)
@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5)])
def test_without_a_place_the_spacing_is_kept_alone(tmp_path: Path, suffix: str, shape: tuple[int, ...]) -> None:
    steps = tuple(STEPS[-len(shape) :].tolist())
    image = Image(torch.ones(1, *shape), "0..1", Origin((), None, steps))
    again = read_image(write_image(tmp_path / f"a{suffix}", image))
    assert again.pixels.shape == image.pixels.shape
    assert again.affine is None
    np.testing.assert_allclose(again.spacing, steps, rtol=1e-6)
    assert again.unit == "0..1"
    bare = read_image(write_image(tmp_path / f"b{suffix}", Image(torch.ones(1, *shape))))
    assert bare.affine is None
    assert bare.pixels.shape == image.pixels.shape


@pytest.mark.parametrize("suffix", VOLUMES)
def test_a_unit_is_one_line_of_the_header(tmp_path: Path, suffix: str) -> None:
    image = sample(AXIAL)
    unit = "µm\nspace origin: (9,9,9)\nOffset = 9 9 9"
    again = read_image(write_image(tmp_path / f"a{suffix}", Image(image.pixels, unit, image.origin)))
    assert again.unit == "µm space origin: (9,9,9) Offset = 9 9 9"
    assert again.affine is not None
    np.testing.assert_allclose(again.affine, affine_of(AXIAL), atol=1e-4)


@pytest.mark.parametrize("suffix", VOLUMES)
def test_the_header_alone_says_what_the_image_will_be(tmp_path: Path, suffix: str) -> None:
    path = write_image(tmp_path / f"a{suffix}", sample(DIRECTIONS["oblique"]))
    header, image = image_header(path), read_image(path)
    assert header.shape == tuple(image.pixels.shape)
    assert header.unit == image.unit
    assert image.affine is not None
    assert header.origin.affine is not None
    np.testing.assert_array_equal(header.origin.affine, image.affine)


def nrrd(path: Path, *fields: str, array: Array | None = None) -> Path:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) if array is None else array
    lines = ["NRRD0004", "# a comment: of no account", "type: uchar", "dimension: 3", "sizes: 4 3 2", "encoding: raw", *fields, "", ""]
    path.write_bytes("\n".join(lines).encode() + array.tobytes())
    return path


@pytest.mark.parametrize(
    ("space", "signs"),
    [("right-anterior-superior", (1, 1)), ("RAS", (1, 1)), ("LAS", (-1, 1)), ("left-posterior-superior", (-1, -1)), ("LPS", (-1, -1))],
)
def test_nrrd_names_its_space(tmp_path: Path, space: str, signs: tuple[int, int]) -> None:
    fields = ("space directions: (0.5,0,0) (0,0,2) (0,3,0.5)", "space origin: (1,2,3)")
    affine = read_image(nrrd(tmp_path / "a.nrrd", f"space: {space}", *fields)).affine
    assert affine is not None
    np.testing.assert_allclose(np.diag([*signs, 1, 1]) @ affine, [[0, 0, 0.5, 1], [3, 0, 0, 2], [0.5, 2, 0, 3], [0, 0, 0, 1]])


def test_nrrd_in_other_units_and_spaces(tmp_path: Path) -> None:
    fields = ("space directions: (500,0,0) (0,600,0) (0,0,700)", "space origin: (1000,0,0)")
    image = read_image(nrrd(tmp_path / "a.nrrd", "space: RAS", 'space units: "um" "um" "um"', *fields))
    assert image.affine is not None
    np.testing.assert_allclose(image.affine[:3, 3], [1, 0, 0])
    np.testing.assert_allclose(image.spacing, [0.7, 0.6, 0.5])
    scanner = read_image(nrrd(tmp_path / "b.nrrd", "space: scanner-xyz", *fields))
    assert scanner.affine is None
    np.testing.assert_allclose(scanner.spacing, [700, 600, 500])
    assert read_image(nrrd(tmp_path / "c.nrrd", "spacings: 0.5 0.6 0.7")).spacing == (0.7, 0.6, 0.5)
    assert read_image(nrrd(tmp_path / "d.nrrd", "kinds: domain domain domain")).spacing == ()
    with pytest.raises(DataError, match="furlong"):
        read_image(nrrd(tmp_path / "e.nrrd", "space: RAS", 'space units: "furlong" "mm" "mm"', *fields))


def test_nrrd_with_channels_last_and_numbers_as_text(tmp_path: Path) -> None:
    image = read_image(nrrd(tmp_path / "a.nrrd", "kinds: domain domain RGB-color", "content: x"))
    assert image.pixels.shape == (2, 3, 4)
    assert image.pixels.flatten().tolist() == list(range(24))
    path = tmp_path / "b.nrrd"
    path.write_text("NRRD0001\ntype: short\ndimension: 2\nsizes: 3 2\nencoding: text\n\n1 -2 3\n4 5 6\n")
    assert read_image(path).pixels.tolist() == [[[1, -2, 3], [4, 5, 6]]]
    with pytest.raises(DataError, match="in time"):
        read_image(nrrd(tmp_path / "c.nrrd", "kinds: domain domain time"))


def test_metaimage_of_another_byte_order_and_as_text(tmp_path: Path) -> None:
    path, array = tmp_path / "a.mha", np.arange(6, dtype=">i2").reshape(2, 3)
    head = "ObjectType = Image\nNDims = 2\nDimSize = 3 2\nElementSpacing = 0.5 0.25\nElementType = MET_SHORT\n"
    path.write_bytes(f"{head}BinaryDataByteOrderMSB = True\nElementDataFile = LOCAL\n".encode() + array.tobytes())
    image = read_image(path)
    assert image.pixels.tolist() == [[[0, 1, 2], [3, 4, 5]]]
    assert (image.spacing, image.affine) == ((0.25, 0.5), None)
    path.write_text(f"{head}BinaryData = False\nElementDataFile = LOCAL\n0 1 2 3 4 5")
    assert read_image(path).pixels.tolist() == [[[0, 1, 2], [3, 4, 5]]]


def test_nifti_in_metres_and_without_a_place(tmp_path: Path) -> None:
    file = nib.Nifti1Image(np.zeros((3, 4, 5), np.int16), np.diag([0.0005, 0.0006, 0.0007, 1.0]))
    file.header.set_xyzt_units("meter")
    file.to_filename(tmp_path / "a.nii")
    np.testing.assert_allclose(read_image(tmp_path / "a.nii").spacing, [0.7, 0.6, 0.5], rtol=1e-6)
    file = nib.Nifti1Image(np.zeros((3, 4, 5), np.int16), None)
    file.header.set_zooms((0.5, 0.6, 0.7))
    file.to_filename(tmp_path / "b.nii")
    image = read_image(tmp_path / "b.nii")
    assert image.affine is None
    np.testing.assert_allclose(image.spacing, [0.7, 0.6, 0.5], rtol=1e-6)

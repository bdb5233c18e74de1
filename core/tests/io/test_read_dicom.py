"""DICOM: values in HU, padding, geometry, bad files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import MPEG2MPML, UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

from medai.errors import DataError
from medai.io import _decoders, list_slices, read_image

Writer = Callable[..., Path]
RNG = np.random.default_rng(0)
DATA = Path(os.environ.get("MEDAI_TEST_DATA") or Path(__file__).parents[3].parent / "shared" / "data") / "ct"


@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless])
def test_values_are_hounsfield_units(write_slice: Writer, tmp_path: Path, syntax: UID | None) -> None:
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg")
    stored = RNG.integers(0, 3000, (64, 48)).astype(np.int16)
    image = read_image(write_slice(tmp_path / "a", stored, RescaleSlope="2", RescaleIntercept="-1000", compress=syntax), "CT")
    origin = image.origin
    assert image.unit == "HU"
    assert image.pixels.dtype.itemsize == 4
    np.testing.assert_array_equal(image.pixels.numpy(), stored[None].astype(np.float32) * 2 - 1000)
    assert origin.spacing == (0.7, 0.6)
    assert origin.files == (tmp_path / "a",)


def test_padding_is_air(write_slice: Writer, tmp_path: Path) -> None:
    stored = np.array([[-2000, 3000, 3001, 3002], [0, 1024, -1500, 2999]], np.int16)
    plain = read_image(write_slice(tmp_path / "a", stored)).pixels[0]
    assert plain.tolist() == [[-1024, 1976, 1977, 1978], [-1024, 0, -1024, 1975]]
    value = read_image(write_slice(tmp_path / "b", stored, PixelPaddingValue=3001)).pixels[0]
    assert value.tolist() == [[-1024, 1976, -1024, 1978], [-1024, 0, -1024, 1975]]
    limits = read_image(write_slice(tmp_path / "c", stored, PixelPaddingValue=3002, PixelPaddingRangeLimit=3000)).pixels[0]
    assert limits.tolist() == [[-1024, -1024, -1024, -1024], [-1024, 0, -1024, 1975]]
    below = read_image(write_slice(tmp_path / "d", stored, PixelPaddingValue=-1500, PixelPaddingRangeLimit=-2000)).pixels[0]
    assert below.tolist() == plain.tolist()
    turned = read_image(write_slice(tmp_path / "e", stored, PixelPaddingValue=-2000, RescaleSlope="-1")).pixels[0]
    assert turned.tolist() == [[-1024, -1024, -1024, -1024], [-1024, -1024, 476, -1024]]


def test_padding_written_unsigned_for_signed_pixels(write_slice: Writer, tmp_path: Path) -> None:
    stored = np.array([[-2, 5]], np.int16)
    path = write_slice(tmp_path / "a", stored, RescaleIntercept="0")
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "US", 65534)
    data.save_as(path)
    assert read_image(path).pixels[0].tolist() == [[-1024, 5]]


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.3, -0.4, 1.1), (1.5, 0.2, -2.0)])
def test_oblique_geometry_agrees_with_simpleitk(write_slice: Writer, tmp_path: Path, turn: tuple[float, float, float]) -> None:
    sitk = pytest.importorskip("SimpleITK")
    (ca, cb, cc), (sa, sb, sc) = ([f(angle) for angle in turn] for f in (math.cos, math.sin))
    rotation = np.array([[ca * cb, ca * sb * sc - sa * cc, 0], [sa * cb, sa * sb * sc + ca * cc, 0], [-sb, cb * sc, 0]])
    orientation = [*rotation[:, 0], *rotation[:, 1]]
    path = write_slice(
        tmp_path / "a.dcm", ImageOrientationPatient=[f"{v:.12f}" for v in orientation], ImagePositionPatient=[-31.5, 7.25, 99.0]
    )
    affine = read_image(path).origin.affine
    reference = sitk.ReadImage(str(path))
    assert affine is not None
    for row, column in ((0, 0), (15, 0), (0, 23), (9, 17)):
        x, y, z = reference.TransformIndexToPhysicalPoint((column, row, 0))
        np.testing.assert_allclose(affine @ [row, column, 0, 1], [-x, -y, z, 1], atol=1e-4)
    x, y, z = np.array(reference.GetDirection()).reshape(3, 3)[:, 2] * 2.5
    np.testing.assert_allclose(affine[:3, 2], [-x, -y, z], atol=1e-4)


def test_no_geometry_where_the_header_has_none(write_slice: Writer, tmp_path: Path) -> None:
    origin = read_image(write_slice(tmp_path / "a", ImageOrientationPatient=None, PixelSpacing=None)).origin
    assert origin.affine is None
    assert origin.spacing == ()


@pytest.mark.parametrize("steps", [["0", "0.6"], ["0.7", "-0.6"], ["nan", "nan"], ["inf", "0.6"], ["0.7"], ["0.7", "0.6", "1"]])
def test_a_slice_whose_spacing_is_none_is_refused(write_slice: Writer, tmp_path: Path, steps: list[str]) -> None:
    path = write_slice(tmp_path / "a")
    held, wrong = b"0.7\\0.6 ", "\\".join(steps)
    text = path.read_bytes()
    length = text.index(held) - 2
    assert int.from_bytes(text[length : length + 2], "little") == len(held)
    wrong += " " * (len(wrong) % 2)
    path.write_bytes(text[:length] + len(wrong).to_bytes(2, "little") + wrong.encode() + text[length + 2 + len(held) :])
    with pytest.raises(DataError, match=r"a: .*its PixelSpacing is not two positive numbers"):
        read_image(path)
    write_slice(tmp_path / "b", ImagePositionPatient=[-100.0, -90.0, 12.5])
    assert {item.path.name: bool(item.fault) for item in list_slices(tmp_path)} == {"a": True, "b": False}


def test_a_spacing_of_nothing_is_not_known_where_the_place_is_not(write_slice: Writer, tmp_path: Path) -> None:
    nowhere = {"ImageOrientationPatient": None, "ImagePositionPatient": None, "Modality": "US"}
    origin = read_image(write_slice(tmp_path / "a", np.zeros((4, 5), np.uint8), PixelSpacing=[0, 0], **nowhere)).origin
    assert origin.spacing == () and origin.affine is None


def test_grey_images_of_other_modalities_are_from_0_to_1(write_slice: Writer, tmp_path: Path) -> None:
    stored = np.array([[0, 51, 255]], np.uint8)
    image = read_image(write_slice(tmp_path / "a", stored, Modality="US"))
    assert image.unit == "0..1"
    np.testing.assert_allclose(image.pixels[0, 0], [0, 0.2, 1], atol=1e-6)
    turned = read_image(write_slice(tmp_path / "b", stored, Modality="DX", PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(turned.pixels[0, 0], [1, 0.8, 0], atol=1e-6)


def test_frames_and_colours_are_channel_first(write_slice: Writer, tmp_path: Path) -> None:
    stored = RNG.integers(0, 255, (2, 4, 5, 3)).astype(np.uint8)
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB", "Modality": "US", "NumberOfFrames": 2}
    image = read_image(write_slice(tmp_path / "a", stored, Rows=4, Columns=5, **colour))
    np.testing.assert_allclose(image.pixels.numpy(), stored.transpose(3, 0, 1, 2) / 255, atol=1e-6)


def fault(path: Path, modality: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_image(path, modality)
    assert caught.value.path == path
    return caught.value.reason


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"Modality": "MR"}, "not a CT: its modality is MR"),
        ({"RescaleSlope": None}, "no rescale slope"),
        ({"RescaleSlope": "0"}, "slope is zero"),
        ({"RescaleType": "Z_EFF"}, "Z_EFF, not HU"),
        ({"Rows": 65535, "Columns": 65535}, "absurd size"),
        ({"Rows": 0}, "empty"),
        ({"PixelData": None}, "pixels are missing"),
        ({"Rows": None}, "holds no image"),
    ],
)
def test_what_is_no_ct_is_refused(write_slice: Writer, tmp_path: Path, elements: dict[str, object], words: str) -> None:
    assert words in fault(write_slice(tmp_path / "a", **elements), "CT")


@pytest.mark.parametrize("syntax", [None, JPEG2000Lossless])
@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_truncated_files_are_refused(write_slice: Writer, tmp_path: Path, syntax: UID | None, part: float) -> None:
    if syntax is not None:
        pytest.importorskip("openjpeg")
    path = write_slice(tmp_path / "jane-doe", RNG.integers(0, 3000, (64, 64)).astype(np.int16), compress=syntax)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    reason = fault(path, "CT")
    assert reason
    # Reasons are kept in run folders, where a file's name has no place.
    assert "jane-doe" not in reason


def test_a_missing_decoder_names_syntax_and_package(write_slice: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_slice(tmp_path / "a")
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = JPEGLSLossless
    data.PixelData = pydicom.encaps.encapsulate([b"\0" * 10])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)

    class Absent:
        is_native, available_plugins = False, ()

    monkeypatch.setattr(_decoders, "get_decoder", lambda syntax: Absent())
    reason = fault(path)
    assert "JPEG-LS Lossless" in reason
    assert str(JPEGLSLossless) in reason
    assert "install pyjpegls" in reason


def test_a_syntax_of_films_is_refused(write_slice: Writer, tmp_path: Path) -> None:
    path = write_slice(tmp_path / "a")
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = MPEG2MPML
    data.PixelData = pydicom.encaps.encapsulate([b"\0" * 10])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    assert "MPEG2 Main Profile" in fault(path)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="the real CT is not here")
def test_real_ct_agrees_with_simpleitk() -> None:
    sitk = pytest.importorskip("SimpleITK")
    slices = list_slices(DATA, modality="CT")
    assert len(slices) == 30
    assert len({item.patient for item in slices}) == 6
    assert sorted(item.index for item in slices if item.series == slices[4].series) == list(range(20))
    for item in slices[::3]:
        image = read_image(item.path, "CT")
        origin = image.origin
        reference = sitk.ReadImage(str(item.path))
        np.testing.assert_array_equal(image.pixels.numpy(), np.maximum(sitk.GetArrayFromImage(reference), -1024).astype(np.float32))
        x, y, z = reference.TransformIndexToPhysicalPoint((100, 30, 0))
        assert origin.affine is not None
        np.testing.assert_allclose(origin.affine @ [30, 100, 0, 1], [-x, -y, z, 1], atol=1e-6)

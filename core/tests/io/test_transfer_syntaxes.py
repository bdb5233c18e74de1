"""Every transfer syntax in use decodes to the values that were encoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import SMOOTH, encoded, with_frames
from pydicom import uid

from medai.errors import DataError
from medai.io import read_image

Writer = Callable[..., Path]

LOSSLESS = [
    *(uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless),
    *(uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless),
    *(uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K),
]
LARGER = np.tile(SMOOTH, (4, 2))
TWELVE = {"BitsStored": 12, "HighBit": 11}
GREY = {"Modality": "US", "RescaleSlope": None, "RescaleIntercept": None}


@pytest.fixture(autouse=True)
def _decoders() -> None:
    for package in ("gdcm", "jpeg_ls", "openjpeg"):
        pytest.importorskip(package)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_lossless_values_are_exact(write_slice: Writer, tmp_path: Path, syntax: uid.UID) -> None:
    stored = SMOOTH if "High-Throughput" in syntax.name else LARGER
    path = write_slice(tmp_path / "a", stored, **TWELVE)
    plain = read_image(path).pixels
    np.testing.assert_array_equal(plain[0], stored.astype(np.float32) - 1024)
    assert pydicom.dcmread(encoded(path, syntax)).file_meta.TransferSyntaxUID == syntax
    np.testing.assert_array_equal(read_image(path).pixels, plain)


@pytest.mark.parametrize("syntax", [syntax for syntax in LOSSLESS if "High" not in syntax.name], ids=lambda syntax: syntax.name)
def test_signed_values_are_exact(write_slice: Writer, tmp_path: Path, syntax: uid.UID) -> None:
    stored = np.random.default_rng(0).integers(-2000, 3000, (64, 40)).astype(np.int16)
    path = encoded(write_slice(tmp_path / "a", stored, RescaleIntercept="0"), syntax)
    np.testing.assert_array_equal(read_image(path).pixels[0], np.maximum(stored, -1024).astype(np.float32))


@pytest.mark.parametrize("syntax", [uid.JPEGExtended12Bit, uid.JPEGLSNearLossless, uid.JPEG2000], ids=lambda syntax: syntax.name)
def test_lossy_values_are_near(write_slice: Writer, tmp_path: Path, syntax: uid.UID) -> None:
    stored = (LARGER // 2 + np.random.default_rng(0).integers(0, 200, LARGER.shape)).astype(np.uint16)
    path = write_slice(tmp_path / "a", stored, **TWELVE)
    if syntax == uid.JPEGExtended12Bit:
        encoded(path, syntax)
    else:
        data = pydicom.dcmread(path)
        data.compress(syntax, **({"jls_error": 3} if syntax == uid.JPEGLSNearLossless else {"j2k_cr": [4]}))
        data.save_as(path)
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax
    assert np.abs(read_image(path).pixels[0].numpy() + 1024 - stored).max() < 120


@pytest.mark.parametrize("colours", [1, 3])
def test_jpeg_baseline(write_slice: Writer, tmp_path: Path, colours: int) -> None:
    ramps = [np.add.outer(np.arange(64) * down, np.arange(48) * across) for down, across in ((1, 2), (3, 0), (0, 4))]
    stored = np.stack(ramps, axis=-1).astype(np.uint8)
    if colours == 1:
        path = encoded(write_slice(tmp_path / "a", stored[..., 0], **GREY), uid.JPEGBaseline8Bit)
    else:
        elements = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "YBR_FULL_422"}
        path = encoded(write_slice(tmp_path / "a", stored, **GREY, **elements | {"PhotometricInterpretation": "RGB"}), uid.JPEGBaseline8Bit)
        data = pydicom.dcmread(path)
        data.PhotometricInterpretation = "YBR_FULL_422"
        data.save_as(path)
    found = 255 * read_image(path).pixels.numpy()
    assert np.abs(found - np.moveaxis(stored[..., :colours], -1, 0)).mean() < 2.5


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless], ids=lambda syntax: syntax.name)
def test_colours_are_exact(write_slice: Writer, tmp_path: Path, syntax: uid.UID) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (64, 40, 3)).astype(np.uint8)
    colour = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB", **GREY}
    path = encoded(write_slice(tmp_path / "a", stored, **colour), syntax)
    np.testing.assert_array_equal(read_image(path).pixels, np.moveaxis(stored.astype(np.float32) / 255, -1, 0))


def test_a_compressed_frame_of_another_size_is_refused_before_it_is_decoded(write_slice: Writer, tmp_path: Path) -> None:
    path = encoded(write_slice(tmp_path / "a", LARGER, **TWELVE), uid.JPEG2000Lossless)
    data = pydicom.dcmread(path)
    stream = bytearray(pydicom.encaps.get_frame(data.PixelData, 0, number_of_frames=1))
    place = stream.index(b"\xff\x4f\xff\x51")
    stream[place + 8 : place + 16] = (60000).to_bytes(4, "big") * 2
    with_frames(data, path, [bytes(stream)], uid.JPEG2000Lossless)
    with pytest.raises(DataError, match="64 x 48 x 1, that of a compressed frame 60000 x 60000 x 1"):
        read_image(path)


def test_frames_that_are_not_there_are_missed_before_they_are_decoded(write_slice: Writer, tmp_path: Path) -> None:
    path = encoded(write_slice(tmp_path / "a", LARGER, **TWELVE), uid.JPEG2000Lossless)
    data = pydicom.dcmread(path)
    data.NumberOfFrames = 1000
    data.save_as(path)
    with pytest.raises(DataError, match="1000 frames are said to be there, 1 are"):
        read_image(path)

"""PNG, JPEG, BMP and TIFF of every depth and kind; PNG at a window; TIFF as a volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.errors import DataError, UsageError
from medai.io import image_header, read_image, write_image
from medai.tasks import Image

GREY = np.array([[0, 51, 255], [102, 204, 17]], np.uint8)
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)


def read(path: Path) -> Image:
    image, header = read_image(path), image_header(path)
    assert header.shape == tuple(image.pixels.shape)
    assert header.unit == image.unit
    return image


def saved(path: Path, array: np.ndarray, **options: object) -> Path:
    Picture.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_grey_and_colour(tmp_path: Path, suffix: str) -> None:
    grey, colour = read(saved(tmp_path / f"a{suffix}", GREY)), read(saved(tmp_path / f"b{suffix}", COLOUR))
    np.testing.assert_allclose(grey.pixels[0], GREY / 255, atol=1e-6)
    np.testing.assert_allclose(colour.pixels, COLOUR.transpose(2, 0, 1) / 255, atol=1e-6)
    assert grey.unit == colour.unit == "0..1"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_and_one(tmp_path: Path, suffix: str) -> None:
    deep = GREY.astype(np.uint16) * 200 + 3
    np.testing.assert_allclose(read(saved(tmp_path / f"a{suffix}", deep)).pixels[0], deep / 65535, atol=1e-7)
    Picture.fromarray(GREY).convert("1", dither=Picture.Dither.NONE).save(tmp_path / f"b{suffix}")
    np.testing.assert_array_equal(read(tmp_path / f"b{suffix}").pixels[0], (GREY > 127).astype(np.float32))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_palettes_are_colours_and_alpha_is_dropped(tmp_path: Path, suffix: str) -> None:
    picture = Picture.fromarray(GREY, mode="P")
    picture.putpalette([value for entry in range(256) for value in (entry, 255 - entry, 7)])
    picture.save(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(read(tmp_path / f"a{suffix}").pixels[:, 0, 1], np.array([51, 204, 7]) / 255, atol=1e-6)
    alpha = np.full((*GREY.shape, 1), 9, np.uint8)
    colour = read(saved(tmp_path / f"b{suffix}", np.concatenate([COLOUR, alpha], axis=-1)))
    np.testing.assert_allclose(colour.pixels, COLOUR.transpose(2, 0, 1) / 255, atol=1e-6)
    grey = read(saved(tmp_path / f"c{suffix}", np.concatenate([GREY[..., None], alpha], axis=-1)))
    np.testing.assert_allclose(grey.pixels[0], GREY / 255, atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_pictures_are_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    array = np.zeros((16, 32), np.uint8)
    array[:8, :8], array[8:, :8] = 255, 128
    tags = Picture.Exif()
    tags[274] = orientation
    Picture.fromarray(array).save(tmp_path / f"a{suffix}", exif=tags)
    image = read(tmp_path / f"a{suffix}")
    # What the tag says of the first row and column of the file: where in the picture as it is shown they are.
    bright = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[orientation]
    grey = {1: (-1, 0), 2: (-1, -1), 3: (0, -1), 4: (0, 0), 5: (0, -1), 6: (0, 0), 7: (-1, 0), 8: (-1, -1)}[orientation]
    assert image.pixels.shape == (1, *((16, 32) if orientation < 5 else (32, 16)))
    assert image.pixels[0][bright] == pytest.approx(1, abs=0.02)
    assert image.pixels[0][grey] == pytest.approx(0.5, abs=0.02)


def test_jpeg_of_any_colours(tmp_path: Path) -> None:
    array = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    for mode in ("RGB", "CMYK"):
        Picture.fromarray(array).convert(mode).save(tmp_path / f"{mode}.jpg", quality=95)
        np.testing.assert_allclose(read(tmp_path / f"{mode}.jpg").pixels[:, 8, 8] * 255, (200, 100, 50), atol=4)


@pytest.mark.parametrize("packing", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_of_floats_and_long_integers_is_as_stored(tmp_path: Path, packing: str | None) -> None:
    for name, array in (("f", GREY.astype(np.float32) - 1024.5), ("i", GREY.astype(np.int32) - 70_000)):
        image = read(saved(tmp_path / f"{name}.tif", array, compression=packing))
        np.testing.assert_array_equal(image.pixels[0], array.astype(np.float32))
        assert image.unit == ""
        assert read_image(tmp_path / f"{name}.tif", "CT").pixels.min() == -1024


def test_tiff_that_is_white_at_zero(tmp_path: Path) -> None:
    for name, array, top in (("a", GREY, 255), ("b", GREY.astype(np.uint16) * 257, 65535)):
        # The photometric interpretation (tag 262) turned from black at zero to white at zero.
        content = saved(tmp_path / f"{name}.tif", array).read_bytes()
        entry = b"\x06\x01\x03\x00\x01\x00\x00\x00"
        assert content.count(entry + b"\x01") == 1
        (tmp_path / f"{name}.tif").write_bytes(content.replace(entry + b"\x01", entry + b"\x00"))
        np.testing.assert_allclose(read(tmp_path / f"{name}.tif").pixels[0], 1 - array / top, atol=1e-6)


def test_pages_are_a_volume_when_they_are_alike(tmp_path: Path) -> None:
    pages = [Picture.fromarray(np.full((3, 4), page, np.uint8)) for page in range(5)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    image = read(tmp_path / "a.tif")
    assert image.pixels.shape == (1, 5, 3, 4)
    np.testing.assert_allclose(image.pixels[0, :, 0, 0] * 255, range(5), atol=1e-5)
    pages[0].save(tmp_path / "b.tif", save_all=True, append_images=[pages[1].resize((2, 2))])
    with pytest.raises(DataError, match="page 2 has another size"):
        read_image(tmp_path / "b.tif")
    saved(tmp_path / "c.tif", COLOUR, compression="jpeg")
    with pytest.raises(DataError, match="which is not read"):
        read_image(tmp_path / "c.tif")


@pytest.mark.parametrize("shape", [(1, 3, 4), (1, 5, 3, 4), (1, 1, 3, 4)])
def test_tiff_is_written_with_its_unit(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = torch.linspace(-1000, 3000, int(np.prod(shape))).reshape(shape)
    again = read(write_image(tmp_path / "a.tif", Image(pixels, "HU")))
    assert torch.equal(again.pixels.flatten(), pixels.flatten())
    assert again.unit == "HU"


def test_png_at_a_window(tmp_path: Path) -> None:
    image = Image(torch.tensor([[[-1000.0, -160.0, 40.0, 240.0, 3000.0]]]), "HU")
    shown = read(write_image(tmp_path / "a.png", image, window=(-160, 240))).pixels
    np.testing.assert_allclose(shown, [[[0, 0, 0.5, 1, 1]]], atol=1 / 255)
    deep = read(write_image(tmp_path / "b.png", image, window=(-160, 240), bits=16)).pixels
    np.testing.assert_allclose(deep, [[[0, 0, 0.5, 1, 1]]], atol=1 / 65535)
    with Picture.open(tmp_path / "b.png") as file:
        assert file.mode == "I;16"
    colours = Image(torch.rand(3, 4, 5), "0..1")
    np.testing.assert_allclose(read(write_image(tmp_path / "c.png", colours)).pixels, colours.pixels, atol=0.5 / 255 + 1e-6)
    for options, words in (({"window": (240, 240)}, "no range"), ({"window": (0, 1), "bits": 12}, "16, not 12")):
        with pytest.raises(UsageError, match=words):
            write_image(tmp_path / "d.png", image, **options)
    with pytest.raises(UsageError, match="colour in 16"):
        write_image(tmp_path / "d.png", colours, bits=16)
    assert not (tmp_path / "d.png").exists()


def test_labels_are_indices_of_a_palette(tmp_path: Path) -> None:
    labels = torch.arange(256.0).reshape(1, 16, 16)
    path = write_image(tmp_path / "a.png", Image(labels, "label"))
    again = read(path)
    assert again.unit == "label" and torch.equal(again.pixels, labels)
    with Picture.open(path) as file:
        assert file.mode == "P" and np.array_equal(np.asarray(file), labels[0].numpy())
        colours = np.asarray(file.convert("RGB")).reshape(-1, 3)
    assert colours[0].tolist() == [0, 0, 0] and colours[1].tolist() == [128, 0, 0] and len(np.unique(colours, axis=0)) == 256
    # Any other picture with a palette is colours.
    with Picture.open(path) as file:
        file.save(tmp_path / "b.png")
    assert read(tmp_path / "b.png").pixels.shape == (3, 16, 16)
    for pixels in (labels + 0.5, labels + 1, labels - 1, labels[:, None], labels.expand(3, 16, 16)):
        with pytest.raises(DataError, match=r"c\.png: labels are written as PNG from"):
            write_image(tmp_path / "c.png", Image(pixels, "label"))
    assert not (tmp_path / "c.png").exists()


def test_a_picture_is_no_ct(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a CT"):
        read_image(saved(tmp_path / "a.tif", GREY), "CT")

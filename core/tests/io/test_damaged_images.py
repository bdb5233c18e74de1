"""Every reader of image files is fed with thousands of damaged files: each is read, or refused with file and reason."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import scipy.io
import SimpleITK
from damage import Victim, damaged, each_of
from PIL import Image as Picture

COUNT = 1000
RNG = np.random.default_rng(4)
VOLUME = RNG.integers(-1000, 2000, (4, 5, 6)).astype(np.int16)
GREY = RNG.integers(0, 255, (12, 20)).astype(np.uint8)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("victim")
    (folder / "cases").mkdir()
    (folder / "cases" / "secret").write_bytes(bytes(10_000))
    with Victim(folder) as victim:
        yield victim


def saved(name: str, write: Callable[[Path], object], tmp_path: Path) -> bytes:
    write(tmp_path / name)
    return (tmp_path / name).read_bytes()


def itk(path: Path, compress: bool = False) -> None:
    image = SimpleITK.GetImageFromArray(VOLUME)
    image.SetSpacing((0.7, 0.8, 2.0))
    image.SetOrigin((10.0, -20.0, 30.0))
    SimpleITK.WriteImage(image, str(path), compress)


def nifti(path: Path, kind: type = nib.Nifti1Image) -> None:
    kind(VOLUME, np.diag([0.7, 0.8, 2.0, 1.0])).to_filename(path)


def picture(path: Path, array: np.ndarray = GREY, palette: bool = False, **options: object) -> None:
    drawn = Picture.fromarray(array)
    (drawn.convert("P") if palette else drawn).save(path, **options)


DEEP = (GREY.astype(np.uint16) * 257,)
PAGES = [Picture.fromarray(GREY.astype(np.float32)) for _ in range(3)]
BINARY: dict[str, tuple[str, Callable[[Path], object]]] = {
    "nifti": ("a.nii", nifti),
    "nifti-2": ("a.nii", lambda path: nifti(path, nib.Nifti2Image)),
    "nifti-packed": ("a.nii.gz", nifti),
    "matlab": ("a.mat", lambda path: scipy.io.savemat(path, {"I": VOLUME, "GT": GREY})),
    "matlab-packed": ("a.mat", lambda path: scipy.io.savemat(path, {"I": VOLUME, "GT": GREY}, do_compression=True)),
    "npz": ("a.npz", lambda path: np.savez(path, VOLUME)),
    "npz-packed": ("a.npz", lambda path: np.savez_compressed(path, VOLUME)),
    "png-8": ("a.png", picture),
    "png-16": ("a.png", lambda path: picture(path, *DEEP)),
    "png-palette": ("a.png", lambda path: picture(path, palette=True)),
    "png-colour": ("a.png", lambda path: picture(path, np.stack([GREY] * 4, axis=-1))),
    "jpeg": ("a.jpg", lambda path: picture(path, exif=orientation(6))),
    "bmp": ("a.bmp", picture),
    "tiff": ("a.tif", picture),
    "tiff-16": ("a.tif", lambda path: picture(path, *DEEP, compression="tiff_lzw")),
    "tiff-pages": ("a.tif", lambda path: PAGES[0].save(path, save_all=True, append_images=PAGES[1:], compression="tiff_adobe_deflate")),
}
TEXT: dict[str, tuple[str, Callable[[Path], object]]] = {
    "npy": ("a.npy", lambda path: np.save(path, VOLUME)),
    "nrrd": ("a.nrrd", itk),
    "nrrd-packed": ("a.nrrd", lambda path: itk(path, compress=True)),
    "metaimage": ("a.mha", itk),
    "metaimage-packed": ("a.mha", lambda path: itk(path, compress=True)),
}


def orientation(value: int) -> Picture.Exif:
    tags = Picture.Exif()
    tags[274] = value
    return tags


@pytest.mark.parametrize("kind", [*BINARY, *TEXT])
def test_a_damaged_file_is_read_or_refused(victim: Victim, tmp_path: Path, kind: str) -> None:
    name, write = {**BINARY, **TEXT}[kind]
    good = saved(name, write, tmp_path)
    report = victim.feed("medai.io:read_image", name, good, damaged(good, COUNT, text=kind in TEXT))
    report.check(COUNT)
    assert report.read > COUNT // 50
    # libtiff itself says on stderr what it cannot unpack.
    assert report.printed == "" or kind.startswith("tiff")


def test_damage_inside_the_packing_is_read_or_refused(victim: Victim, tmp_path: Path) -> None:
    good = saved("a.nii", nifti, tmp_path)
    bad = (gzip.compress(content, 1) for content in damaged(good, COUNT))
    victim.feed("medai.io:read_image", "a.nii.gz", gzip.compress(good), bad).check(COUNT)


@pytest.mark.parametrize(("header", "pixels"), [("a.nhdr", "a.raw"), ("a.nhdr", "a.raw.gz"), ("a.mhd", "a.raw"), ("a.mhd", "a.zraw")])
def test_a_damaged_header_or_pixels_of_their_own(victim: Victim, tmp_path: Path, header: str, pixels: str) -> None:
    itk(tmp_path / header, compress=pixels != "a.raw")
    good = {name: (tmp_path / name).read_bytes() for name in (header, pixels)}
    victim.feed("medai.io:read_image", "", good, each_of(good, COUNT, text=(header,))).check(COUNT)

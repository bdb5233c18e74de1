"""Files made to harm: what unpacks to far more than it is, claims what it has not, or leads out of its folder."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from damage import Victim
from PIL import Image as Picture

from medai.errors import DataError
from medai.io import image_header, read_image

GIBI = 1 << 30
SMALL = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture(scope="module")
def zeros() -> bytes:
    """A GiB of zeros as a gzip stream of a megabyte that has no end."""
    engine = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first, next_ = (engine.compress(bytes(GIBI // 64)) + engine.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + next_ * 63


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with Victim(tmp_path_factory.mktemp("victim"), memory=256) as victim:
        yield victim


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_image(path)
    assert caught.value.path == path
    return caught.value.reason


def nifti(shape: tuple[int, ...], offset: float = 352) -> bytes:
    header = nib.Nifti1Header()
    header.set_data_dtype(np.float32)
    header.set_data_shape(shape)
    header["vox_offset"], header["magic"] = offset, b"n+1"
    return bytes(header.binaryblock) + b"\0" * 4


def test_a_claim_is_weighed_against_the_file(victim: Victim, tmp_path: Path) -> None:
    good, huge = (nifti(shape) + bytes(240) for shape in ((3, 4, 5), (800, 800, 800)))
    report = victim.feed("medai.io:read_image", "a.nii.gz", gzip.compress(good), [gzip.compress(huge)])
    report.check(1)
    assert "are claimed" in next(iter(report.reasons))
    for name, content in (("a.nii", huge), ("a.nii.gz", gzip.compress(huge))):
        (tmp_path / name).write_bytes(content)
        assert "truncated: 2,048,000,352 bytes are claimed" in fault(tmp_path / name)


def test_what_unpacks_to_a_gibibyte_takes_no_more_than_is_asked_for(victim: Victim, zeros: bytes) -> None:
    good = gzip.compress(nifti((3, 4, 5)) + bytes(240))
    far, extension = (nifti((3, 4, 5), offset) for offset in (float(GIBI), 1e30))
    # The extension's own length, behind the header, claims a GiB as well.
    long = nifti((3, 4, 5), 1 << 20)[:348] + b"\1\0\0\0" + struct.pack("<ii", GIBI, 4)
    bombs = [gzip.compress(head) + zeros for head in (nifti((3, 4, 5)), far, extension, long)]
    report = victim.feed("medai.io:read_image", "a.nii.gz", good, bombs)
    assert not report.faults
    assert (report.read, report.refused) == (2, 2)
    assert "out of memory" not in report.reasons


def test_a_nrrd_that_unpacks_to_a_gibibyte(victim: Victim, zeros: bytes) -> None:
    head = "NRRD0004\ntype: uchar\ndimension: 2\nsizes: {0} {0}\nencoding: gzip\nbyte skip: {1}\n\n"
    good = head.format(2, 0).encode() + gzip.compress(bytes(4))
    bombs = [head.format(size, skip).encode() + zeros for size, skip in ((2, 0), (2, 1 << 25), (2, GIBI), (100_000, 0))]
    report = victim.feed("medai.io:read_image", "a.nrrd", good, bombs)
    assert not report.faults
    assert (report.read, report.refused) == (2, 2)
    assert "out of memory" not in report.reasons


def archive(path: Path, name: str, array: np.ndarray, claimed: int | None = None) -> bytes:
    """A `.npz` file; its directory claims another size where one is given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open(name, "w") as entry:
        np.lib.format.write_array(entry, array)
    content = bytearray(path.read_bytes())
    if claimed is not None:
        start = content.index(b"PK\1\2") + 24
        content[start : start + 4] = struct.pack("<I", claimed)
    return bytes(content)


def test_zip_entries_with_sizes_that_lie(victim: Victim, tmp_path: Path) -> None:
    good = archive(tmp_path / "a.npz", "a.npy", SMALL)
    lies = [archive(tmp_path / "b.npz", "a.npy", SMALL, claimed) for claimed in (0, 100, 10_000, 2**31, 2**32 - 2)]
    report = victim.feed("medai.io:read_image", "a.npz", good, lies)
    assert not report.faults
    assert (report.read, report.refused) == (1, 4)  # 10,000 could be, and is not looked at once the array is whole
    assert "out of memory" not in report.reasons


def test_zip_entries_that_lead_elsewhere_are_names_alone(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    for name in ("../../outside.npy", "/outside.npy", "..\\outside.npy"):
        (folder / "a.npz").write_bytes(archive(folder / "a.npz", name, SMALL))
        np.testing.assert_array_equal(read_image(folder / "a.npz").pixels[0].numpy(), SMALL)
        assert image_header(folder / "a.npz", name.removesuffix(".npy")).shape == (1, 2, 3, 4)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.npz", "one", "two"]


HEADERS = {
    "a.nhdr": "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 4 3 2\nencoding: raw\ndata file: {}\n\n",
    "a.mhd": "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementDataFile = {}\n",
}


@pytest.mark.parametrize("header", HEADERS)
def test_pixels_of_their_own_stay_in_the_folder(tmp_path: Path, header: str) -> None:
    folder = tmp_path / "here"
    (folder / "inside").mkdir(parents=True)
    outside = tmp_path / "outside.raw"
    outside.write_bytes(SMALL.tobytes())
    (folder / "inside" / "a.raw").write_bytes(SMALL.tobytes())
    (folder / "link.raw").symlink_to(outside)
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "loop.raw").symlink_to("loop.raw")
    os.mkfifo(folder / "pipe.raw")
    path = folder / header
    for name, words in {
        "../outside.raw": "outside its folder",
        "inside/../../outside.raw": "outside its folder",
        "inside/../inside/a.raw": "outside its folder",
        str(outside): "outside its folder",
        str(folder / "inside" / "a.raw"): "outside its folder",
        "link.raw": "outside its folder",
        "elsewhere/outside.raw": "outside its folder",
        "loop.raw": "not",
        "pipe.raw": "not beside it",
        "inside": "not beside it",
        "missing.raw": "not beside it",
        header: "not beside it",
        "a\0b": "not",
    }.items():
        path.write_text(HEADERS[header].format(name))
        assert words in fault(path), name
    for name in ("inside/a.raw", "./inside/a.raw"):
        path.write_text(HEADERS[header].format(name))
        np.testing.assert_array_equal(read_image(path).pixels[0].numpy(), SMALL)
    for name in ("LIST", "a%03d.raw 1 2 1"):
        path.write_text(HEADERS[header].format(name))
        assert "several files" in fault(path)


@pytest.mark.parametrize("name", ["a.nii", "a.png", "a.mat", "a.unknown"])
def test_pipes_and_devices_are_no_files(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert "a device or a pipe" in fault(tmp_path / name)
    (tmp_path / f"b{name}").symlink_to("/dev/zero")
    assert "a device or a pipe" in fault(tmp_path / f"b{name}")
    with pytest.raises(DataError, match="a device or a pipe"):
        image_header(tmp_path / name)


def test_a_picture_larger_than_any_is_refused_before_it_is_decoded(victim: Victim, tmp_path: Path) -> None:
    Picture.new("L", (20, 20)).save(tmp_path / "a.png")
    good = (tmp_path / "a.png").read_bytes()

    def sized(width: int, height: int) -> bytes:
        head = b"IHDR" + struct.pack(">II", width, height) + good[24:29]
        return good[:12] + head + struct.pack(">I", zlib.crc32(head)) + good[33:]

    report = victim.feed("medai.io:read_image", "a.png", good, [sized(13_000, 13_000), sized(30_000, 30_000), sized(2**31 - 1, 2**31 - 1)])
    report.check(3)
    assert report.read == 0
    assert "out of memory" not in report.reasons


def test_pages_in_a_circle_end(victim: Victim, tmp_path: Path) -> None:
    pages = [Picture.new("L", (4, 4), page) for page in range(2)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    good = (tmp_path / "a.tif").read_bytes()
    places, place = [], struct.unpack("<I", good[4:8])[0]
    while place:
        places.append(place)
        end = place + 2 + 12 * struct.unpack("<H", good[place : place + 2])[0]
        place = struct.unpack("<I", good[end : end + 4])[0]
    bad = good[:end] + struct.pack("<I", places[0]) + good[end + 4 :]
    report = victim.feed("medai.io:read_image", "a.tif", good, [bad])
    assert not report.faults
    assert report.total == 1

"""Every reader of DICOM is fed with thousands of damaged files: each is read, or refused with file and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import Report, Victim, damaged, each_of
from dicom_damage import damaged_elements
from dicom_files import SMOOTH, encoded, enhanced
from pydicom import uid

from medai.errors import DataError
from medai.io import list_series, list_slices

Writer = Callable[..., Path]

RNG = np.random.default_rng(5)
COLOUR = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB", "Modality": "US"}
LARGER = np.tile(SMOOTH, (4, 2))


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("victim")
    (folder / "cases").mkdir()
    (folder / "cases" / "secret").write_bytes(bytes(10_000))
    with Victim(folder) as victim:
        yield victim


def palette(write_slice: Writer, path: Path) -> Path:
    table = RNG.integers(0, 65535, 256).astype(np.uint16)
    elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR", "Modality": "US"}
    for name in ("Red", "Green", "Blue"):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        elements[f"{name}PaletteColorLookupTableData"] = table.tobytes()
    return write_slice(path, SMOOTH.astype(np.uint8), **elements)


def volume(write_slice: Writer, path: Path) -> Path:
    frames = [{"pixels": SMOOTH, "ImagePositionPatient": [0, 0, 2 * z], "RescaleSlope": "1", "RescaleIntercept": "0"} for z in range(4)]
    return enhanced(write_slice(path, SMOOTH), frames, PixelSpacing=[1, 1], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


def overlaid(write_slice: Writer, path: Path) -> Path:
    path = write_slice(path, SMOOTH)
    import pydicom

    data = pydicom.dcmread(path)
    for element, vr, value in ((0x10, "US", 16), (0x11, "US", 24), (0x50, "SS", [1, 1]), (0x100, "US", 1), (0x102, "US", 0)):
        data.add_new((0x6000, element), vr, value)
    data.add_new((0x6000, 0x3000), "OW", bytes(48))
    data.save_as(path)
    return path


def check_listed(report: Report, least: int) -> None:
    """A listing refuses a file by listing it with its fault."""
    assert not report.faults, "\n".join(report.faults)
    assert report.total >= least, report


@pytest.mark.parametrize(
    "syntax",
    [
        None,
        *(uid.ImplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit),
        *(uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless, uid.HTJ2KLossless),
    ],
    ids=lambda syntax: getattr(syntax, "name", "explicit"),
)
def test_read_image_survives(victim: Victim, write_slice: Writer, tmp_path: Path, syntax: uid.UID | None) -> None:
    for package in ("gdcm", "jpeg_ls", "openjpeg"):
        pytest.importorskip(package)
    if syntax == uid.JPEGBaseline8Bit:
        path = write_slice(tmp_path / "a", RNG.integers(0, 255, (16, 24)).astype(np.uint8), Modality="US")
    else:
        path = write_slice(tmp_path / "a", SMOOTH if syntax == uid.HTJ2KLossless else LARGER, BitsStored=12, HighBit=11)
    good = (encoded(path, syntax) if syntax else path).read_bytes()
    victim.feed("medai.io:read_image", "a.dcm", good, damaged(good, 160, header=len(good) // 2)).check(160)


@pytest.mark.parametrize("make", [palette, volume, overlaid], ids=lambda make: make.__name__)
@pytest.mark.parametrize("reader", ["read_image", "read_overlays", "list_series", "read_series"])
def test_wrong_elements_survive(victim: Victim, write_slice: Writer, tmp_path: Path, make: Callable[..., Path], reader: str) -> None:
    good = make(write_slice, tmp_path / "a").read_bytes()
    report = victim.feed(f"medai.io:{reader}", "a.dcm", good, damaged_elements(good, 60))
    check_listed(report, 60) if reader.startswith("list") else report.check(60)


@pytest.mark.parametrize("reader", ["list_slices", "list_series", "read_series"])
def test_folders_survive(victim: Victim, write_slice: Writer, tmp_path: Path, reader: str) -> None:
    good = {f"{z}.dcm": write_slice(tmp_path / str(z), ImagePositionPatient=[0, 0, z]).read_bytes() for z in range(4)}
    report = victim.feed(f"medai.io:{reader}", "", good, each_of(good, 80, header=len(good["0.dcm"]) - 768), entry=".")
    check_listed(report, 80) if reader.startswith("list") else report.check(80)


def test_links_are_followed_no_further_than_files(write_slice: Writer, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write_slice(tmp_path / "real" / "a")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "real" / "device").symlink_to("/dev/zero")
    assert len(list_slices(tmp_path / "real")) == len(list_series(tmp_path / "real")) == 1
    with pytest.raises(DataError, match="does not exist"):
        list_series(tmp_path / "real" / "dangling")

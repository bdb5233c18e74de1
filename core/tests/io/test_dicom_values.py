"""Values of DICOM: colours, palettes, padding, bits, tables, overlays, regions of ultrasound, windows; and what is kept of a header."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import torch
from pydicom import Dataset

from medai.errors import DataError, UsageError
from medai.io import KEPT, list_series, list_slices, read_image, read_overlays, read_series, window
from medai.tasks import Image

Writer = Callable[..., Path]

RNG = np.random.default_rng(3)
US = {"Modality": "US", "RescaleSlope": None, "RescaleIntercept": None}


def changed(path: Path, *elements: tuple[Any, str, Any]) -> Path:
    data = pydicom.dcmread(path)
    for tag, vr, value in elements:
        data.add_new(tag, vr, value)
    data.save_as(path)
    return path


def palette(bits: int, tables: list[Any], first: int = 0, segmented: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        found[f"{name}PaletteColorLookupTableDescriptor"] = [4 if segmented else len(table), first, bits]
        content = np.array(table, np.uint8 if bits == 8 else np.uint16).tobytes()
        found[f"{'Segmented' if segmented else ''}{name}PaletteColorLookupTableData"] = content
    return found


@pytest.mark.parametrize("bits", [8, 16])
def test_palette_colours(write_slice: Writer, tmp_path: Path, bits: int) -> None:
    top = 2**bits - 1
    tables = [[0, top, 0, top // 3], [0, 0, top, top // 3], [top, 0, 0, top // 3]]
    stored = np.array([[9, 10, 11], [12, 13, 200]], np.uint8)
    image = read_image(write_slice(tmp_path / "a", stored, **US, **palette(bits, tables, first=10)))
    assert image.unit == "0..1"
    # What lies before the table is its first entry, what lies beyond its last.
    for channel, table in enumerate(tables):
        np.testing.assert_allclose(image.pixels[channel], np.array(table)[[[0, 0, 1], [2, 3, 3]]] / top, atol=1e-6)


def test_segmented_palette(write_slice: Writer, tmp_path: Path) -> None:
    # A run of one, a line of three; the red table is that run and the line repeated as a run and a repetition.
    line = [0, 1, 0, 1, 3, 60000]
    repeated = [0, 2, 0, 30000, 2, 1, 0, 0]
    image = read_image(
        write_slice(tmp_path / "a", np.array([[0, 1, 2, 3]], np.uint8), **US, **palette(16, [line, repeated, line], segmented=True))
    )
    np.testing.assert_allclose(image.pixels[0, 0] * 65535, [0, 20000, 40000, 60000], atol=0.01)
    np.testing.assert_allclose(image.pixels[1, 0] * 65535, [0, 30000, 0, 30000], atol=0.01)


def test_planar_configuration_and_ybr(write_slice: Writer, tmp_path: Path) -> None:
    colours = RNG.integers(0, 256, (8, 6, 3)).astype(np.uint8)
    rgb = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", **US}
    one = read_image(write_slice(tmp_path / "a", colours, PlanarConfiguration=0, **rgb))
    two = read_image(write_slice(tmp_path / "b", colours, PlanarConfiguration=1, **rgb, PixelData=colours.transpose(2, 0, 1).tobytes()))
    np.testing.assert_array_equal(one.pixels, two.pixels)
    ybr = pydicom.pixels.convert_color_space(colours, "RGB", "YBR_FULL")
    three = read_image(write_slice(tmp_path / "c", ybr, PlanarConfiguration=0, **rgb | {"PhotometricInterpretation": "YBR_FULL"}))
    assert np.abs(three.pixels - one.pixels).max() < 2 / 255
    with pytest.raises(DataError, match="in colours 'HSV' is not read"):
        read_image(write_slice(tmp_path / "d", colours, PlanarConfiguration=0, **rgb | {"PhotometricInterpretation": "HSV"}))


def test_bits_that_are_not_the_image_s(write_slice: Writer, tmp_path: Path) -> None:
    values = RNG.integers(-2048, 2048, (16, 24)).astype(np.int16)
    signed = {"BitsStored": 12, "RescaleIntercept": "0", "Modality": "MR"}
    dirty = (values & 0x0FFF) | (RNG.integers(0, 16, values.shape) << 12).astype(np.int16)
    np.testing.assert_array_equal(read_image(write_slice(tmp_path / "a", dirty, HighBit=11, **signed)).pixels[0], values)
    above = ((values & 0x0FFF) << 4) | RNG.integers(0, 16, values.shape).astype(np.int16)
    np.testing.assert_array_equal(read_image(write_slice(tmp_path / "b", above, HighBit=15, **signed)).pixels[0], values)


@pytest.mark.parametrize("kind", [np.uint32, np.int32])
def test_integers_of_32_bits(write_slice: Writer, tmp_path: Path, kind: type) -> None:
    stored = np.array([[0, 1 << 20, 3 << 20]], kind)
    image = read_image(write_slice(tmp_path / "a", stored, Modality="PT", RescaleSlope="0.5", RescaleIntercept="0", Units="BQML"))
    assert image.unit == "BQML"
    np.testing.assert_array_equal(image.pixels[0], stored * 0.5)


@pytest.mark.parametrize(("keyword", "kind"), [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)])
def test_floats(write_slice: Writer, tmp_path: Path, keyword: str, kind: type) -> None:
    stored = np.array([[-1.5, 0.25, 1e6]], kind)
    elements = {"PixelData": None, "BitsStored": None, "HighBit": None, "PixelRepresentation": None, keyword: stored.tobytes()}
    path = write_slice(tmp_path / "a", stored, Modality="OT", **elements)
    np.testing.assert_array_equal(read_image(path).pixels[0], stored)
    bad = write_slice(tmp_path / "b", stored, Modality="OT", **elements | {keyword: np.full((1, 3), np.nan, kind).tobytes()})
    with pytest.raises(DataError, match="NaN or infinite pixels: 3 of 3"):
        read_image(bad)


def test_a_table_of_the_modality(write_slice: Writer, tmp_path: Path) -> None:
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType, item.LUTData = [4, 1, 16], "US", [10, 20, 40, 65535]
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "US"
    path = write_slice(tmp_path / "a", np.array([[0, 1, 2, 3, 4, 9]], np.uint8), **US | {"Modality": "DX"}, ModalityLUTSequence=[item])
    np.testing.assert_allclose(read_image(path).pixels[0, 0] * 65535, [10, 10, 20, 40, 65535, 65535], atol=0.01)


def test_padding_of_grey_images_is_black(write_slice: Writer, tmp_path: Path) -> None:
    path = write_slice(
        tmp_path / "a", np.array([[0, 51, 255]], np.uint8), **US, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0
    )
    np.testing.assert_allclose(read_image(path).pixels[0, 0], [0, 0.8, 0], atol=1e-6)


def region(box: tuple[int, int, int, int], delta: float, units: int = 3, kind: int = 1) -> Dataset:
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box
    item.RegionSpatialFormat, item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = kind, units, 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = delta, -2 * delta
    return item


def test_regions_of_an_ultrasound_picture(write_slice: Writer, tmp_path: Path) -> None:
    def read(name: str, *regions: Dataset) -> Any:
        elements = {"PixelSpacing": None, "SequenceOfUltrasoundRegions": list(regions), **US}
        return read_image(write_slice(tmp_path / name, np.zeros((16, 24), np.uint8), **elements)).origin

    motion = region((0, 10, 23, 15), 0.5, units=4, kind=2)
    origin = read("a", region((0, 0, 11, 9), 0.02), region((12, 0, 23, 9), 0.02), motion)
    assert [item.box for item in origin.calibrations] == [(0, 0, 12, 10), (12, 0, 24, 10), (0, 10, 24, 16)]
    assert origin.calibrations[0].spacing == pytest.approx((0.4, 0.2))
    assert origin.calibrations[2].spacing == ()
    assert [item.kind for item in origin.calibrations[1:]] == ["2D (tissue or flow)", "M-Mode"]
    assert origin.spacing == pytest.approx((0.4, 0.2))
    assert read("b", region((0, 0, 11, 9), 0.02), region((12, 0, 23, 9), 0.03)).spacing == ()


def test_spacing_at_the_detector_is_marked(write_slice: Writer, tmp_path: Path) -> None:
    projection = {"Modality": "DX", "ImagePositionPatient": None, "ImageOrientationPatient": None, "ImagerPixelSpacing": [0.2, 0.1]}
    origin = read_image(write_slice(tmp_path / "a", np.zeros((4, 5), np.uint16), PixelSpacing=None, **projection)).origin
    assert origin.spacing == (0.2, 0.1)
    assert origin.attributes["ImagerPixelSpacing"] == "0.2\\0.1"
    origin = read_image(write_slice(tmp_path / "b", np.zeros((4, 5), np.uint16), **projection)).origin
    assert origin.spacing == (0.7, 0.6)
    assert "ImagerPixelSpacing" not in origin.attributes


def overlay(group: int, drawn: Any, origin: tuple[int, int] = (1, 1)) -> list[tuple[Any, str, Any]]:
    rows, columns = drawn.shape
    content = np.packbits(drawn.ravel(), bitorder="little").tobytes()
    sizes = [((group, 0x10), "US", rows), ((group, 0x11), "US", columns), ((group, 0x50), "SS", list(origin))]
    return [*sizes, ((group, 0x100), "US", 1), ((group, 0x102), "US", 0), ((group, 0x3000), "OW", content + b"\0" * (len(content) % 2))]


def test_overlays(write_slice: Writer, tmp_path: Path) -> None:
    path = write_slice(tmp_path / "a")
    assert read_overlays(path).shape == (0, 1, 16, 24)
    whole, part = RNG.random((16, 24)) > 0.5, RNG.random((5, 7)) > 0.5
    changed(path, *overlay(0x6000, whole), *overlay(0x6002, part, (-1, 20)))
    planes = read_overlays(path)
    assert planes.dtype == torch.bool
    np.testing.assert_array_equal(planes[0, 0], whole)
    expected = np.zeros((16, 24), bool)
    # Its first row is row -1 counted from 1, so two rows lie before the image, and its last two columns behind it.
    expected[0:3, 19:24] = part[2:, :5]
    np.testing.assert_array_equal(planes[1, 0], expected)


def test_an_overlay_in_unused_bits_is_read_and_masked(write_slice: Writer, tmp_path: Path) -> None:
    values, drawn = RNG.integers(0, 4096, (16, 24)).astype(np.uint16), RNG.random((16, 24)) > 0.5
    path = write_slice(tmp_path / "a", values | (drawn.astype(np.uint16) << 13), BitsStored=12, HighBit=11, RescaleIntercept="0")
    changed(path, ((0x6000, 0x10), "US", 16), ((0x6000, 0x11), "US", 24), ((0x6000, 0x100), "US", 16), ((0x6000, 0x102), "US", 13))
    np.testing.assert_array_equal(read_image(path).pixels[0], values)
    np.testing.assert_array_equal(read_overlays(path)[0, 0], drawn)


def test_a_window() -> None:
    image = Image(torch.tensor([[[-2000.0, -160, 40, 240, 3000]]]), "HU")
    shown = window(image, -160, 240)
    assert shown.unit == "0..1"
    assert shown.pixels.tolist() == [[[0, 0, 0.5, 1, 1]]]
    assert image.pixels[0, 0, 0] == -2000
    with pytest.raises(UsageError, match="from a value up to a higher one"):
        window(image, 1, 1)


SECRETS = [f"SECRET{number:02d}" for number in range(40)]


def identified(path: Path) -> Path:
    """A file with something that identifies wherever a header may hold it: names, ids, dates, free text, private elements, sequences."""
    names = iter(SECRETS)
    data = pydicom.dcmread(path)
    for keyword in (
        *("PatientName", "PatientID", "OtherPatientNames", "PatientAddress", "PatientComments", "AccessionNumber", "InstitutionName"),
        *("ReferringPhysicianName", "OperatorsName", "StudyDescription", "SeriesDescription", "ProtocolName", "StationName", "StudyID"),
        *("DeviceSerialNumber", "ImageComments", "IssuerOfPatientID", "RequestedProcedureDescription", "PerformingPhysicianName"),
    ):
        setattr(data, keyword, next(names))
    data.PatientBirthDate, data.PatientAge, data.StudyDate, data.SeriesTime = "19551122", "067Y", "20200203", "112233"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = "1.2.991", "1.2.992", "1.2.993"
    data.private_block(0x0009, "MAKER", create=True).add_new(1, "LO", next(names))
    inner, outer = Dataset(), Dataset()
    inner.CodeMeaning, inner.PersonName = next(names), next(names)
    outer.ConceptCodeSequence, outer.TextValue = [inner], next(names)
    data.RequestAttributesSequence = [outer]
    data.Manufacturer, data.KVP = "Maker", "120"
    data.save_as(path)
    return path


def words(value: Any) -> Iterator[str]:
    """Every text and number that can be reached from a value, paths left out."""
    if isinstance(value, Path):
        return
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from words(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from words(list(value.items()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from words(item)
    else:
        yield str(value)


def test_nothing_that_identifies_leaves_the_readers(write_slice: Writer, tmp_path: Path) -> None:
    path = identified(write_slice(tmp_path / "a"))
    found = [read_image(path), read_series(path), list_series(path), list_slices(path)]
    text = "\n".join(words(found))
    assert "Maker" in text
    for secret in [*SECRETS, "19551122", "067Y", "20200203", "112233", "1.2.991", "1.2.992", "1.2.993"]:
        assert secret not in text
    assert set(found[0].origin.attributes) <= set(KEPT)
    assert found[0].origin.attributes["KVP"] == 120
    assert not [
        keyword for keyword in KEPT if pydicom.datadict.dictionary_VR(keyword) in ("PN", "DA", "TM", "DT", "UI", "LT", "ST", "UT", "SQ")
    ]


@pytest.mark.realdata
def test_real_ultrasound(real_data: Path) -> None:
    places = {path.name: path for path in (real_data / "ultrasound").rglob("*.dcm")}
    one, two = read_image(places["US1_UNCR.dcm"]), read_image(places["gdcm-US-ALOKA-16.dcm"])
    for image in (one, two):
        assert image.pixels.shape == (3, 480, 640)
        assert image.unit == "0..1"
        assert image.pixels.min() == 0
        assert 0.9 < image.pixels.max() <= 1
    assert len(two.origin.calibrations) == 3
    reference = pydicom.dcmread(places["US1_UNCR.dcm"]).pixel_array
    np.testing.assert_allclose(one.pixels.numpy(), reference.transpose(2, 0, 1) / 255, atol=1e-6)

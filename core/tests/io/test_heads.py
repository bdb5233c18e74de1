"""Headers parsed once: what is read is what pydicom reads of the whole file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_files import encoded
from pydicom.uid import UID, ImplicitVRLittleEndian, RLELossless

from medai.errors import DataError
from medai.io import _heads, list_series, read_series
from medai.io._dicom import attributes_of, read_content
from medai.io._dicom_file import Parse, parsed
from medai.io._faults import reading
from medai.io._headers import read_header

Writer = Callable[..., Path]

RNG = np.random.default_rng(5)
EXAMPLES = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))


def content(path: Path, parse: Parse) -> tuple[Any, ...] | str:
    try:
        with reading(path, "DICOM"):
            found = read_content(path, parse=parse)
            return found.pixels.tobytes(), found.pixels.shape, found.unit, attributes_of(found.header, found.frames)
    except DataError as error:
        return error.reason


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_read_as_when_parsed_whole(path: Path) -> None:
    assert content(path, _heads.whole) == content(path, parsed)
    heads = _heads.Heads()
    read_header(path, "", heads.header)
    assert content(path, heads.whole) == content(path, parsed)


def series(write_slice: Writer, root: Path, syntax: UID | None = None) -> np.ndarray[Any, Any]:
    root.mkdir()
    stored = RNG.integers(0, 2000, (5, 16, 24)).astype(np.int16)
    for number, (plane, place) in enumerate(zip(stored, (3, 0, 4, 1, 2), strict=True)):
        path = write_slice(root / f"{number}", plane, ImagePositionPatient=[0, 0, 2 * place])
        if syntax is not None:
            encoded(path, syntax)
    return stored[[1, 3, 4, 0, 2]].astype(np.float32) - 1024


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian, RLELossless], ids=lambda syntax: getattr(syntax, "name", ""))
def test_a_folder_s_headers_are_parsed_once(
    write_slice: Writer, tmp_path: Path, syntax: UID | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = series(write_slice, tmp_path / "s", syntax)
    calls = []
    monkeypatch.setattr(
        _heads, "read_partial", lambda *args, **options: calls.append(1) or pydicom.filereader.read_partial(*args, **options)
    )
    for other in ("parsed", "listed"):
        monkeypatch.setattr(_heads, other, None)
    image = read_series(tmp_path / "s")
    np.testing.assert_array_equal(image.pixels[0], expected)
    assert len(calls) == 5


def test_no_more_headers_are_kept_than_there_is_room_for(write_slice: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = series(write_slice, tmp_path / "s")
    heads = _heads.Heads()
    monkeypatch.setattr(_heads, "_ROOM", 1000)
    few = _heads.Heads()
    for path in sorted((tmp_path / "s").iterdir()):
        heads.header(path)
        few.header(path)
    assert (len(heads._kept), len(few._kept)) == (5, 2)
    np.testing.assert_array_equal(read_series(tmp_path / "s").pixels[0], expected)


@pytest.mark.parametrize("syntax", [None, RLELossless], ids=["explicit", "RLE"])
def test_cut_pixels_are_refused_alike(write_slice: Writer, tmp_path: Path, syntax: UID | None) -> None:
    series(write_slice, tmp_path / "s", syntax)
    path = tmp_path / "s" / "2"
    path.write_bytes(path.read_bytes()[:-60])
    reasons = []
    for source in (tmp_path / "s", list_series(tmp_path / "s")[0]):
        with pytest.raises(DataError) as caught:
            read_series(source)
        assert caught.value.path == path
        reasons.append(caught.value.reason)
    assert {*reasons} == {content(path, parsed)}

"""Arrays by name: MATLAB's `.mat` and NumPy's `.npz`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from medai.errors import DataError
from medai.io import image_header, read_image

VOLUME = np.arange(24, dtype=np.int16).reshape(2, 3, 4) - 5


def fault(path: Path, key: str | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read_image(path, key=key)
    assert caught.value.path == path
    return caught.value.reason


def matlab(path: Path, packed: bool = False, **variables: Any) -> Path:
    scipy.io.savemat(path, variables, do_compression=packed)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "i8", "f4", "f8"])
def test_matlab_has_rows_columns_and_slices(tmp_path: Path, dtype: str, packed: bool) -> None:
    array = (VOLUME + 5).astype(dtype)
    path = matlab(tmp_path / "a.mat", packed, array=array)
    image, header = read_image(path), image_header(path)
    assert header.shape == (1, 4, 2, 3)
    np.testing.assert_array_equal(image.pixels[0].numpy(), np.moveaxis(array, 2, 0).astype(np.float32))
    plane = matlab(tmp_path / "b.mat", packed, array=array[0])
    np.testing.assert_array_equal(read_image(plane).pixels[0].numpy(), array[0].astype(np.float32))


@pytest.mark.parametrize("packed", [False, True])
def test_the_variable_to_read(tmp_path: Path, packed: bool) -> None:
    others: dict[str, Any] = {"spacing": np.array([[1.0, 1.0, 2.0]]), "note": "text", "cells": np.array([VOLUME, "a"], dtype=object)}
    others["about"] = {"name": "x"}
    path = matlab(tmp_path / "a.mat", packed, GT=VOLUME, I=VOLUME + 1, **others)
    assert read_image(path).pixels.min() == -4
    assert read_image(path, key="GT").pixels.min() == -5
    assert image_header(path, "GT").shape == (1, 4, 2, 3)
    assert "holds no array 'note', but 'GT', 'I'" in fault(path, "note")
    # One array alone needs no name.
    assert read_image(matlab(tmp_path / "b.mat", packed, GT=VOLUME, **others)).pixels.min() == -5
    assert "name one as the key: 'GT', 'J'" in fault(matlab(tmp_path / "c.mat", packed, GT=VOLUME, J=VOLUME))
    assert "no array of numbers" in fault(matlab(tmp_path / "d.mat", packed, **others))
    assert "no array of numbers" in fault(matlab(tmp_path / "e.mat", packed, I=VOLUME + 1j))
    assert "no array of numbers" in fault(matlab(tmp_path / "f.mat", packed, I=np.zeros((2, 2, 2, 2))))


def test_matlab_of_the_other_byte_order(tmp_path: Path) -> None:
    def element(kind: int, content: bytes) -> bytes:
        return np.array([kind, len(content)], ">u4").tobytes() + content + bytes(-len(content) % 8)

    parts = [element(6, np.array([6, 0], ">u4").tobytes()), element(5, np.array([2, 3], ">i4").tobytes()), element(1, b"x")]
    matrix = b"".join([*parts, element(9, np.arange(6, dtype=">f8").tobytes())])
    (tmp_path / "a.mat").write_bytes(b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + element(14, matrix))
    assert read_image(tmp_path / "a.mat").pixels.tolist() == [[[0, 2, 4], [1, 3, 5]]]
    assert scipy.io.loadmat(tmp_path / "a.mat")["x"].tolist() == [[0, 2, 4], [1, 3, 5]]


def test_other_versions_say_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(400))
    (tmp_path / "b.mat").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(400))
    scipy.io.savemat(tmp_path / "c.mat", {"I": VOLUME[0]}, format="4")
    for name in ("a.mat", "b.mat"):
        assert "version 7.3" in fault(tmp_path / name)
        assert "'-v7'" in fault(tmp_path / name)
    assert "not a .mat file of version 5" in fault(tmp_path / "c.mat")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_by_name(tmp_path: Path, save: Any) -> None:
    save(tmp_path / "a.npz", first=VOLUME, second=np.asfortranarray(VOLUME[0] * 2))
    np.testing.assert_array_equal(read_image(tmp_path / "a.npz", key="first").pixels[0].numpy(), VOLUME)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npz", key="second").pixels[0].numpy(), VOLUME[0] * 2)
    assert image_header(tmp_path / "a.npz", "second").shape == (1, 3, 4)
    assert "name one as the key: 'first', 'second'" in fault(tmp_path / "a.npz")
    save(tmp_path / "b.npz", VOLUME)
    np.testing.assert_array_equal(read_image(tmp_path / "b.npz").pixels[0].numpy(), VOLUME)
    save(tmp_path / "c.npz", image=VOLUME, label=VOLUME * 0)
    assert read_image(tmp_path / "c.npz").pixels.max() > 0


def test_pickles_and_foreign_packing_in_npz_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{"a": 1}], dtype=object))
    assert "not an array of numbers" in fault(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", VOLUME)
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.write(tmp_path / "b.npy", "b.npy")
    assert "which NumPy does not write" in fault(tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    assert "no array of numbers" in fault(tmp_path / "c.npz")


def test_a_key_where_there_is_one_image_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VOLUME)
    assert "the key 'x' means nothing" in fault(tmp_path / "a.npy", "x")

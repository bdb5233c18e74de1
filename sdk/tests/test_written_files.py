"""What the kit finds in files: pickles wherever they hide, and the same content written at another time."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from medai_sdk.contract.trials.written import content_of, pickles_in

HELD = {"weights": [1.0, 2.0], "name": "net"}


def zipped(path: Path, **entries: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_found_whatever_its_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(pickle.dumps(HELD, protocol))
    assert list(pickles_in(path)) == ["model.bin"]


def test_pickles_are_found_in_archives_and_compressed_files(tmp_path: Path) -> None:
    zipped(tmp_path / "outer.zip", readme=b"hello", inner=pickle.dumps(HELD))
    (tmp_path / "model.gz").write_bytes(gzip.compress(pickle.dumps(HELD)))
    torch.save({"weight": torch.zeros(3)}, tmp_path / "model.pt")
    np.save(tmp_path / "objects.npy", np.array([HELD], dtype=object), allow_pickle=True)
    assert list(pickles_in(tmp_path / "outer.zip")) == ["outer.zip, inner"]
    assert list(pickles_in(tmp_path / "model.gz")) == ["model.gz"]
    assert list(pickles_in(tmp_path / "model.pt")) == ["model.pt, model/data.pkl"]
    assert list(pickles_in(tmp_path / "objects.npy")) == ["objects.npy"]


@pytest.mark.parametrize("text", ["case,file\n001,a.png\n", json.dumps(HELD), ".", "the end.", "I1\nI2\nsum.", ""])
def test_texts_are_no_pickles(tmp_path: Path, text: str) -> None:
    path = tmp_path / "answers.txt"
    path.write_text(text)
    assert list(pickles_in(path)) == []


def test_arrays_of_numbers_are_no_pickles(tmp_path: Path) -> None:
    np.save(tmp_path / "numbers.npy", np.arange(4.0))
    np.savez(tmp_path / "numbers.npz", first=np.arange(4), second=np.zeros(2))
    assert [found for path in tmp_path.iterdir() for found in pickles_in(path)] == []


def test_content_is_the_same_at_another_time(tmp_path: Path) -> None:
    for name, hour in (("first", 9), ("second", 17)):
        (tmp_path / f"{name}.json").write_text(f'{{"score": 0.5, "written": "2026-11-24T{hour:02d}:30:00.123"}}')
        with gzip.GzipFile(tmp_path / f"{name}.gz", "wb", mtime=hour) as file:
            file.write(b"same")
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("entry", (2026, 11, 24, hour, 0, 0)), b"same")
    for suffix in ("json", "gz", "zip"):
        assert content_of(tmp_path / f"first.{suffix}") == content_of(tmp_path / f"second.{suffix}")
    (tmp_path / "third.json").write_text('{"score": 0.6, "written": "2026-11-24T09:30:00.123"}')
    assert content_of(tmp_path / "first.json") != content_of(tmp_path / "third.json")

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai.errors import EnvironmentFault
from medai.io import write_bytes, write_csv, write_json, write_text


def full(*given: Any, **more: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_sync(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "fsync", full)


def no_write(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Path, "write_bytes", full)


def no_rename(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Path, "replace", full)


@pytest.mark.parametrize("fault", [no_sync, no_write, no_rename])
@pytest.mark.parametrize("present", [True, False])
def test_a_full_disk_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None], present: bool
) -> None:
    path = tmp_path / "a.json"
    if present:
        path.write_text("old", encoding="utf-8")
    with monkeypatch.context() as patch:
        fault(patch)
        with pytest.raises(EnvironmentFault, match=r"a\.json: .*the disk is full") as caught:
            write_bytes(path, b"new")
    assert caught.value.exit_code == 7
    assert [item.name for item in tmp_path.iterdir()] == (["a.json"] if present else [])
    assert not present or path.read_text(encoding="utf-8") == "old"


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a.txt", "new")
    assert list(tmp_path.iterdir()) == []


def test_it_is_on_the_disk_before_it_takes_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "deep" / "a.txt", []

    def sync(handle: int) -> None:
        seen.append(path.exists())

    monkeypatch.setattr(os, "fsync", sync)
    write_text(path, "größe")
    assert seen[0] is False and path.read_bytes() == "größe".encode()


def test_others_may_read_what_the_users_mask_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_json_holds_what_is_not_finite_as_null(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": float("nan"), "b": [float("inf"), 1.5, (2, {"c": -float("inf")})], 3: "é"})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {"a": None, "b": [None, 1.5, [2, {"c": None}]], "3": "é"}


def test_csv_with_columns_that_a_row_lacks(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("a", "b"), [{"a": 1}, {"a": 'x,"y"\n', "b": 0.1}])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{"a": "1", "b": ""}, {"a": 'x,"y"\n', "b": "0.1"}]

"""A run that goes on does so on the data that it began with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medai._engine.configure import Request, configure
from medai._engine.data import open_slots
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import resume, start
from medai._results.folder import RunFolder
from medai.errors import DataError
from medai.io import write_json


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    root.mkdir()
    (root / "a.txt").write_text("one", encoding="utf-8")
    return root


def fingerprints(data: Path) -> list[str]:
    recipe = configure(Request("enginetoys/denoise", data=(f"pairs={data}",), scale="paper")).recipe
    return [slot.as_record()["fingerprint"] for slot in open_slots(recipe, {})]


def test_what_systems_and_runs_leave_in_a_folder_is_no_change_of_its_data(data: Path) -> None:
    before = fingerprints(data)
    (data / ".DS_Store").write_bytes(b"x")
    (data / ".cache").mkdir()
    (data / ".cache" / "a").write_bytes(b"x")
    (data / "runs" / "one").mkdir(parents=True)
    (data / "runs" / "one" / "run.json").write_text("{}", encoding="utf-8")
    assert fingerprints(data) == before
    (data / "b.txt").write_text("two", encoding="utf-8")
    assert fingerprints(data) != before


def test_a_run_does_not_go_on_with_data_that_have_changed(data: Path, tmp_path: Path) -> None:
    overrides = {"train.epochs": None, "train.steps": 2}
    request = Request("enginetoys/denoise", data=(f"pairs={data}",), scale="paper", overrides=overrides)
    folder = RunFolder(tmp_path / "run")
    start(configure(request), Options(device="cpu"), folder, Listener())
    done = folder.summary.read_bytes()
    began = folder.read_record()["data"]
    write_json(folder.record, folder.read_record() | {"status": "stopped"})
    (data / "a.txt").write_text("other", encoding="utf-8")
    for _ in range(2):  # asked again, it still knows what it began with
        with pytest.raises(DataError, match=r"data of the slot 'pairs' have changed since the run began .*: put them back") as caught:
            resume(folder, Listener())
        assert str(caught.value).startswith(str(data))
        record = folder.read_record()
        assert record["status"] == "failed" and "'pairs'" in record["reason"] and record["data"] == began
    (data / "a.txt").write_text("one", encoding="utf-8")
    assert resume(folder, Listener()) == json.loads(done)

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from medai._results import folder
from medai._results.folder import FORMAT, RunFolder, new_folder, read_json, safe_name
from medai.errors import DataError, EnvironmentFault


def _hold(root: Path, held: Any) -> None:
    with RunFolder(root).locked():
        held.set()
        time.sleep(60)


def test_a_folder_in_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_PATIENCE", 0.2)
    processes = multiprocessing.get_context("fork")
    held = processes.Event()
    other = processes.Process(target=_hold, args=(tmp_path, held))
    other.start()
    assert held.wait(30)
    with pytest.raises(EnvironmentFault, match="in use by another process") as caught, RunFolder(tmp_path).locked():
        pass
    other.kill()
    other.join()
    assert caught.value.exit_code == 7
    with RunFolder(tmp_path).locked():
        pass  # the lock of a killed process does not stay


def test_new_folders_never_share_a_name(tmp_path: Path) -> None:
    found = {new_folder(tmp_path, "plugin/my recipe").root.name for _ in range(5)}
    assert len(found) == 5 and all(name.startswith("plugin-my-recipe-") for name in found)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EnvironmentFault, match="cannot be made"):
        new_folder(tmp_path / "file", "x")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a/b", "a-b"), ("../../etc", "etc"), ("c 1:2", "c-1-2"), ("...", "unnamed"), ("ü", "unnamed"), ("a_b.c-d", "a_b.c-d")],
)
def test_names_of_files(text: str, wanted: str) -> None:
    assert safe_name(text) == wanted


def test_what_is_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: not a run folder: there is no such folder"):
        RunFolder(tmp_path / "none").read_record()
    (tmp_path / "best.safetensors").write_bytes(b"")
    with pytest.raises(DataError, match=r"best\.safetensors: not a run folder: it is a file"):
        RunFolder(tmp_path / "best.safetensors").read_record()
    run = RunFolder(tmp_path)
    with pytest.raises(DataError, match=r"not a run folder: it has no run\.json"):
        run.read_record()
    run.record.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.json: cannot be read"):
        run.read_record()
    run.record.write_text(f'{{"format": {FORMAT + 1}}}', encoding="utf-8")
    with pytest.raises(DataError, match="written by a newer medai"):
        run.read_record()
    run.record.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        read_json(run.record, "absent")

"""Files that are written without Python's knowledge show in a listing of the plugin's package, before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from medai_sdk.contract.watching.listing import changed, listing
from medai_sdk.contract.watching.watch import Watch


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "net" / "cache" / "__pycache__").mkdir(parents=True)
    (tmp_path / "net" / "cache" / "kept.pt").write_text("kept")
    (tmp_path / "net" / "__init__.py").write_text("")
    return tmp_path / "net"


def test_what_is_new_gone_or_different_is_told(package: Path) -> None:
    before = listing([package])
    (package / "cache" / "kept.pt").write_text("another")
    (package / "__init__.py").unlink()
    (package / "made").mkdir()
    (package / "made" / "inside.txt").write_text("told by its folder")
    (package / "cache" / "__pycache__" / "net.pyc").write_text("compiled")
    assert changed(before, listing([package])) == [str(package / name) for name in ("__init__.py", "cache/kept.pt", "made")]


def test_a_module_of_one_file_is_listed_itself(package: Path) -> None:
    module = package / "__init__.py"
    before = listing([module])
    module.write_text("SEEN = 1")
    assert changed(before, listing([module])) == [str(module)]


def test_nothing_changes_by_looking(package: Path) -> None:
    assert changed(listing([package]), listing([package])) == []


def test_the_package_of_a_plugin_is_watched_between_two_subjects(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.addaudithook", lambda hook: None)
    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", None)
    watch = Watch(package / "cache")
    watch.start([package])
    torch.save(torch.ones(3), package / "ones.pt")
    torch.save(torch.ones(3), package / "cache" / "ones.pt")
    assert watch.written == [str(package / "ones.pt")]
    watch.clear()
    assert watch.written == []

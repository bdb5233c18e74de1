"""Importing without a search for garbage."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from medai._discovery.target import import_target
from medai.errors import PluginError

_PROGRAM = """
import gc
from medai._imports import importing
{before}
searches = []
with importing():
    gc.callbacks.append(lambda phase, info: searches.append(phase))
    import medai._engine.run
    imported = len(searches)
    gc.callbacks.clear()
kept = len(gc.get_objects())
print(imported, gc.get_freeze_count(), kept, gc.isenabled())
"""


def _told(before: str) -> tuple[int, int, int, bool]:
    done = subprocess.run([sys.executable, "-c", _PROGRAM.format(before=before)], capture_output=True, text=True, check=True)
    searches, aside, looked_at, looking = done.stdout.split()
    return int(searches), int(aside), int(looked_at), looking == "True"


def test_what_a_command_imports_is_set_aside() -> None:
    searches, aside, looked_at, looking = _told("")
    assert searches == 0 and looking
    assert aside > 100_000 > 10_000 > looked_at


@pytest.mark.parametrize(("before", "looking"), [("import torch", True), ("import torch; gc.disable()", False)])
def test_of_another_programs_process_nothing_is_set_aside(before: str, looking: bool) -> None:
    searches, aside, looked_at, after = _told(before)
    assert searches == 0 and after is looking
    # Python itself sets some aside as it starts.
    assert aside < 1000 and looked_at > 100_000


def test_a_component_is_imported_without_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unsearched_component.py").write_text("import gc\nSEARCHED = gc.isenabled()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert gc.isenabled()
    assert import_target("unsearched_component:SEARCHED", "a test") is False
    with pytest.raises(PluginError):
        import_target("unsearched_and_missing:SEARCHED", "a test")
    assert gc.isenabled()

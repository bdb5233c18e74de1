"""`medai doctor` looks at each plugin in a process of its own: whatever one does to it, it is named and the others are seen."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from medai._cli import main
from medai._discovery import PluginRecord, apart
from medai._discovery.apart import records_apart

GOOD = "medai-good"


def looked_at(seconds: float = apart.SECONDS, *files: Path) -> dict[str, PluginRecord]:
    return {record.name: record for record in records_apart(no_plugins=False, files=files, seconds=seconds)}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\nos._exit(0)", "it ended the process that loaded it, with code 0, after "),
        ("import os\nos._exit(3)", "it ended the process that loaded it, with code 3, after "),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "it ended the process that loaded it, by SIGSEGV, after "),
        ("import atexit, os\natexit.register(os._exit, 4)", "it ended the process that loaded it, with code 4, after "),
        ("import sys\nsys.exit(5)", "SystemExit: 5"),
        ("raise BaseException('odd')", "BaseException: odd"),
        ("raise KeyboardInterrupt", "it ended the process that loaded it, "),
        ("class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute", "Mute"),
    ],
    ids=["leaves", "leaves-with-3", "crashes", "leaves-at-the-end", "exits", "odd", "interrupts", "mute"],
)
def test_a_plugin_that_ends_its_process_is_named(site: Any, source: str, reason: str) -> None:
    site.install("medai-bad", source)
    site.install(GOOD)
    found = looked_at()
    assert (found["bad"].status, found["bad"].distribution, found["bad"].version) == ("failed", "medai-bad", "1.0")
    assert found["bad"].reason.startswith(reason)
    assert (found["good"].status, found["medai"].status) == ("ok", "ok")
    assert "medai_good_plugin" not in sys.modules


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import time\n\ntime.sleep(600)\n", "it hangs: it was still being loaded after 5 s"),
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
            "it hangs: when it had been loaded, its process",
        ),
    ],
    ids=["at-import", "at-the-end"],
)
def test_a_plugin_that_hangs_is_named_with_the_place(site: Any, source: str, reason: str) -> None:
    module = site.install("medai-hangs", source)
    began = time.monotonic()
    found = looked_at(5)
    assert time.monotonic() - began < 30
    assert found["hangs"].status == "failed"
    assert found["hangs"].reason.startswith(reason)
    if "still" in reason:
        assert f'{module}.py", line 3 in <module>' in found["hangs"].traceback


def test_what_is_known_without_an_import_and_files_are_as_ever(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-new", requires=["medai>=99"])
    site.install("medai-off", "raise RuntimeError")
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "off")
    # The verdict of each is wanted, not the first that stops all.
    monkeypatch.setenv("MEDAI_STRICT_PLUGINS", "1")
    files = (site.file("mine.py", "x = 1"), site.file("torn.py", "1 / 0"))
    found = looked_at(apart.SECONDS, *files)
    wanted = {"new": "incompatible", "off": "disabled", "mine": "ok", "torn": "failed"}
    assert {name: found[name].status for name in wanted} == wanted
    assert found["torn"].reason == "ZeroDivisionError: division by zero"
    monkeypatch.delenv("MEDAI_STRICT_PLUGINS")
    assert list(looked_at(apart.SECONDS, *files).values()) == list(site.discover(files=files).plugins)


def test_the_command_lists_all_and_exits_with_6(site: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    site.install("medai-hangs", "import time\ntime.sleep(600)\n")
    site.install("medai-leaves", "import os\nos._exit(3)\n")
    site.install(GOOD)
    monkeypatch.setattr(apart, "SECONDS", 5)
    with pytest.raises(SystemExit) as ended:
        main(["doctor"])
    out, err = capsys.readouterr()
    assert ended.value.code == 6
    assert err == "error: not well: hangs, leaves\n"
    assert "plugin    hangs (medai-hangs 1.0): failed: it hangs: it was still being loaded after 5 s\n" in out
    assert "plugin    leaves (medai-leaves 1.0): failed: it ended the process that loaded it, with code 3, after " in out
    assert "plugin    good (medai-good 1.0): ok\n" in out


def test_what_raises_in_odd_ways_does_not_stop_the_list(site: Any) -> None:
    site.install("medai-odd", "raise BaseException('odd')")
    site.install("medai-mute", "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute")
    site.install(GOOD)
    assert [site.record(name).reason for name in ("odd", "mute")] == ["BaseException: odd", "Mute"]
    assert site.record("good").status == "ok"

"""Runs in processes of their own end with the command that started them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._reproduce import jobs

_CHILD = """
import os, time
from medai._reproduce.jobs import end_with_parent
end_with_parent()
open({!r}, "w").write(str(os.getpid()))
time.sleep(60)
"""
_PARENT = "import multiprocessing; multiprocessing.get_context('spawn').Process(target=exec, args=({!r},)).start()"


def ends(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether something comes true in time."""
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Dead, and not yet taken note of by whoever has to.
    return "Z" not in Path(f"/proc/{process}/stat").read_text(encoding="ascii").split()[2]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="who is alive is told by /proc")
def test_a_run_ends_with_a_command_that_was_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", _PARENT.format(_CHILD.format(str(told)))])
    assert ends(lambda: told.exists() and bool(told.read_text(encoding="ascii")))
    child = int(told.read_text(encoding="ascii"))
    assert alive(child)
    parent.kill()
    parent.wait()
    assert ends(lambda: not alive(child))


def test_who_stops_a_table_stops_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()

    def apart(job: Any, *others: Any) -> jobs.Outcome:
        if job == "long":
            process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
            process.start()
            process.join()
        else:
            ends(lambda: bool(multiprocessing.active_children()))
        return jobs.Outcome(job, 0.0)

    def stop(outcome: jobs.Outcome) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "_apart", apart)
    with pytest.raises(KeyboardInterrupt):
        jobs.carry_out_all(["short", "long"], tmp_path, Options(), at_once=2, listener=Listener(), done=stop)  # type: ignore[list-item]
    assert time.monotonic() - began < 30 and ends(lambda: not multiprocessing.active_children())

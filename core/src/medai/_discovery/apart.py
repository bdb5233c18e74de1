"""Every plugin in a process of its own, so that one that hangs or ends its process is named and the others are seen all the same.

Run as `python -m medai._discovery.apart ORDER ANSWER SECONDS`, two JSON files, it is such a process.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from medai._discovery.hooks import Hooks
from medai._discovery.load import Found, find, load, record_of
from medai._discovery.records import PluginRecord
from medai._discovery.scan import Candidate
from medai._discovery.switches import Switches

SECONDS = 30.0
"""How long a plugin may take, with the start of its process; discovery wants it in hundredths of a second."""
_TICK = 0.02
_TAIL = 8000
"""Characters of what a process said before it ended."""


def records_apart(*, no_plugins: bool, files: Sequence[Path], seconds: float) -> tuple[PluginRecord, ...]:
    """What became of every plugin, in the order of discovery; none is imported into this process."""
    found = list(find(Switches.read(no_plugins=no_plugins), files))
    records = {place: each.verdict for place, each in enumerate(found) if each.verdict}
    waiting = deque(place for place in range(len(found)) if place not in records)
    running: dict[int, _Process] = {}
    with tempfile.TemporaryDirectory(prefix="medai-doctor-", ignore_cleanup_errors=True) as scratch:
        try:
            while waiting or running:
                while waiting and len(running) < (os.cpu_count() or 1):
                    place = waiting.popleft()
                    running[place] = _Process(found[place], Path(scratch, str(place)), seconds)
                for place in [place for place, process in running.items() if process.over]:
                    records[place] = running[place].record()
                    running.pop(place).end()
                time.sleep(_TICK)
        finally:
            for process in running.values():
                process.end()
    return tuple(records[place] for place in range(len(found)))


class _Process:
    """A plugin that is loaded; to be ended in any case."""

    def __init__(self, found: Found, folder: Path, seconds: float) -> None:
        self._candidate, self._seconds = found.candidate, seconds
        folder.mkdir()
        self._answer, self._said = folder / "answer.json", folder / "said.txt"
        order = folder / "order.json"
        order.write_text(json.dumps({"candidate": found.candidate, "file": str(found.file or "")}), encoding="utf-8")
        command = [sys.executable, "-P", "-X", "faulthandler", "-m", __name__, str(order), str(self._answer), str(seconds)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path)}
        self._began = time.monotonic()
        with self._said.open("wb") as said:
            # A session of its own: what it starts is ended with it.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, start_new_session=True
            )

    @property
    def over(self) -> bool:
        """Whether it has ended, or has had its time."""
        return self._process.poll() is not None or time.monotonic() - self._began > self._seconds

    def record(self) -> PluginRecord:
        """What it said of the plugin; what became of it, where that is something else."""
        code = self._process.poll()
        if code == 0 and self._answer.is_file():
            return PluginRecord(**json.loads(self._answer.read_text(encoding="utf-8")))
        if code is None:
            when = "when it had been loaded, its process did not end" if self._answer.is_file() else "it was still being loaded"
            reason = f"it hangs: {when} after {self._seconds:g} s"
        else:
            reason = f"it ended the process that loaded it, {_ending(code)}, after {time.monotonic() - self._began:.1f} s"
        return record_of(self._candidate, "failed", reason, self._said.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip())

    def end(self) -> None:
        """End it and what it started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (AttributeError, ProcessLookupError, PermissionError):  # other systems have no groups
            self._process.kill()
        self._process.wait()


def _ending(code: int) -> str:
    return f"with code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"


def main(arguments: Iterable[str]) -> None:
    """Load the plugin that is ordered, and write down what became of it."""
    order, answer, seconds = arguments
    # Shortly before the end that is made of it: where it hangs.
    faulthandler.dump_traceback_later(0.9 * float(seconds))
    ordered = json.loads(Path(order).read_text(encoding="utf-8"))
    record, _ = load(Hooks(), Candidate(*ordered["candidate"]), Path(ordered["file"]) if ordered["file"] else None)
    Path(answer).write_text(json.dumps(asdict(record)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

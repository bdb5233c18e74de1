"""`check_plugin`: the contract, in a process that may hang, exit or crash without taking the caller with it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from medai._discovery import PluginRecord, registry
from medai._discovery.scan import canonical
from medai._words import nearest
from medai.errors import PluginError, UsageError
from medai_sdk.contract.outcome import Outcome, Report

_TAIL = 600
"""Characters of what a process said before it ended."""


def check_plugin(name: str, *, only: Sequence[str] = (), seconds: float = 120.0, heard: Callable[[Outcome], None] | None = None) -> Report:
    """Hold an installed plugin to the contract, on stub data, on the CPU, without a network.

    Args:
        name: the distribution's name or the plugin's: `medai-acme` or `acme`.
        only: names of checks (`model.save-and-load`) or kinds (`model`); empty: all.
        seconds: that one check may take; one that takes longer is ended and has failed.
        heard: called with each outcome as it comes.

    Raises:
        UsageError: there is no such plugin, with the nearest names, or no such check.
        PluginError: it is disabled, or the process that checks cannot be started.
    """
    record = _record(name)
    with tempfile.TemporaryDirectory(prefix="medai-check-") as scratch:
        supervisor = _Supervisor(record, tuple(only), seconds, heard or (lambda outcome: None), Path(scratch))
        outcomes = supervisor.run()
    if only and not outcomes:
        raise UsageError(f"no check is called {only[0]!r}")
    return Report(record.name, f"{record.distribution} {record.version}", outcomes)


def _record(name: str) -> PluginRecord:
    records = registry().plugins
    wanted = canonical(name)
    found = [each for each in records if wanted in (each.distribution, each.name)]
    if not found:
        known = [each.distribution for each in records]
        raise UsageError(f"there is no plugin {name!r}{nearest(name, known)}; pip install it, or pip install -e its folder")
    if found[0].status == "disabled":
        raise PluginError(found[0].described)
    return found[0]


class _Supervisor:
    """Starts the worker, listens, ends it when a check takes too long, and starts it again behind that check."""

    def __init__(
        self, record: PluginRecord, only: tuple[str, ...], seconds: float, heard: Callable[[Outcome], None], scratch: Path
    ) -> None:
        self._record, self._only, self._seconds, self._heard, self._scratch = record, only, seconds, heard, scratch
        self._outcomes: list[Outcome] = []
        self._given_up: list[tuple[str, str, str]] = []

    def run(self) -> tuple[Outcome, ...]:
        """All outcomes."""
        if self._record.broken:
            self._lost("plugin", self._record.name, "plugin.can-be-loaded", self._record.reason or self._record.status)
            return tuple(self._outcomes)
        while True:
            began, ended, why = self._listen()
            if ended:
                return tuple(self._outcomes)
            kind, subject, check = began
            self._lost(kind, subject, check, why)
            if kind == "plugin" and check == "plugin.can-be-loaded":
                return tuple(self._outcomes)
            self._given_up.append((kind, subject, f"{check} did not come to an end"))

    def _listen(self) -> tuple[tuple[str, str, str], bool, str]:
        """Run a worker until it ends; what it had begun last, whether it came to its end, and if not, why."""
        ear, mouth = os.pipe()
        order, log = self._scratch / "order.json", self._scratch / "log.txt"
        order.write_text(json.dumps(self._order()), encoding="utf-8")
        command = [sys.executable, "-m", "medai_sdk.contract.worker", str(mouth), str(order)]
        with log.open("wb") as said:
            worker = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[mouth], env=self._environment(),
                cwd=self._work, start_new_session=True,
            )  # fmt: skip
        os.close(mouth)
        began = ("plugin", self._record.name, "plugin.can-be-loaded")
        try:
            with os.fdopen(ear, "rb", buffering=0) as lines, selectors.DefaultSelector() as ready:
                ready.register(lines, selectors.EVENT_READ)
                held = b""
                while ready.select(self._seconds):
                    piece = lines.read(65536)
                    if not piece:
                        tail = log.read_text(errors="replace")[-_TAIL:].strip()
                        return began, False, f"the process ended with code {worker.wait()}{f': {tail}' if tail else ''}"
                    *whole, held = (held + piece).split(b"\n")
                    for line in whole:
                        message = json.loads(line)
                        if "begin" in message:
                            began = tuple(message["begin"])
                        elif "outcome" in message:
                            self._take(Outcome(**message["outcome"]))
                        else:
                            return began, True, ""
                return began, False, f"it takes longer than {self._seconds:g} s"
        finally:
            # Its own children too.
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def _order(self) -> dict[str, object]:
        done = [(each.kind, each.subject, each.check) for each in self._outcomes]
        return {
            "plugin": self._record.name,
            "folder": str(self._work),
            "only": list(self._only),
            "done": done,
            "given_up": self._given_up,
        }

    @property
    def _work(self) -> Path:
        work = self._scratch / "work"
        work.mkdir(exist_ok=True)
        return work

    def _environment(self) -> dict[str, str]:
        places = {name: str(self._work / name.lower()) for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR")}
        return {**os.environ, **places, "TMPDIR": str(self._work), "CUDA_VISIBLE_DEVICES": "", "MEDAI_STRICT_PLUGINS": "0"}

    def _take(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._heard(outcome)

    def _lost(self, kind: str, subject: str, check: str, reason: str) -> None:
        self._take(Outcome(check=check, kind=kind, subject=subject, level="must", status="failed", reason=reason))

"""The worker's process: started with the caller's import path, listened to, and ended with all that it started."""

from __future__ import annotations

import json
import os
import selectors
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from medai.errors import EnvironmentFault

_TAIL = 8000
"""Characters of what a process said before it ended."""
_MOST_OUTPUT = 64 * 2**20
"""Bytes that it may print."""
_TICK = 0.25
"""Seconds between looks at whether it still lives."""
_GRACE = 5.0
"""Seconds that a process may take to end once it has closed its pipe."""

_ITS_OWN = ("XDG_", "TORCH_HOME", "TORCHINDUCTOR_", "TRITON_", "HF_", "PYTEST_", "COV_")
"""Variables of the caller that the process does not get: they name its caches, which libraries also set as they go, and its tests."""


class Lost(Exception):
    """The worker came to no end: it ended, or was ended.

    Attributes:
        reason: why, in words.
        said: the end of what it printed, which is a traceback where it crashed or hung.
    """

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.reason, self.said = reason, said


class Worker:
    """A process that checks; a context manager, whose block's end is the end of the process and its children.

    Attributes:
        limit: seconds that may pass until its next message.
        longest: seconds that may pass where `excused` says so.
        excused: whether it may take longer than `limit`, by the traceback of where it stands.
    """

    def __init__(self, order: Mapping[str, object], scratch: Path) -> None:
        self.limit = self.longest = 0.0
        self.excused: Callable[[str], bool] = lambda where: False
        self._order, self._scratch = order, scratch

    def __enter__(self) -> Worker:
        """Start it.

        Raises:
            EnvironmentFault: it cannot be started.
        """
        order = self._scratch / "order.json"
        order.write_text(json.dumps(self._order), encoding="utf-8")
        environment = _environment(self._scratch)
        self._ear, mouth = os.pipe()
        # Nothing is ever written into the second: it closes when this process ends, however it ends, and then so does the worker.
        lifeline, self._hand = os.pipe()
        command = [
            sys.executable,
            "-P",
            "-X",
            "faulthandler",
            "-m",
            "medai_sdk.contract.isolation.worker",
            str(mouth),
            str(lifeline),
            str(order),
        ]
        try:
            with (self._scratch / "out.txt").open("ab") as out, (self._scratch / "err.txt").open("ab") as err:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=[mouth, lifeline],
                    env=environment, cwd=self._scratch / "here", start_new_session=True,
                )  # fmt: skip
        except BaseException as error:
            # Also an interrupt just now: of a process that it had started already this hand is the life.
            os.close(self._ear)
            os.close(self._hand)
            if isinstance(error, OSError | TypeError):
                raise EnvironmentFault(f"the process that checks cannot be started: {error}") from error
            raise
        finally:
            os.close(mouth)
            os.close(lifeline)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._ear)
        os.close(self._hand)

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it says, until it says that it is through.

        Raises:
            Lost: it is silent for more than `limit` seconds without excuse, prints without end, or ends too early.
        """
        held, heard = b"", time.monotonic()
        with selectors.DefaultSelector() as ready:
            ready.register(self._ear, selectors.EVENT_READ)
            while True:
                gone = self._process.poll() is not None
                if ready.select(0 if gone else min(_TICK, max(heard + self.limit - time.monotonic(), 0.01))):
                    piece = os.read(self._ear, 65536)
                    *whole, held = (held + piece).split(b"\n")
                    for line in whole:
                        message: dict[str, Any] = json.loads(line)
                        if "end" in message:
                            return
                        yield message
                        heard = time.monotonic()
                    if piece:
                        continue
                    gone = True
                if gone:
                    raise Lost(self._ended(), self._said())
                if time.monotonic() - heard > self.limit:
                    where = self._where()
                    if self.limit >= self.longest or not self.excused(where):
                        raise Lost(f"it takes longer than {self.limit:g} s", where)
                    # Doubled, so that it is not asked too often.
                    self.limit = min(2 * self.limit, self.longest)
                if self._printed() > _MOST_OUTPUT:
                    raise Lost(f"it printed more than {_MOST_OUTPUT // 2**20} MB", self._where())

    def _ended(self) -> str:
        try:
            code = self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return "it closed the files of the process that checks it"
        if code >= 0:
            return f"it ended the process, with code {code}"
        killed = "; the machine may have too little memory" if code == -signal.SIGKILL else ""
        return f"it ended the process, by {signal.Signals(-code).name}{killed}"

    def _where(self) -> str:
        """Where it stands now: the worker answers this signal with a traceback."""
        before = self._printed()
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        until = time.monotonic() + 1
        while self._printed() == before and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.02)
        return self._said()

    def _said(self) -> str:
        with (self._scratch / "err.txt").open("rb") as err:
            err.seek(max(0, os.fstat(err.fileno()).st_size - _TAIL))
            # After a crash a list of every extension module stands below the traceback.
            return err.read().decode(errors="replace").partition("\nExtension modules:")[0].strip()

    def _printed(self) -> int:
        return sum((self._scratch / name).stat().st_size for name in ("out.txt", "err.txt"))


def _environment(scratch: Path) -> dict[str, str]:
    """The caller's, but: its import path, no card, and a home of its own, so that what is written there is seen and does no harm."""
    home, work = scratch / "home", scratch / "work"
    for folder in (home, work, scratch / "here"):
        folder.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_ITS_OWN)}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path),
        "PYTHONUSERBASE": site.getuserbase(),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(work / "cache"),
        "MPLCONFIGDIR": str(work / "matplotlib"),
        "TMPDIR": str(work),
        "CUDA_VISIBLE_DEVICES": "",
        "MEDAI_STRICT_PLUGINS": "0",
        "MEDAI_DISABLE_PLUGINS": "",
    }

"""What a component does outside its folder: connections, files that it writes, programs and processes that it starts.

Python's audit events tell of them. Of files that C code or another process writes there are none, so a few folders are listed besides.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import medai
from medai_sdk.contract.watching.distribution import within
from medai_sdk.contract.watching.listing import Listing, changed, listing, stamp_of

_WRITING = set("wax+")
_CONNECTING = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
_CHANGING = ("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime", "os.setxattr", "shutil.rmtree")
_MOVING = ("os.rename", "os.link", "os.symlink", "shutil.move")
_BY_FOLDER = ("os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.utime", "os.rename", "os.link", "os.symlink")
"""Their last argument is the folder that the name is in, by descriptor."""
_STARTING = {"subprocess.Popen": 1, "os.system": 0, "os.exec": 1, "os.posix_spawn": 1, "os.spawn": 2}
"""Where each event has the command line."""
_HERE = Path(__file__).resolve().parents[1]
_OURS = (Path(medai.__file__).resolve().parent, Path(__file__).resolve().parents[2])


class Watch:
    """Watches this process from `start` on; the network is refused, all else is only noted.

    Attributes:
        network: what was reached for, in words.
        roots: the plugin's own packages.
        started: programs that the plugin's own code started, by their command line.
        unseen: what the plugin's own code started and what nobody watches: those programs, and processes; in words.
        changes: what of the state that the whole process shares is not as the subject found it, in words.
    """

    def __init__(self, *allowed: Path) -> None:
        self._allowed = tuple(Path(os.path.realpath(path)) for path in (*map(str, allowed), "/dev", "/proc"))
        self._listed: tuple[Path, ...] = ()
        self._before: Listing = {}
        self._tables: dict[str, object] = {}
        self._opened: list[str] = []
        self._printed = 0
        self.roots: tuple[Path, ...] = ()
        self.network: list[str] = []
        self.started: list[str] = []
        self.unseen: list[str] = []
        self.changes: Callable[[], Iterable[str]] = tuple

    def start(self, roots: Sequence[Path] = (), listed: Sequence[Path] = ()) -> None:
        """Begin; a hook cannot be taken out of a process again. `roots` are the plugin's own packages, `listed` what else is listed."""
        self.roots = tuple(roots)
        self._listed = (*roots, *(Path(os.path.realpath(path)) for path in listed))
        self._before = listing(self._listed)
        sys.addaudithook(self._see)
        BaseProcess.start = self._noting_processes(BaseProcess.start)  # type: ignore[method-assign]

    def clear(self) -> None:
        """Forget what was seen."""
        for seen in (self.network, self.started, self.unseen, self._opened, self._tables):
            seen.clear()
        self._before = listing(self._listed)
        self._printed = _stdout_size()

    @property
    def written(self) -> list[str]:
        """Files and folders outside `allowed` that were opened for writing, made, changed or removed, and those of the plugin's packages
        and of the listed folders that changed, whoever did it."""
        tables = [path for path, stamp in self._tables.items() if stamp_of(path) != stamp]
        found = [*self._opened, *tables, *changed(self._before, listing(self._listed))]
        return [path for path in dict.fromkeys(found) if not within(path, self._allowed)]

    @property
    def printed(self) -> int:
        """Bytes written to the standard output."""
        sys.stdout.flush()
        return _stdout_size() - self._printed

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._opens(*arguments)
        elif event in _BY_FOLDER and arguments[-1] not in (-1, None):
            # A name in a folder that is open: shutil.rmtree goes through a tree so, and was seen itself.
            return
        elif event in _CHANGING:
            self._writes(arguments[0])
        elif event in _MOVING:
            self._writes(arguments[1])
            if event in ("os.rename", "shutil.move"):
                self._writes(arguments[0])
        elif event in _CONNECTING:
            self._connects(event, arguments)
        elif event in _STARTING:
            self._starts(arguments[_STARTING[event]])
        elif event == "sqlite3.connect":
            self._opens_table(arguments[0])
        elif event == "os.fork":
            self._not_seen("a process by os.fork")

    def _connects(self, event: str, arguments: tuple[Any, ...]) -> None:
        address = arguments[0] if event.startswith("socket.get") else arguments[1]
        # A path is a socket of this machine, by which processes talk.
        if not event.startswith("socket.get") and not isinstance(address, tuple):
            return
        told = f"{event.partition('.')[2]} {address}"
        if told not in self.network:
            self.network.append(told)
        raise PermissionError(f"contract checks have no network: {address}")

    def _opens(self, path: object, mode: object, flags: object) -> None:
        writing = (
            bool(_WRITING & set(mode)) if isinstance(mode, str) else bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))
        )
        if writing:
            self._writes(path)

    def _writes(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        place = os.path.realpath(os.fsdecode(path))
        if not within(place, self._allowed) and "__pycache__" not in place and place not in self._opened:
            self._opened.append(place)

    def _opens_table(self, path: object) -> None:
        """Sqlite writes in C, and opens for writing what is only read too: whether the file changes is what counts."""
        if isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path) not in ("", ":memory:"):
            place = os.path.realpath(os.fsdecode(path).removeprefix("file:").partition("?")[0])
            self._tables.setdefault(place, stamp_of(place))

    def _starts(self, command: object) -> None:
        told = " ".join(map(_text, command)) if isinstance(command, list | tuple) else _text(command)
        # Libraries ask small programs about the machine when they are imported; only what the plugin's own code starts is its doing.
        if told not in self.started and called_by(self.roots):
            self.started.append(told)
            self._not_seen(told)

    def _not_seen(self, told: str) -> None:
        if told not in self.unseen and called_by(self.roots):
            self.unseen.append(told)

    def _noting_processes(self, original: Callable[..., None]) -> Callable[..., None]:
        """For processes that multiprocessing spawns there is no audit event."""

        @functools.wraps(original)
        def start(process: BaseProcess) -> None:
            self._not_seen("a process by multiprocessing")
            original(process)

        return start


def called_by(roots: Sequence[Path]) -> str:
    """The line of the plugin's own code that called, as `net.py, line 12`.

    Empty where medai stands between, which then does it on its own account, or the import of another library.
    """
    frame = sys._getframe(2)
    while frame is not None and within(frame.f_code.co_filename, (_HERE,)):
        frame = frame.f_back  # type: ignore[assignment]
    while frame is not None:
        file = frame.f_code.co_filename
        if within(file, roots):
            return f"{Path(file).name}, line {frame.f_lineno}"
        if within(file, _OURS) or (file.startswith("<frozen importlib") and frame.f_code.co_name == "_find_and_load"):
            return ""
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _text(word: object) -> str:
    return os.fsdecode(word) if isinstance(word, bytes) else str(word)


def _stdout_size() -> int:
    try:
        return os.fstat(1).st_size
    except OSError:
        return 0

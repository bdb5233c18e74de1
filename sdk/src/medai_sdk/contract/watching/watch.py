"""What a component does outside its folder, seen by Python's audit events: connections, files that it writes, programs that it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import medai
from medai_sdk.contract.watching.distribution import within

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
        written: files and folders outside `allowed` that were opened for writing, made, changed or removed.
        started: programs that the plugin's own code started, by their command line.
        changes: what of the state that the whole process shares is not as the subject found it, in words.
    """

    def __init__(self, *allowed: Path) -> None:
        self._allowed = tuple(Path(os.path.realpath(path)) for path in (*map(str, allowed), "/dev", "/proc"))
        self._roots: tuple[Path, ...] = ()
        self._printed = 0
        self.network: list[str] = []
        self.written: list[str] = []
        self.started: list[str] = []
        self.changes: Callable[[], Iterable[str]] = tuple

    def start(self, roots: Sequence[Path] = ()) -> None:
        """Begin; a hook cannot be taken out of a process again. `roots` are the plugin's own packages."""
        self._roots = tuple(roots)
        sys.addaudithook(self._see)

    def clear(self) -> None:
        """Forget what was seen."""
        for seen in (self.network, self.written, self.started):
            seen.clear()
        self._printed = _stdout_size()

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
        if not within(place, self._allowed) and "__pycache__" not in place and place not in self.written:
            self.written.append(place)

    def _starts(self, command: object) -> None:
        told = " ".join(map(_text, command)) if isinstance(command, list | tuple) else _text(command)
        # Libraries ask small programs about the machine when they are imported; only what the plugin's own code starts is its doing.
        if told not in self.started and called_by(self._roots):
            self.started.append(told)


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

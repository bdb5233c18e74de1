"""What a component does outside its folder: connections that it opens and files that it writes, seen by Python's audit events."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

_WRITING = set("wax+")
_CONNECTING = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
_CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "shutil.rmtree", "shutil.move")


class Watch:
    """Watches this process from `start` on; the network is refused, files are only noted.

    Attributes:
        network: what was reached for, in words.
        written: files and folders outside `allowed` that were opened for writing, made or removed.
    """

    def __init__(self, *allowed: Path) -> None:
        self._allowed = tuple(os.path.realpath(path) for path in (*map(str, allowed), "/dev", "/proc"))
        self.network: list[str] = []
        self.written: list[str] = []

    def start(self) -> None:
        """Begin; a hook cannot be taken out of a process again."""
        sys.addaudithook(self._see)

    def clear(self) -> None:
        """Forget what was seen."""
        self.network.clear()
        self.written.clear()

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CONNECTING:
            self._connects(event, arguments)
        elif event == "open":
            self._opens(*arguments)
        elif event in _CHANGING:
            self._writes(arguments[1] if event == "os.rename" else arguments[0])

    def _connects(self, event: str, arguments: tuple[Any, ...]) -> None:
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        # A path is a socket of this machine, by which processes talk.
        if event != "socket.getaddrinfo" and not isinstance(address, tuple):
            return
        self.network.append(f"{event.partition('.')[2]} {address}")
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
        inside = any(place == root or place.startswith(root + os.sep) for root in self._allowed)
        if not inside and "__pycache__" not in place and place not in self.written:
            self.written.append(place)

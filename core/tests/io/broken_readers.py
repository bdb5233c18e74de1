"""Readers that do what none may, to show that `damage.Victim` notices. Each reads what begins with `good`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from medai.errors import DataError, MemoryFault

_kept = []


def _unless_good(path: Path, misbehave: Callable[[Path], object]) -> object:
    return None if path.read_bytes().startswith(b"good") else misbehave(path)


def fine(path: Path) -> object:
    return _unless_good(path, _refuse)


def _refuse(path: Path) -> None:
    raise DataError("not good", path)


def crashes(path: Path) -> object:
    return _unless_good(path, lambda path: os.kill(os.getpid(), signal.SIGSEGV))


def hangs(path: Path) -> object:
    return _unless_good(path, lambda path: time.sleep(60))


def raises(path: Path) -> object:
    return _unless_good(path, lambda path: {}["missing"])


def names_no_file(path: Path) -> object:
    return _unless_good(path, lambda path: _refuse(Path("elsewhere")))


def leaves_a_file(path: Path) -> object:
    return _unless_good(path, lambda path: path.with_name("left").symlink_to("nowhere"))


def writes_outside(path: Path) -> object:
    return _unless_good(path, lambda path: (path.parent.parent.parent / "outside").write_text("x"))


def reads_outside(path: Path) -> object:
    return _unless_good(path, lambda path: (path.parent.parent.parent / "secret").read_text())


def keeps_it_open(path: Path) -> object:
    return _unless_good(path, lambda path: _kept.append(path.open()))


def prints(path: Path) -> object:
    return _unless_good(path, lambda path: os.write(2, b"careful: a strange file"))


def takes_memory(path: Path) -> object:
    """As a reader should: what it does not get is a MemoryFault."""
    try:
        return _unless_good(path, lambda path: bytearray(1 << 30))
    except MemoryError as error:
        raise MemoryFault(f"{path}: too little memory") from error

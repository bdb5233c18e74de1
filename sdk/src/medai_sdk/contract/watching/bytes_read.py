"""Notes which files are read whole as bytes, whoever makes pixels of them: a raw file is read without any decoder."""

from __future__ import annotations

import builtins
import functools
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from medai_sdk.contract.watching.distribution import within

_BLOCK = 64
"""Bytes that are told apart: what is read twice counts once."""
_BUFFER = 512
"""Bytes that are read ahead; with Python's own 8192 a header would be all of a small file."""
_LEAST = 2048
"""Bytes of a file that may be pixels; below, a header may be most of it."""
_MOST = 0.8
"""Part of a file beyond which more is read than a header."""
_BINARY, _TEXT = ("rb", "br"), ("r", "rt", "tr")
_SAID_OF_TEXT = ("encoding", "errors", "newline")
_GZIP = b"\x1f\x8b"

Noted = dict[str, set[int]]


@contextmanager
def bytes_noted(root: Path) -> Iterator[Noted]:
    """While inside, for each file beneath `root` the blocks that were read of it grow; all works as ever.

    What Python's `open` (and so `pathlib`, Pillow, pydicom, nibabel), `numpy.fromfile`, `os.read` and `os.pread` read is seen; not what
    is read in C, nor what is mapped, which need not be read.
    """
    noted: Noted = {}
    place = os.path.realpath(root)
    with ExitStack() as stack:
        opening = _opening(builtins.open, Path(place), noted)
        stack.enter_context(patch.object(builtins, "open", opening))
        stack.enter_context(patch.object(io, "open", opening))
        stack.enter_context(patch.object(np, "fromfile", _from_file(np.fromfile, noted)))
        names = {_mark(os.stat(path)): os.path.realpath(path) for path in Path(place).rglob("*") if path.is_file()}
        for name in filter(functools.partial(hasattr, os), ("read", "pread")):
            stack.enter_context(patch.object(os, name, _by_descriptor(getattr(os, name), names, noted)))
        yield noted


def read_whole(noted: Noted) -> list[Path]:
    """Those that may hold pixels, of which more than a header was read: not texts, not small ones, and not what gzip holds, where Python
    reads far ahead of what is asked for."""
    return [Path(name) for name, blocks in sorted(noted.items()) if _may_be_pixels(name, len(blocks) * _BLOCK)]


def _may_be_pixels(name: str, count: int) -> bool:
    try:
        content = Path(name).read_bytes()
    except OSError:
        return False
    large = len(content) > _LEAST and count > _MOST * len(content)
    return large and b"\0" in content and not content.startswith(_GZIP)


class _Noting(io.FileIO):
    """A file that notes what is read of it."""

    def __init__(self, name: str, noted: Noted) -> None:
        super().__init__(name, "r")
        self._blocks = noted.setdefault(os.path.realpath(name), set())

    def read(self, size: int | None = -1, /) -> Any:
        start = self.tell()
        found = super().read(-1 if size is None else size)
        return self._note(start, found)

    def readall(self) -> Any:
        start = self.tell()
        return self._note(start, super().readall())

    def readinto(self, buffer: Any, /) -> Any:
        start = self.tell()
        count = super().readinto(buffer)
        note(self._blocks, start, count or 0)
        return count

    def _note(self, start: int, found: Any) -> Any:
        note(self._blocks, start, len(found or b""))
        return found


def note(blocks: set[int], start: int, count: int) -> None:
    """Add the blocks of `count` bytes from `start` on."""
    if count:
        blocks.update(range(start // _BLOCK, (start + count - 1) // _BLOCK + 1))


def _opening(real: Callable[..., Any], root: Path, noted: Noted) -> Callable[..., Any]:
    @functools.wraps(real)
    def opening(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **keywords: Any) -> Any:
        binary, text = (
            mode in _BINARY and not any((*rest, *keywords.values())),
            mode in _TEXT and buffering != 0 and _of_text(rest, keywords),
        )
        named = isinstance(file, str | os.PathLike)
        if not (binary or text) or not named or not within(os.path.realpath(file), (root,)) or not os.path.isfile(file):
            return real(file, mode, buffering, *rest, **keywords)
        raw = _Noting(os.fspath(file), noted)
        if binary:
            return raw if buffering == 0 else io.BufferedReader(raw, _BUFFER)
        opened: Any = io.TextIOWrapper(io.BufferedReader(raw, _BUFFER), *rest[:3], **keywords)
        # Otherwise text is read ahead by 8192 bytes.
        opened._CHUNK_SIZE, opened.mode = _BUFFER, mode
        return opened

    return opening


def _of_text(rest: tuple[Any, ...], keywords: Mapping[str, Any]) -> bool:
    """Whether nothing is asked for but encoding, errors and newline."""
    return len(rest) <= len(_SAID_OF_TEXT) and keywords.keys() <= set(_SAID_OF_TEXT)


def _mark(found: os.stat_result) -> tuple[int, int]:
    """What a file is known by, whatever its descriptor."""
    return found.st_dev, found.st_ino


def _by_descriptor(real: Callable[..., bytes], names: Mapping[tuple[int, int], str], noted: Noted) -> Callable[..., bytes]:
    """`os.read`, or `os.pread`, which is told where to begin."""

    @functools.wraps(real)
    def reading(descriptor: int, count: int, *offset: int) -> bytes:
        found = real(descriptor, count, *offset)
        name = names.get(_mark(os.fstat(descriptor)))
        if name is not None:
            start = offset[0] if offset else os.lseek(descriptor, 0, os.SEEK_CUR) - len(found)
            note(noted.setdefault(name, set()), start, len(found))
        return found

    return reading


def _from_file(real: Callable[..., Any], noted: Noted) -> Callable[..., Any]:
    """NumPy's, which reads in C, of a name or of a file that was opened."""

    @functools.wraps(real)
    def reading(file: Any, *args: Any, **keywords: Any) -> Any:
        opened = hasattr(file, "fileno")
        start = (file.tell() if opened else 0) + keywords.get("offset", 0)
        found = real(file, *args, **keywords)
        name = os.path.realpath(getattr(file, "name", "") if opened else file)
        # A name has been noted by the opening of it, where it is beneath the folder.
        if name in noted:
            note(noted[name], start, found.nbytes)
        return found

    return reading

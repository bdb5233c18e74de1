"""Which files changed in folders that can be listed quickly: whoever wrote them, C code, a library in Rust or another process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""
_NOT_LISTED = ("__pycache__", ".git")
_FOLDER = (-1, -1)
"""Of a folder only whether it is there is compared: its time changes with the files in it."""

Listing = dict[str, _Stamp]


def listing(roots: Iterable[Path]) -> Listing:
    """Every file and folder below these, or the file itself, but for what Python compiles."""
    found: Listing = {}
    for root in roots:
        if root.is_dir():
            found.update(_below(str(root)))
        elif stamp := stamp_of(str(root)):
            found[str(root)] = stamp
    return found


def stamp_of(path: str) -> _Stamp | None:
    """A file's stamp; None where there is none."""
    try:
        held = os.stat(path)
    except OSError:
        return None
    return held.st_size, held.st_mtime_ns


def changed(before: Listing, after: Listing) -> list[str]:
    """What is new, gone or different; of a folder that came or went with all in it, the folder alone."""
    paths = sorted({path for path, stamp in before.items() if after.get(path) != stamp} | (after.keys() - before.keys()))
    told = {path for path in paths if _FOLDER in (before.get(path), after.get(path))}
    return [path for path in paths if not any(str(parent) in told for parent in Path(path).parents)]


def _below(folder: str) -> Iterator[tuple[str, _Stamp]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name in _NOT_LISTED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield entry.path, _FOLDER
            yield from _below(entry.path)
        elif stamp := stamp_of(entry.path):
            yield entry.path, stamp

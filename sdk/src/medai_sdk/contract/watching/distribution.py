"""A plugin's distribution: its metadata and its source files, found without importing anything of it."""

from __future__ import annotations

import importlib.util
import re
import traceback
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from medai._discovery.scan import CORE

_DUMPED = re.compile(r'^ *File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
_GENERATED = ("__editable__", "_editable_impl", "__pycache__")


def installed(name: str) -> metadata.Distribution | None:
    """The distribution; None where its metadata cannot be found."""
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def top_levels(distribution: metadata.Distribution | None) -> tuple[str, ...]:
    """The packages and modules that a distribution puts on the import path; none are known of an editable one."""
    found = set()
    for file in (distribution.files if distribution else None) or ():
        top = file.parts[0]
        if file.suffix == ".py" and not top.startswith(_GENERATED) and top != "..":
            found.add(top.removesuffix(".py"))
    return tuple(sorted(found))


def places(modules: Iterable[str]) -> dict[str, Path]:
    """The folder of each top-level package, the file of each module; those that are not there are left out."""
    found = {}
    for module in modules:
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            continue
        if spec is not None and spec.submodule_search_locations:
            found[module] = Path(next(iter(spec.submodule_search_locations))).resolve()
        elif spec is not None and spec.origin:
            found[module] = Path(spec.origin).resolve()
    return found


def own_roots(module: str, distribution: str) -> tuple[Path, ...]:
    """Where a plugin's own code stands; of medai itself, whose engine runs the checks, the package of its components."""
    found = places(dict.fromkeys((module.partition(".")[0], *top_levels(installed(distribution)))))
    if distribution == CORE and CORE in found:
        return (found[CORE].joinpath(*module.split(".")[1:-1]),)
    return tuple(found.values())


def within(file: str, roots: Iterable[Path]) -> bool:
    """Whether a file is one of these or stands below one of them."""
    return any(file == str(root) or file.startswith(f"{root}/") for root in roots)


def own_line(dump: str, roots: Iterable[Path]) -> str:
    """The same of a traceback that faulthandler printed, whose innermost line stands first; empty where none is the plugin's."""
    places = tuple(roots)
    for file, line, name in _DUMPED.findall(dump):
        if within(file, places):
            return f"{name} ({Path(file).name}, line {line})"
    return ""


def imports_library(dump: str, roots: Iterable[Path]) -> bool:
    """Whether, in the last such traceback, the innermost line of these files waits for an import that is under way."""
    places = tuple(roots)
    # A stack begins below each of these words; the main thread's is the last.
    for stack in reversed(dump.split("(most recent call first)")):
        importing = False
        for file, _, _ in _DUMPED.findall(stack):
            if within(file, places):
                return importing
            importing = importing or file.startswith("<frozen importlib")
    return False


def own_frame(error: BaseException, roots: Iterable[Path]) -> str:
    """Where an error was raised: the innermost line of the plugin's own files; without one, the innermost. `forward (net.py, line 12)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if within(frame.filename, roots)]
    frame = (own or frames)[-1]
    return f"{frame.name} ({Path(frame.filename).name}, line {frame.lineno})"

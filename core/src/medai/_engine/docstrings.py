"""What docstrings say of parameters: their sections `Args:`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \([^)]*\))?:(?: (?P<text>.*))?$")


def summaries(target: object) -> dict[str, str]:
    """What a class, its constructor and its bases, or a function, say of each parameter by name, in one line; the nearest counts."""
    found: dict[str, str] = {}
    for text in _docstrings(target):
        for names, said in _entries(text):
            for name in names.split(", "):
                found.setdefault(name.lstrip("*"), said)
    return found


def _docstrings(target: object) -> Iterator[str]:
    if not inspect.isclass(target):
        yield inspect.getdoc(target) or ""
        return
    for base in target.__mro__[:-1]:
        constructor: Callable[..., Any] | None = vars(base).get("__init__")
        for held in (base, constructor):
            yield inspect.cleandoc((None if held is None else held.__doc__) or "")


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and text of each entry; lines that are indented deeper go on with the entry above them."""
    entry: tuple[str, list[str]] | None = None
    for begins, line in _lines_of_args(text):
        if begins:
            yield from _whole(entry)
            match = _ENTRY.match(line)
            entry = None if match is None else (match["names"], [match["text"] or ""])
        elif entry is not None:
            entry[1].append(line)
    yield from _whole(entry)


def _whole(entry: tuple[str, list[str]] | None) -> Iterator[tuple[str, str]]:
    if entry is not None:
        yield entry[0], " ".join(entry[1]).strip()


def _lines_of_args(text: str) -> Iterator[tuple[bool, str]]:
    """The lines below `Args:`, each with whether it stands at the indent of the first."""
    lines = iter(text.splitlines())
    if not any(line.strip() == "Args:" for line in lines):
        return
    first: int | None = None
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if not indent:
            return
        first = indent if first is None else first
        yield indent == first, line.strip()

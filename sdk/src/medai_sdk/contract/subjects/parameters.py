"""The parameters of a component: their annotations, their defaults, and what its docstring says of them."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

from medai._engine.construct import signature_of
from medai._engine.document import to_document


def keywords(target: object) -> dict[str, inspect.Parameter]:
    """The keywords of its constructor, but those that it hands on unnamed (`**options`)."""
    return signature_of(target)


def unresolved(target: object) -> str:
    """Why its annotations cannot be resolved; empty where they can."""
    function: Any = target.__init__ if inspect.isclass(target) else target
    try:
        typing.get_type_hints(function)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def writable(default: object) -> bool:
    """Whether a default can stand in a recipe's file."""
    try:
        json.dumps(to_document(default), allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def docstrings(target: object) -> Iterator[str]:
    """Those of a function, or of a class, its constructor and its bases, the nearest first."""
    if not inspect.isclass(target):
        yield inspect.getdoc(target) or ""
        return
    for base in target.__mro__[:-1]:
        yield inspect.cleandoc(base.__doc__ or "")
        constructor: Callable[..., Any] | None = vars(base).get("__init__")
        yield inspect.cleandoc(constructor.__doc__ or "") if constructor is not None else ""


def undocumented(target: object) -> list[str]:
    """The keywords of which no docstring has a line `name: what it is`; what it is may begin on the next line, indented deeper."""
    text = "\n".join(docstrings(target))
    return [name for name in keywords(target) if not _documented(name, text)]


def _documented(name: str, text: str) -> bool:
    names = rf"([\w*]+(, | and ))*\*{{0,2}}{re.escape(name)}((, | and )[\w*]+)*"
    said = r"([^\S\n]*\S|[^\S\n]*\n(?P=indent)[^\S\n]+\S)"
    return re.search(rf"^(?P<indent>[^\S\n]+){names}( \(.*\))?:{said}", text, re.MULTILINE) is not None

"""`[tool.medai.template]` in a generated plugin's `pyproject.toml`: how it was made, and what each file was like."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medai.errors import DataError, UsageError
from medai_sdk import __version__

if TYPE_CHECKING:
    from medai_sdk.scaffold.render import Choices

RECORD = "pyproject.toml"
_TABLE = "tool.medai.template"
_SECTION = re.compile(rf"^\[{re.escape(_TABLE)}\]\n.*?(?=\n+\[(?!{re.escape(_TABLE)})|\n*\Z)", re.DOTALL | re.MULTILINE)
_TEXTS = ("version", "api", "name", "task", "license", "author")


@dataclass(frozen=True)
class Recorded:
    """What a generated plugin says of its making.

    Attributes:
        version: of the medai-sdk that made it.
        api: of the medai that it was made for.
        choices: the author's.
        files: the hash of each file as it was made.
    """

    version: str
    api: str
    choices: Choices
    files: Mapping[str, str]


def recorded_as(choices: Choices, api: str, files: Mapping[str, str]) -> str:
    """The record as text, to stand at the end of `pyproject.toml`."""
    held: dict[str, object] = {"version": __version__, "api": api}
    held |= {field: getattr(choices, field) for field in ("name", "task", "license", "author", "year")}
    lines = [f"{field} = {_quoted(value)}" for field, value in held.items()]
    hashes = [f"{_quoted(path)} = {_quoted(files[path])}" for path in sorted(files)]
    why = "# How `medai plugin new` made this, for `medai plugin new --diff`; not to be changed by hand."
    return "\n".join(["", f"[{_TABLE}]", why, *lines, "", f"[{_TABLE}.files]", *hashes, ""])


def without_record(text: str) -> str:
    """`pyproject.toml` without its record."""
    return _SECTION.sub("", text).rstrip("\n") + "\n"


def with_record_of(text: str, other: str) -> str:
    """`pyproject.toml` with the record that another one holds."""
    found = _SECTION.search(other)
    return text if found is None else _SECTION.sub(lambda match: found.group(), text)


def read_record(folder: Path) -> Recorded:
    """The record of the plugin in a folder.

    Raises:
        UsageError: there is no plugin in it, or none that `medai plugin new` made.
        DataError: `pyproject.toml` cannot be read, or its record is damaged.
    """
    from medai_sdk.scaffold.render import Choices

    path = folder / RECORD
    # Not `Path.is_file`: it raises of what is too long for a file's name.
    if not os.path.isfile(path):
        raise UsageError(f"{folder}: there is no {RECORD}: name the folder of a plugin that medai plugin new made")
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", path) from error
    found: Any = held
    for name in _TABLE.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: it has no [{_TABLE}]: this plugin was not made by medai plugin new")
    texts = {field: found.get(field) for field in _TEXTS}
    year, files = found.get("year"), found.get("files")
    wrong = [field for field, value in texts.items() if not isinstance(value, str)]
    wrong += [] if isinstance(year, int) else ["year"]
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        wrong.append("files")
    if wrong:
        raise DataError(f"[{_TABLE}] is damaged: {wrong[0]} is missing or of another type", path)
    choices = Choices(**{field: texts[field] for field in ("name", "task", "license", "author")}, year=year)  # type: ignore[arg-type]
    return Recorded(str(texts["version"]), str(texts["api"]), choices, files)  # type: ignore[arg-type]


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

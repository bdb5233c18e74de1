"""The recorded surfaces, one for each minor version of medai, as data of this package."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from medai._words import listed
from medai.errors import DataError, UsageError

RECORDS = Path(__file__).parent / "records"
_VERSION = re.compile(r"(\d+\.\d+)(\.\d+)*")


def minor(version: str) -> str:
    """`0.1` of `0.1.3`.

    Raises:
        UsageError: it is no version.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise UsageError(f"{version!r} is neither a file nor a version; recorded are {listed(recorded_versions())}")
    return found[1]


def recorded_versions() -> list[str]:
    """The minor versions that are recorded, in order."""
    return sorted((path.stem for path in RECORDS.glob("*.json")), key=lambda text: [int(part) for part in text.split(".")])


def record_of(version_or_file: str) -> dict[str, Any]:
    """The recorded surface of a version (`0.1`, `0.1.3`), or one that `medai plugin api --write` wrote.

    Raises:
        UsageError: that version is not recorded.
        DataError: the file cannot be read, or holds something else.
    """
    path = Path(version_or_file)
    # Not `Path.is_file`: it raises of what is too long for a file's name.
    if not os.path.isfile(path):
        version = minor(version_or_file)
        path = RECORDS / f"{version}.json"
        if not path.is_file():
            raise UsageError(f"the surface of medai {version} is not recorded: there is {listed(recorded_versions())}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", path) from error
    if not isinstance(content, dict) or not isinstance(content.get("medai.api"), dict):
        raise DataError("holds no recorded surface: there is no medai.api in it", path)
    return content


def text_of(surface: dict[str, Any]) -> str:
    """A surface as a record's file holds it."""
    return json.dumps(surface, indent=1, sort_keys=True) + "\n"

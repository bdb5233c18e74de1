"""`--with`: a network from a Python file, or images that another program predicted, as rows of a table."""

from __future__ import annotations

import hashlib
from pathlib import Path

from medai._engine.blame import NETWORK_FILE
from medai._engine.guests import network_from_file
from medai._reproduce.order import Guest
from medai._results.folder import safe_name
from medai.api import Use
from medai.errors import DataError, UsageError
from medai.io import require_folder


def guest_of(text: str) -> Guest:
    """What `--with` names: `[NAME=]FILE.py:CLASS`, or `NAME=FOLDER`.

    Raises:
        UsageError: it is neither, or the file has no such network that can be built without arguments.
        DataError: there is no such file or folder, or the file cannot be run.
    """
    name, separator, rest = text.partition("=")
    given = Path(rest if separator else text).expanduser()
    if ".py:" in given.name:
        file, _, attribute = str(given).rpartition(":")
        return _network(name if separator else attribute, Path(file), attribute)
    if not separator or not name:
        raise UsageError(f"--with {text!r}: wanted NAME=FOLDER of predicted images, or FILE.py:CLASS")
    folder = require_folder(given, "folder of predictions").absolute()
    return Guest(name, Use("medai/answers", {"folder": str(folder), "digest": digest_of(folder)}), trained=False, folder=folder)


def _network(name: str, file: Path, attribute: str) -> Guest:
    if not file.is_file():
        raise DataError("there is no such Python file", file)
    if not attribute:
        raise UsageError(f"--with {file}: name the class of the network, {file}:CLASS")
    if not safe_name(name):
        raise UsageError(f"--with {name!r}: give the row a name")
    # Built once at the start: the row is one of many, and what is wrong with it would be told at their end.
    network_from_file(file.absolute(), attribute)
    given = {"file": str(file.absolute()), "name": attribute, "digest": hashlib.sha256(file.read_bytes()).hexdigest()[:16]}
    return Guest(name, Use(NETWORK_FILE, given), trained=True)


def digest_of(folder: Path) -> str:
    """A digest of a folder's files by name, size and time: images of another training are other answers."""
    lines = [
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

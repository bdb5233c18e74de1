"""Which plugin is meant, found without importing any."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from medai._discovery.scan import CORE, PLUGINS, Candidate, candidates, canonical
from medai._discovery.switches import Switches
from medai._words import nearest
from medai.errors import PluginError, UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def wanted_plugin(name: str) -> Candidate:
    """The installed plugin of that name: its distribution's, its own, or the folder of its project.

    Raises:
        UsageError: there is none, with what there is.
        PluginError: it is disabled.
    """
    # Not `Path.is_dir`: it raises of what is too long for a file's name.
    if os.path.isdir(name) and (name in (".", "..") or "/" in name or os.path.isfile(os.path.join(name, "pyproject.toml"))):
        name = _project(Path(name))
    wanted = canonical(name)
    known = candidates()
    # Of several entry points of one distribution, the rightful one; that there are others is said by a check.
    found = sorted((each for each in known if wanted in (each.distribution, each.name)), key=lambda each: not each.rightful)
    if not found:
        raise UsageError(f"there is no plugin {name!r}{_instead(name, known)}")
    off = Switches.read(no_plugins=False).off(found[0])
    if off:
        raise PluginError(f"plugin {found[0].name} ({found[0].distribution} {found[0].version}) is disabled: {off}")
    return found[0]


def kin(candidate: Candidate) -> list[str]:
    """The plugins that a plugin may count on: itself and, with extras, those that its distribution requires. Others may be broken."""
    plugins = {each.distribution for each in candidates()}
    found: dict[str, None] = {candidate.distribution: None, candidate.name: None}
    ahead = [candidate.distribution]
    while ahead:
        for required in _required(ahead.pop()):
            if required in plugins and required not in found:
                found[required] = None
                ahead.append(required)
    return list(found)


def _required(distribution: str) -> Iterator[str]:
    try:
        requirements = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        name = _NAME.match(requirement)
        if name:
            yield canonical(name.group())


def _project(folder: Path) -> str:
    """The name of the distribution whose project stands there."""
    path = folder / "pyproject.toml"
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
    except FileNotFoundError:
        raise UsageError(f"{folder}: there is no pyproject.toml, so this is no plugin's folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: it says no name of a project: {type(error).__name__}: {error}") from error
    if canonical(str(name)) not in {each.distribution for each in candidates()}:
        raise UsageError(f"{name} is not installed, or has no entry point in the group {PLUGINS}: pip install -e {folder}")
    return str(name)


def _instead(name: str, known: list[Candidate]) -> str:
    for called in (name, f"{CORE}-{name}"):
        try:
            groups = sorted({each.group for each in metadata.distribution(called).entry_points})
        except (metadata.PackageNotFoundError, ValueError):
            continue
        have = f"it has entry points in {', '.join(groups)} alone" if groups else "it has no entry points"
        return f': {called} is installed, but {have}; a plugin has [project.entry-points."{PLUGINS}"] in its pyproject.toml'
    names = {each.distribution for each in known} | {each.name for each in known}
    return f"{nearest(name, names)}; pip install it, or pip install -e its folder"

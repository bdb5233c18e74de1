"""The version window: the lower bound that a distribution's requirement on medai sets. The cap is the entry-point group's name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medai import __version__

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLAIN = re.compile(r"medai(?:\s*>=\s*(\d+(?:\.\d+)*))?")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


def unmet(requires: Sequence[str], version: str = __version__) -> str:
    """The first of a distribution's requirements whose lower bound medai `version` does not reach; empty when all are reached.

    Raises:
        ValueError: a requirement cannot be read.
    """
    return next((requirement for requirement in requires if not _reached(requirement, version)), "")


def reached(version: str, bound: str) -> bool:
    """Whether a plugin's version is `bound` or later; that of a file, which has none, never is."""
    found = _RELEASE.match(version)
    return found is not None and _numbers(found.group()) >= _numbers(bound)


def _reached(requirement: str, version: str) -> bool:
    name = _NAME.match(requirement)
    if name and name.group().lower() != "medai":
        return True
    plain = _PLAIN.fullmatch(requirement)
    if plain and _RELEASE.fullmatch(version):
        return plain[1] is None or _numbers(version) >= _numbers(plain[1])
    return _reached_by_packaging(requirement, version)


def _numbers(version: str) -> list[int]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _reached_by_packaging(requirement: str, version: str) -> bool:
    # Not at the top: importing it takes longer than all of discovery, and nearly every requirement is plain.
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.version import InvalidVersion, Version

    try:
        parsed = Requirement(requirement)
        if parsed.marker is not None and not parsed.marker.evaluate({"extra": ""}):
            return True
        for specifier in parsed.specifier:
            bound = Version(specifier.version.removesuffix(".*"))
            exclusive = specifier.operator == ">"
            if (exclusive or specifier.operator in (">=", "~=", "==", "===")) and (Version(version), not exclusive) < (bound, True):
                return False
    except (InvalidRequirement, InvalidVersion) as error:
        raise ValueError(f"its requirement {requirement!r} cannot be read") from error
    return True

"""Finding entry points without importing anything that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from importlib_metadata import Distribution

PLUGINS = "medai.v1"
COMMANDS = "medai.commands.v1"
CORE = "medai"
_SEPARATORS = re.compile(r"[-_.]+")


class Candidate(NamedTuple):
    """An entry point of a group, and what its distribution says of itself.

    `requires` are the distribution's requirements that may be on medai; `fault` says why its metadata is of no use.
    """

    distribution: str
    name: str
    value: str
    version: str = ""
    requires: tuple[str, ...] = ()
    fault: str = ""

    @property
    def wanted_name(self) -> str:
        """The only name that a plugin of this distribution may have."""
        return self.distribution if self.distribution == CORE else self.distribution.removeprefix(f"{CORE}-")

    @property
    def rightful(self) -> bool:
        """Whether it bears that name; `medai` is the core's alone."""
        return self.name == self.wanted_name and (self.name == CORE) == (self.distribution == CORE)


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return _SEPARATORS.sub("-", name).lower()


def candidates(group: str = PLUGINS) -> list[Candidate]:
    """Every entry point of the group, sorted by distribution and name.

    Where a distribution stands on the path twice the first counts, as it does for imports.
    """
    found: dict[str, list[Candidate]] = {}
    for distribution in Distribution.discover():
        text = _text(distribution, "entry_points.txt")
        # Most distributions have none: a look at the text spares the rest.
        if f"[{group}]" in text:
            of_one = list(_of(distribution, _values(text, group)))
            if of_one:
                found.setdefault(of_one[0].distribution or of_one[0].value, of_one)
    return sorted(candidate for of_one in found.values() for candidate in of_one)


def _of(distribution: Distribution, values: dict[str, str]) -> Iterator[Candidate]:
    name, version, requires = _headers(_text(distribution, "METADATA") or _text(distribution, "PKG-INFO"))
    fault = "" if name else "the METADATA of its distribution cannot be read or has no Name"
    for entry, value in values.items():
        yield Candidate(canonical(name), entry, value, version, requires, fault)


def _text(distribution: Distribution, file: str) -> str:
    try:
        return distribution.read_text(file) or ""
    except (OSError, UnicodeDecodeError):
        # A broken installation of somebody else's is not ours to report.
        return ""


def _values(text: str, group: str) -> dict[str, str]:
    """The `name = value` lines of a section; the ini parser would take longer than the whole scan."""
    section, values = "", {}
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line
        elif section == f"[{group}]" and line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            values[name.strip()] = value.strip()
    return values


def _headers(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Name, version and what may be requirements on medai, from the lines above the first empty one: an e-mail parser is slow."""
    name = version = ""
    requires = []
    for line in text.partition("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        key, value = key.lower(), value.strip()
        if key == "name":
            name = value
        elif key == "version":
            version = value
        elif key == "requires-dist" and value[: len(CORE)].lower() == CORE:
            requires.append(value)
    return name, version, tuple(requires)

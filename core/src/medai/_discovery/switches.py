"""What a user switched off, and whether a broken plugin stops everything."""

from __future__ import annotations

import os
from dataclasses import dataclass

from medai._discovery.scan import CORE, Candidate, canonical

ALLOW = "MEDAI_PLUGINS"
BLOCK = "MEDAI_DISABLE_PLUGINS"
STRICT = "MEDAI_STRICT_PLUGINS"


@dataclass(frozen=True)
class Switches:
    """Both lists hold names of plugins or of distributions, between commas. An empty allow list lets everything in."""

    allow: frozenset[str]
    block: frozenset[str]
    strict: bool
    no_plugins: bool

    @classmethod
    def read(cls, *, no_plugins: bool) -> Switches:
        """The switches of the environment and the command line's `--no-plugins`."""
        return cls(_names(ALLOW), _names(BLOCK), os.environ.get(STRICT, "0") not in ("", "0"), no_plugins)

    def off(self, candidate: Candidate) -> str:
        """What switched a plugin off, if anything did; the core's own components stay whatever is said."""
        if candidate.distribution == CORE:
            return ""
        names = {canonical(candidate.name), candidate.distribution}
        if self.no_plugins:
            return "--no-plugins"
        if names & self.block:
            return f"{BLOCK} names it"
        return f"{ALLOW} does not name it" if self.allow and not names & self.allow else ""


def _names(variable: str) -> frozenset[str]:
    return frozenset(canonical(name.strip()) for name in os.environ.get(variable, "").split(",") if name.strip())

"""Commands that other distributions add to the command line, by the entry-point group `medai.commands.v1`."""

from __future__ import annotations

from medai._discovery.scan import COMMANDS, Candidate, candidates
from medai._discovery.target import import_target
from medai._words import listed
from medai.errors import PluginError


def plugged_commands() -> dict[str, list[Candidate]]:
    """Who offers which command; nothing is imported."""
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates(COMMANDS):
        found.setdefault(candidate.name, []).append(candidate)
    return found


def load_command(offers: list[Candidate]) -> object:
    """Import a command that is called.

    Raises:
        PluginError: two distributions offer it, or it cannot be imported, with its own traceback.
    """
    if len(offers) > 1:
        raise PluginError(f"the command {offers[0].name!r} is ambiguous: {listed(offer.distribution for offer in offers)} offer it")
    (offer,) = offers
    return import_target(offer.value, f"command {offer.name} ({offer.distribution} {offer.version})")

"""An exporter by id, with the parameters that a user gives and those that the run knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medai._discovery import Entry, load_target, registry
from medai._engine.apply import Opened
from medai._engine.construct import construct, signature_of
from medai._engine.document import parse_assignment
from medai._engine.settle import parameters_settled, settled_by


def build_exporter(name: str, given: Mapping[str, Any], opened: Opened) -> tuple[Entry, Any]:
    """The exporter and its entry.

    A parameter that is not given and has the name of one of the protocol's options (`classes`, `window`) is that option; one that has the
    name of what the run's metrics chose on validation (`threshold`) is that; one named `recipe` is the recipe's id.

    Raises:
        UsageError: there is no such exporter, or no such parameter, or it is of another type.
    """
    entry = registry().find("exporter", name)
    known = signature_of(load_target(entry))
    chosen = parameters_settled(settled_by(opened.folder))
    offered = {"recipe": opened.record["recipe"], **chosen, **opened.configuration.recipe.protocol.options}
    filled = {key: value for key, value in offered.items() if key in known}
    return entry, construct(entry.id, {**filled, **given}, kind="exporter")


def parameters_of(assignments: Sequence[str]) -> dict[str, Any]:
    """`NAME=VALUE` of the command line as parameters.

    Raises:
        UsageError: a text is no assignment.
    """
    return dict(parse_assignment(text) for text in assignments)

"""A configuration as a run writes it down, with the hash of its protocol."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from medai._engine.configure import Configuration, with_defaults
from medai._engine.document import canonical
from medai._engine.models import build_task
from medai.api import Protocol
from medai.tasks import Task


def described(configuration: Configuration) -> dict[str, Any]:
    """A configuration as `run.json` holds it."""
    return {
        "configuration": configuration.document,
        "complete_configuration": with_defaults(configuration.document),
        "origins": dict(configuration.origins),
        "departures": [{"path": path, "recipe": own, "run": ours} for path, own, ours in configuration.departures],
        "protocol_hash": protocol_hash(configuration.recipe.protocol, build_task(configuration.recipe.task)),
    }


def protocol_hash(protocol: Protocol, task: Task[Any, Any, Any]) -> str:
    """The first 16 digits of the SHA-256 of a protocol's canonical JSON, with the metrics and defaults that it leaves to the task."""
    document = with_defaults(canonical(replace(protocol, metrics=protocol.metrics or tuple(task.metrics))))
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]

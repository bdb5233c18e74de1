"""What `medai run --dry-run` prints: every value with its origin, the device, the split and the estimates."""

from __future__ import annotations

from typing import Any

from medai._engine.configure import Configuration, with_defaults
from medai._engine.document import flatten
from medai._engine.rehearse import Rehearsal

_HIDDEN = ("scales", "protocols", "implements", "summary", "source", "license")


def plan_record(rehearsal: Rehearsal) -> dict[str, Any]:
    """The plan for a program."""
    configuration = rehearsal.configuration
    return {
        "recipe": configuration.id,
        "scale": configuration.scale,
        "configuration": [{"path": path, "value": value, "origin": origin} for path, value, origin in _rows(configuration)],
        "device": rehearsal.device,
        "parts": rehearsal.parts,
        "notes": list(rehearsal.notes),
        "items": rehearsal.items,
        "steps": rehearsal.steps,
        "seconds_per_step": rehearsal.seconds_per_step,
        "seconds": rehearsal.seconds,
        "memory_bytes": rehearsal.memory,
    }


def plan_text(rehearsal: Rehearsal) -> str:
    """The plan for a person."""
    configuration = rehearsal.configuration
    rows = [(path, repr(value), origin) for path, value, origin in _rows(configuration)]
    width = max(len(path) for path, _, _ in rows)
    lines = [f"{path.ljust(width)}  {value}  ({origin})" for path, value, origin in rows]
    lines += ["", f"recipe  {configuration.id}, scale {configuration.scale}", f"device  {rehearsal.device}"]
    lines.append("split   " + ", ".join(f"{count} {role}" for role, count in rehearsal.parts.items()) + " cases")
    lines += [f"note    {note}" for note in rehearsal.notes]
    if rehearsal.seconds_per_step is not None:
        total = "" if rehearsal.seconds is None else f", about {_duration(rehearsal.seconds)} for {rehearsal.steps} steps"
        lines.append(f"time    {rehearsal.seconds_per_step * 1000:.1f} ms a step{total} of training; {rehearsal.items} items an epoch")
    lines.append(f"memory  {rehearsal.memory / 2**30:.1f} GiB at the peak of a few steps")
    return "\n".join(lines)


def _rows(configuration: Configuration) -> list[tuple[str, Any, str]]:
    own = dict(flatten(configuration.document))
    rows = []
    for path, value in flatten(with_defaults(configuration.document)):
        if path.split(".")[0] in _HIDDEN:
            continue
        default = "the recipe" if path in own else "the component's default"
        rows.append((path, value, configuration.origins.get(path, default)))
    return rows


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

"""What differs between a recorded surface and another: what is lost, what is new, and what of it breaks code that was written before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from medai import _deprecated
from medai_sdk.surface.describe import REQUIRED, Surface

CHECKS = "checks"
_HOOKS = "medai.hookspecs"
_COMMANDS = "commands"
Path = tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What a surface has lost and gained.

    Attributes:
        breaks: what breaks code that was written against the record, a line each.
        added: what is new, a line each, whether it breaks or not.
        going: what is deprecated, a line each with what to use.
        gone: what is lost by way of a deprecation, after its time.
    """

    breaks: tuple[str, ...]
    added: tuple[str, ...]
    going: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def as_record(self) -> dict[str, list[str]]:
        """The difference as JSON has it."""
        return {"breaks": list(self.breaks), "added": list(self.added), "deprecated": list(self.going), "gone": list(self.gone)}


def difference(recorded: Surface, now: Surface, *, released: bool = True) -> Difference:
    """What differs. Of a record that is not `released`, a check that is new may belong to the contract at once; else it has to be advice
    for a minor version first, because plugins that passed would fail."""
    lost, new = list(_lost(recorded, now)), list(_added(recorded, now))
    gone = [(path, what) for path, what in lost if _timely(path)]
    demands = [f"{_shown(path)}: new, and required" for path, value in new if path[0] != _HOOKS and _demands(value)]
    if released and CHECKS in recorded:
        demands += [f"{_shown(path)}: new, and no advice first" for path, value in new if path[0] == CHECKS and value == "must"]
    broken = [f"{_shown(path)}: {what}" for path, what in lost if (path, what) not in gone]
    return Difference(
        breaks=(*broken, *demands),
        added=tuple(_shown(path) for path, _ in new),
        going=tuple(_advice(item) for item in _deprecated.TABLE if item.stage() in ("warns", "fails")),
        gone=tuple(_shown(path) for path, _ in gone),
    )


def _lost(recorded: Any, now: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if not (isinstance(recorded, dict) and isinstance(now, dict)):
        # A check that was advice for a version may belong to the contract in the next, and the other way about; whoever names an option
        # of a command does not notice that it may be left out.
        loosened = path[:1] == (_COMMANDS,) and recorded == REQUIRED
        if recorded != now and path[:1] != (CHECKS,) and not loosened:
            yield path, f"was {_value(recorded)}, is {_value(now)}"
        return
    for key in sorted(recorded):
        if key in now:
            yield from _lost(recorded[key], now[key], (*path, key))
        else:
            yield (*path, key), "gone"


def _added(recorded: Any, now: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(recorded, dict) and isinstance(now, dict):
        for key in sorted(now):
            if key in recorded:
                yield from _added(recorded[key], now[key], (*path, key))
            else:
                yield (*path, key), now[key]


def _demands(value: Any) -> bool:
    return value == REQUIRED or (isinstance(value, dict) and value.get("implementation") == REQUIRED)


def _timely(path: Path) -> bool:
    """Whether what is lost was deprecated for long enough: the table says that it fails by now, or is gone."""
    passed = [item for item in _deprecated.TABLE if item.stage() in ("fails", "gone")]
    return any(path[: len(item.recorded)] == item.recorded and (item.kind != "parameter" or path[-1] == item.name) for item in passed)


def _advice(item: _deprecated.Deprecation) -> str:
    return f"{item.what}: use {item.instead or item.advice}; it warns since medai {item.warns} and fails from medai {item.fails}"


def _shown(path: Path) -> str:
    return " > ".join(path)


def _value(value: Any) -> str:
    return "another kind of thing" if isinstance(value, dict) else str(value)

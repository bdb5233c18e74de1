"""Looking things up, and saying exactly why something is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from medai._deprecated import warn
from medai._discovery.load import Loaded, load_all
from medai._discovery.records import Entry, PluginRecord
from medai._discovery.window import reached
from medai._words import close_to, listed
from medai.errors import PluginError, UsageError

_PLURALS = {"loss": "losses"}


class Registry:
    """All plugins and all that they offer."""

    def __init__(self, loaded: Sequence[Loaded]) -> None:
        self.plugins: tuple[PluginRecord, ...] = tuple(record for record, _ in loaded)
        self._entries = tuple(entry for _, entries in loaded for entry in entries)
        self._by_id = {(entry.kind, entry.id): entry for entry in self._entries}
        self._former = {
            (entry.kind, f"{entry.plugin.name}/{name}"): (entry, gone)
            for entry in self._entries
            for name, gone in getattr(entry.spec, "former_names", {}).items()
        }

    @property
    def former_ids(self) -> dict[str, str]:
        """What each id that was renamed is called now."""
        return {id: entry.id for (_, id), (entry, _) in self._former.items()}

    def entries(self, kind: str | None = None) -> tuple[Entry, ...]:
        """What is offered, of one kind or of all, in the order of discovery."""
        return tuple(entry for entry in self._entries if kind in (None, entry.kind))

    def find(self, kind: str, name: str) -> Entry:
        """The entry by id, or by its short name while that is unique.

        Raises:
            UsageError: the name is unknown, ambiguous, or of a plugin that is not installed; the nearest names are given.
            PluginError: it is of a plugin that is failed, disabled or incompatible.
        """
        if (kind, name) in self._by_id:
            return self._by_id[kind, name]
        named = [entry for entry in self.entries(kind) if entry.spec.name == name]
        if len(named) == 1:
            return named[0]
        if named:
            raise UsageError(f"{kind} {name!r} is ambiguous: {_either(entry.id for entry in named)}")
        if renamed := self._renamed(kind, name):
            return renamed[0]
        self._explain(kind, name)
        others = [f"{entry.kind} {entry.id}" for entry in self._entries if name in (entry.id, entry.spec.name)]
        raise UsageError(f"unknown {kind} {name!r}" + (f": there is the {listed(others)}" if others else self._near(kind, name)))

    def find_all(self, name: str) -> tuple[Entry, ...]:
        """Everything of that id or short name, of any kind.

        Raises:
            UsageError, PluginError: as `find`, when there is nothing.
        """
        found = tuple(entry for entry in self._entries if name in (entry.id, entry.spec.name))
        found = found or self._renamed(None, name)
        if not found:
            self._explain("component", name)
            raise UsageError(f"unknown name {name!r}{self._near(None, name)}")
        return found

    def _renamed(self, kind: str | None, name: str) -> tuple[Entry, ...]:
        """What had that id, or that short name, before; one line says what it is called now.

        Raises:
            UsageError: it no longer works, or it is ambiguous.
        """
        found = {id: held for id, held in self._former.items() if kind in (None, id[0]) and name in (id[1], id[1].partition("/")[2])}
        if len({entry.id for entry, _ in found.values()}) > 1:
            raise UsageError(f"{name!r} is ambiguous: it was the name of {listed(entry.id for entry, _ in found.values())}")
        for (of_kind, id), (entry, gone) in found.items():
            called = f"{of_kind} {id} is called {entry.id} now"
            if reached(entry.plugin.version, gone):
                raise UsageError(called)
            warn(f"{called}; the old name goes in {entry.plugin.distribution} {gone}", id)
        return tuple(entry for entry, _ in found.values())

    def _explain(self, kind: str, name: str) -> None:
        """Raise when the plugin that the id names is not there or not well."""
        plugin, separator, _ = name.partition("/")
        if not separator:
            return
        if plugin in ("", ".", "..", "~"):
            raise UsageError(f"{name!r} looks like a path, and nothing there can be taken as a {kind}; an id is PLUGIN/NAME")
        records = [record for record in self.plugins if record.name == plugin]
        if not records:
            near = close_to(plugin, [record.name for record in self.plugins], 2)
            hint = f"did you mean {_either(near)}?" if near else f"pip install medai-{plugin}, if there is such a distribution"
            raise UsageError(f"{kind} {name!r}: the plugin {plugin!r} is not installed: {hint}")
        # Of several distributions with one plugin's name, at most one is well.
        record = next((record for record in records if record.status == "ok"), records[0])
        if record.status != "ok":
            raise PluginError(f"{kind} {name!r}: {record.described}\n{record.traceback}".rstrip())

    def _near(self, kind: str | None, name: str) -> str:
        entries = self._entries if kind is None else self.entries(kind)
        known = {entry.id: entry.id for entry in entries} | {entry.spec.name: entry.id for entry in entries}
        close = list(dict.fromkeys(known[match] for match in close_to(name, known, 4)))[:3]
        hint = f"did you mean {_either(close)}?" if close else f"see medai list {_PLURALS.get(kind, f'{kind}s') if kind else ''}".rstrip()
        broken = [record.name for record in self.plugins if record.broken]
        return f": {hint}" + (f" (it may be in a plugin that is broken: {listed(broken)}; see medai doctor)" if broken else "")


_registry: Registry | None = None
_wanted: tuple[bool, tuple[Path, ...]] = (False, ())


def configure(*, no_plugins: bool = False, files: Sequence[Path] = ()) -> None:
    """Say what the process discovers, and forget what it had discovered before."""
    global _registry, _wanted
    _registry, _wanted = None, (no_plugins, tuple(files))


def wanted() -> tuple[bool, tuple[Path, ...]]:
    """What `configure` was told: for another process that is to discover the same."""
    return _wanted


def registry() -> Registry:
    """The process's registry; discovered once."""
    global _registry
    if _registry is None:
        _registry = Registry(load_all(no_plugins=_wanted[0], files=_wanted[1]))
    return _registry


def looked_at_apart() -> tuple[PluginRecord, ...]:
    """What became of the plugins that the process would discover, each loaded in a process of its own with a limit of time."""
    # Not at the top: what it takes to run processes would slow every command down.
    from medai._discovery import apart

    return apart.records_apart(no_plugins=_wanted[0], files=_wanted[1], seconds=apart.SECONDS)


def discovered() -> Registry | None:
    """The registry, if the process has needed one."""
    return _registry


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)

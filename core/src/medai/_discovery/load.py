"""Loading plugins one by one; a broken one becomes a record, never an exception for the others."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from medai import __version__
from medai._discovery.failure import failure_of
from medai._discovery.files import import_file, of_file
from medai._discovery.hooks import Hooks
from medai._discovery.records import Entry, PluginRecord, Status
from medai._discovery.scan import Candidate, candidates
from medai._discovery.switches import Switches
from medai._discovery.validate import ContractError
from medai._discovery.window import unmet
from medai._words import listed
from medai.errors import PluginError

Loaded = tuple[PluginRecord, tuple[Entry, ...]]


class Found(NamedTuple):
    """A plugin that is not imported yet; `file` is that of `--plugin`, `verdict` what is known of it without an import."""

    candidate: Candidate
    file: Path | None
    verdict: PluginRecord | None


def load_all(*, no_plugins: bool, files: Sequence[Path]) -> list[Loaded]:
    """Every plugin: what became of it, and what it offers when all is well.

    Raises:
        PluginError: a plugin is failed or incompatible, and `MEDAI_STRICT_PLUGINS=1`.
    """
    switches = Switches.read(no_plugins=no_plugins)
    # What a plugin prints while it is imported must not end up in the output of a command, which a program may read.
    with redirect_stdout(sys.stderr):
        hooks = Hooks()
        loaded = [(each.verdict, ()) if each.verdict else load(hooks, each.candidate, each.file) for each in find(switches, files)]
    if switches.strict:
        _raise_for(record for record, _ in loaded)
    return loaded


def find(switches: Switches, files: Sequence[Path]) -> Iterator[Found]:
    """The installed plugins and those of files, in the order in which they are loaded."""
    found = [(candidate, switches.off(candidate)) for candidate in candidates()]
    rightful: dict[str, list[str]] = {}
    for candidate in (candidate for candidate, off in found if not off and candidate.rightful):
        rightful.setdefault(candidate.name, []).append(candidate.distribution)
    for candidate, off in found:
        verdict = record_of(candidate, "disabled", off) if off else _refusal(candidate, rightful.get(candidate.name, ()))
        yield Found(candidate, None, verdict)
    for path in files:
        candidate = of_file(path)
        taken = rightful.get(candidate.name)
        rightful.setdefault(candidate.name, [str(path)])
        clash = f"{listed(taken)} has a plugin called {candidate.name!r} too" if taken else ""
        yield Found(candidate, path, record_of(candidate, "failed", clash) if taken else None)


def load(hooks: Hooks, candidate: Candidate, file: Path | None) -> Loaded:
    """Import a plugin and ask its hooks; whatever it raises is in its record."""
    try:
        module = importlib.import_module(candidate.value) if file is None else import_file(file)
        offers = hooks.offers(module, candidate.name)
    except KeyboardInterrupt:
        raise
    except ContractError as error:
        return record_of(candidate, "failed", str(error)), ()
    except BaseException as error:  # a plugin may also exit
        return record_of(candidate, "failed", *failure_of(error)), ()
    record = record_of(candidate, "ok")
    return record, tuple(
        Entry(kind=kind, id=f"{candidate.name}/{spec.name}", spec=spec, plugin=record) for kind, specs in offers.items() for spec in specs
    )


def _refusal(candidate: Candidate, rightful: Sequence[str]) -> PluginRecord | None:
    """The record of a plugin that is not even imported, if it is one."""
    if candidate.fault:
        return record_of(candidate, "failed", candidate.fault)
    if not candidate.rightful:
        theirs = f"; {candidate.name!r} is the plugin of {listed(rightful)}" if rightful else ""
        called = f"its entry point is called {candidate.name!r}, but the plugin of {candidate.distribution} is {candidate.wanted_name!r}"
        return record_of(candidate, "failed", called + theirs)
    if len(rightful) > 1:
        advice = "remove one, or name it in MEDAI_DISABLE_PLUGINS"
        return record_of(candidate, "failed", f"ambiguous: the distributions {listed(rightful)} have an entry point of this name; {advice}")
    if not all(part.isidentifier() for part in candidate.value.split(".")):
        return record_of(candidate, "failed", f"its entry point {candidate.value!r} names no module")
    try:
        requirement = unmet(candidate.requires)
    except ValueError as error:
        return record_of(candidate, "failed", str(error))
    return record_of(candidate, "incompatible", f"it needs {requirement}, this is medai {__version__}") if requirement else None


def record_of(candidate: Candidate, status: Status, reason: str = "", traceback: str = "") -> PluginRecord:
    """What became of a candidate."""
    return PluginRecord(
        name=candidate.name,
        distribution=candidate.distribution or "a distribution without a name",
        version=candidate.version,
        status=status,
        reason=reason,
        traceback=traceback,
    )


def _raise_for(records: Iterable[PluginRecord]) -> None:
    broken = [f"{record.described}\n{record.traceback}".rstrip() for record in records if record.broken]
    if broken:
        raise PluginError("\n".join(broken))

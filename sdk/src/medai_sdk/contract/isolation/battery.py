"""The checks of a plugin, subject by subject, inside the worker."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medai._imports import importing
from medai.errors import MedaiError
from medai_sdk.contract.check import UNDENIABLE, Broken, Check, NotApplicable, checks_of
from medai_sdk.contract.outcome import Outcome
from medai_sdk.contract.watching.distribution import own_frame, own_roots, within

if TYPE_CHECKING:
    from medai._discovery import Entry, PluginRecord
    from medai_sdk.contract.watching.state import Notes
    from medai_sdk.contract.watching.watch import Watch

_IMPORT = 60.0
"""Seconds that the import of a component may take while it waits for that of a library, however little a check may."""
_SEED_CHECKED = ("model", "dataset")
"""Kinds that have checks of their own for seeds that are set while they work."""
_RESOLVES = "component.target-resolves"
_NO_TARGET = ("plugin", "recipe", "table")
_KIT = Path(__file__).resolve().parents[2]
_MOST_FRAMES = 20


class Battery:
    """The checks that are ordered, and what came of each, said to the supervisor."""

    def __init__(self, order: Mapping[str, Any], say: Callable[..., None]) -> None:
        self._order, self._say = order, say
        self._name, self._folder = order["plugin"], Path(order["folder"])
        self._ids = [each for each in order["only"] if "/" in each or each == self._name]
        self._names = [each for each in order["only"] if each not in self._ids]
        self._done = {tuple(each) for each in order["done"]}
        self._given_up = {(kind, id): reason for kind, id, reason in order["given_up"]}
        self._roots = own_roots(order["module"], order["distribution"])

    def run(self) -> None:
        """Check what is ordered, or say what would be."""
        record, entries = self._discovered()
        self._say(stage="the plugin as a whole is looked at")
        checks = list(checks_of("plugin"))
        self._whole(record, entries, checks)
        # Torch takes seconds to import, and the checks of the plugin as a whole have no need of it.
        if not self._names or not set(self._names) <= {"plugin", *(check.name for check in checks)}:
            self._say(stage="torch and the checks are imported")
            self._refuse_unknown(entries)
            self._components(entries)

    def _discovered(self) -> tuple[PluginRecord, tuple[Entry, ...]]:
        self._begin("plugin", self._name, "plugin.can-be-loaded", "discovery loads it")
        from medai._discovery import registry

        found = registry()
        record = next(each for each in found.plugins if (each.distribution, each.name) == (self._order["distribution"], self._name))
        return record, tuple(entry for entry in found.entries() if entry.plugin == record)

    def _whole(self, record: PluginRecord, entries: tuple[Entry, ...], checks: list[Check]) -> None:
        from medai_sdk.contract.subjects.whole import PluginSubject

        subject = PluginSubject(record, self._order["module"], entries, _made(self._folder / "plugin"))
        for check in self._ordered("plugin", self._name, checks):
            self._check(check, "plugin", self._name, subject, "")

    def _components(self, entries: tuple[Entry, ...]) -> None:
        from medai_sdk.contract.watching.state import Notes
        from medai_sdk.contract.watching.watch import Watch

        watch, notes = Watch(self._folder), Notes(self._roots)
        # Only now: whatever the kit itself imports may look where it likes.
        watch.start(self._roots, listed=(Path.cwd(), Path.home()))
        notes.start()
        for entry in entries:
            checks = list(self._ordered(entry.kind, entry.id, checks_of("component", entry.kind)))
            if checks:
                self._component(entry, checks, watch, notes)

    def _component(self, entry: Entry, checks: list[Check], watch: Watch, notes: Notes) -> None:
        from medai_sdk.contract.subjects.kinds import SUBJECTS
        from medai_sdk.contract.watching.state import SharedState

        watch.clear()
        state = SharedState(notes)
        watch.changes = state.changes
        folder = _made(self._folder / entry.kind / entry.spec.name)
        subject = SUBJECTS[entry.kind](entry, folder, watch)
        notes.hears_seeds = True
        if entry.kind not in _NO_TARGET and (entry.kind, entry.id) not in self._given_up:
            # Before the clock of the first check begins; what fails here is said by the check itself.
            self._begin(entry.kind, entry.id, _RESOLVES, "the spec's target can be imported and called", libraries=_IMPORT)
            if _came(lambda: subject.target, self._roots)[0] == "failed":
                self._given_up[entry.kind, entry.id] = f"it cannot be imported: see {_RESOLVES}"
        notes.hears_seeds = entry.kind not in _SEED_CHECKED
        known = getattr(entry.spec, "known_failures", {})
        for check in checks:
            declared = "" if check.name in UNDENIABLE else known.get(check.name, "")
            self._check(check, entry.kind, entry.id, subject, declared)
        state.restore()
        # Runs of large networks leave gigabytes: those of one recipe may lie on the disk, not those of all.
        shutil.rmtree(folder, ignore_errors=True)

    def _ordered(self, kind: str, id: str, checks: Iterator[Check] | list[Check]) -> Iterator[Check]:
        """The checks of a subject that are wanted and not done; of a plan, those are said and none is left."""
        for check in checks:
            named = not self._names or not {check.name, check.kind, kind}.isdisjoint(self._names)
            wanted = named and (not self._ids or id in self._ids)
            if wanted and self._order["plan"]:
                self._say(planned={"check": check.name, "kind": kind, "subject": id, "says": check.says})
            elif wanted and (kind, id, check.name) not in self._done:
                yield check

    def _refuse_unknown(self, entries: tuple[Entry, ...]) -> None:
        from medai_sdk.contract.check import all_checks
        from medai_sdk.contract.text import unknown_name

        with importing():
            checks = list(all_checks())
        known = {self._name, *(entry.id for entry in entries), *(check.name for check in checks), *(check.kind for check in checks)}
        refusal = unknown_name(self._order["only"], known)
        if refusal:
            self._say(refuse=refusal)

    def _check(self, check: Check, kind: str, id: str, subject: Any, known: str) -> None:
        self._begin(kind, id, check.name, check.says)
        began = time.perf_counter()
        given_up = self._given_up.get((kind, id), "") if check.name != _RESOLVES else ""
        status, reason, mend, trace = ("not applicable", given_up, "", "") if given_up else _came(lambda: check.run(subject), self._roots)
        if known:
            status, reason, mend = _as_declared(status, reason, mend, known)
        outcome = Outcome(
            check=check.name,
            kind=kind,
            subject=id,
            level=check.level,
            status=status,  # type: ignore[arg-type]
            says=check.says,
            reason=reason,
            mend=mend,
            seconds=round(time.perf_counter() - began, 3),
            traceback=trace,
        )
        self._say(outcome=asdict(outcome))

    def _begin(self, kind: str, subject: str, check: str, says: str, *, libraries: float = 0.0) -> None:
        self._say(begin={"kind": kind, "subject": subject, "check": check, "says": says}, libraries=libraries)


def _came(run: Callable[[], object], roots: tuple[Path, ...]) -> tuple[str, str, str, str]:
    """Status, reason, mend and traceback."""
    try:
        run()
    except NotApplicable as error:
        return "not applicable", str(error), "", ""
    except Broken as error:
        return "failed", error.reason, error.mend, ""
    except BaseException as error:  # a component may also exit
        # What medai says on purpose is a sentence; of anything else, class and place are half of it.
        plain = isinstance(error, MedaiError)
        reason = str(error) if plain else f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return "failed", reason if plain else f"{reason}, in {own_frame(error, roots)}", "", _trace(error)
    return "passed", "", "", ""


def _trace(error: BaseException) -> str:
    """Its traceback, from below the kit's own frames."""
    walked = error.__traceback__
    while walked is not None and walked.tb_next is not None and within(walked.tb_frame.f_code.co_filename, (_KIT,)):
        walked = walked.tb_next
    return "".join(traceback.format_exception(type(error), error, walked, limit=-_MOST_FRAMES, chain=False))


def _as_declared(status: str, reason: str, mend: str, declared: str) -> tuple[str, str, str]:
    if status == "failed":
        return "known", f"{declared} ({reason})", mend
    if status == "passed":
        return "failed", "the spec's known_failures say that it fails, and it passes", "take it out of known_failures"
    return status, reason, mend


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

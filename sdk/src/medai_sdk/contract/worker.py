"""The checks in a process of their own, which the supervisor may end: `python -m medai_sdk.contract.worker FD LIFELINE ORDER`.

`ORDER` is a JSON file with the plugin, a folder to work in, the checks wanted, and those that are done or given up. What is said goes to
the descriptor `FD`, a line of JSON each; the supervisor holds the other end of `LIFELINE` for as long as it lives.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from medai_sdk.contract.distribution import installed, own_frame, places, top_levels, within
from medai_sdk.contract.outcome import Outcome

_IMPORT = 60.0
"""Seconds that the import of a component's libraries may take, however little a check may."""
_SEED_CHECKED = ("model", "dataset")
"""Kinds that have checks of their own for seeds that are set while they work."""
_KIT = Path(__file__).resolve().parent.parent
_MOST_FRAMES = 20


class Mouth:
    """Says things to the supervisor. A child that was forked says nothing: it may come back out of the component's code as we do."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        os.register_at_fork(after_in_child=lambda: os.close(descriptor))

    def say(self, **message: Any) -> None:
        """Say it, as one line."""
        held = (json.dumps(message, default=str) + "\n").encode()
        while held:
            held = held[os.write(self._descriptor, held) :]


def main() -> None:
    """Run what is ordered; say when a check begins and what came of it."""
    faulthandler.register(signal.SIGUSR1)
    mouth, lifeline = Mouth(int(sys.argv[1])), int(sys.argv[2])
    threading.Thread(target=_live_with, args=(lifeline,), daemon=True, name="medai-lifeline").start()
    order = json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    # Other plugins may be broken, and what a plugin uses it has to require.
    os.environ["MEDAI_PLUGINS"] = ",".join(order["plugins"])
    _Battery(order, mouth).run()
    mouth.say(end=True)


def _live_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgid(0), signal.SIGKILL)


class _Battery:
    """The checks of a plugin, subject by subject."""

    def __init__(self, order: Mapping[str, Any], mouth: Mouth) -> None:
        self._order, self._say = order, mouth.say
        self._done = {tuple(each) for each in order["done"]}
        self._given_up = {(kind, id): reason for kind, id, reason in order["given_up"]}
        self._roots = _roots(order["module"], order["distribution"])

    def run(self) -> None:
        """Check what is ordered, or say what would be."""
        self._begin("plugin", self._order["plugin"], "plugin.can-be-loaded", "discovery loads it")
        from medai._discovery import registry

        registry()
        self._say(stage="torch and the checks are imported")
        from medai_sdk.contract.check import checks_of
        from medai_sdk.contract.state import Notes, SharedState
        from medai_sdk.contract.watch import Watch

        subjects = list(self._subjects())
        self._refuse_unknown({check.name for check in checks_of("plugin", "component", *(kind for kind, _, _ in subjects))}, subjects)
        folder = Path(self._order["folder"])
        watch = Watch(folder)
        # Only now: whatever the kit itself imports may look where it likes.
        watch.start(self._roots)
        notes = Notes(self._roots)
        notes.start()
        for kind, id, make in subjects:
            checks = [check for check in checks_of(*(("plugin",) if kind == "plugin" else ("component", kind))) if self._wanted(check, id)]
            if self._order["plan"]:
                for check in checks:
                    self._say(planned={"check": check.name, "kind": kind, "subject": id, "says": check.says})
            elif not {(kind, id, check.name) for check in checks} <= self._done:
                subject, known = make(watch)
                watch.clear()
                state = SharedState(notes)
                watch.changes = state.changes
                notes.hears_seeds = True
                self._import(kind, id, subject)
                notes.hears_seeds = kind not in _SEED_CHECKED
                for check in checks:
                    self._check(check, kind, id, subject, known.get(check.name, ""))
                state.restore()

    def _subjects(self) -> Iterator[tuple[str, str, Any]]:
        """Kind, id, and what makes the subject and its declared failures: the plugin first, then all that it offers."""
        from medai._discovery import registry
        from medai_sdk.contract.kinds import SUBJECTS
        from medai_sdk.contract.whole import PluginSubject

        name, folder = self._order["plugin"], Path(self._order["folder"])
        record = next(each for each in registry().plugins if (each.distribution, each.name) == (self._order["distribution"], name))
        entries = tuple(entry for entry in registry().entries() if entry.plugin == record)
        yield "plugin", name, lambda watch: (PluginSubject(record, self._order["module"], entries, _made(folder / "plugin")), {})
        for entry in entries:
            place = folder / entry.kind / entry.spec.name
            yield (
                entry.kind,
                entry.id,
                lambda watch, entry=entry, place=place: (
                    SUBJECTS[entry.kind](entry, _made(place), watch),
                    entry.spec.known_failures if hasattr(entry.spec, "known_failures") else {},
                ),
            )

    def _refuse_unknown(self, checks: set[str], subjects: list[tuple[str, str, Any]]) -> None:
        from medai._words import nearest

        ids = {id for _, id, _ in subjects}
        known = checks | {name.partition(".")[0] for name in checks} | ids
        for each in self._order["only"]:
            if each not in known:
                self._say(refuse=f"no check, kind or id is called {each!r}{nearest(each, known)}")

    def _wanted(self, check: Any, id: str) -> bool:
        ids = [each for each in self._order["only"] if "/" in each or each == self._order["plugin"]]
        names = [each for each in self._order["only"] if each not in ids]
        return (not ids or id in ids) and (not names or check.name in names or check.kind in names)

    def _import(self, kind: str, id: str, subject: Any) -> None:
        """Import a component's libraries before the clock of its checks begins; what fails here is said by the check itself."""
        if kind in ("plugin", "recipe", "table") or (kind, id) in self._given_up:
            return
        self._begin(kind, id, "component.target-resolves", "the spec's target can be imported and called", least=_IMPORT)
        _came(lambda: subject.target, self._roots)

    def _check(self, check: Any, kind: str, id: str, subject: Any, known: str) -> None:
        if (kind, id, check.name) in self._done:
            return
        self._begin(kind, id, check.name, check.says, known=known)
        began = time.perf_counter()
        given_up = self._given_up.get((kind, id), "")
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

    def _begin(self, kind: str, subject: str, check: str, says: str, *, known: str = "", least: float = 0.0) -> None:
        self._say(begin={"kind": kind, "subject": subject, "check": check, "says": says, "known": known}, least=least)


def _roots(module: str, distribution: str) -> tuple[Path, ...]:
    """Where the plugin's own code stands; of medai itself, whose engine runs the checks, the package of its components."""
    found = places(dict.fromkeys((module.partition(".")[0], *top_levels(installed(distribution)))))
    if distribution == "medai":
        return (found["medai"].joinpath(*module.split(".")[1:-1]),)
    return tuple(found.values())


def _came(run: Any, roots: tuple[Path, ...]) -> tuple[str, str, str, str]:
    """Status, reason, mend and traceback."""
    from medai_sdk.contract.check import Broken, NotApplicable

    try:
        run()
    except NotApplicable as error:
        return "not applicable", str(error), "", ""
    except Broken as error:
        return "failed", error.reason, error.mend, ""
    except BaseException as error:  # a component may also exit
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return "failed", f"{reason}, in {own_frame(error, roots)}", "", _trace(error)
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


if __name__ == "__main__":
    main()

"""Checks of a component that look back at all that came before: they run last."""

from __future__ import annotations

import re

from medai_sdk.contract.check import UNDENIABLE, Broken, NotApplicable, all_checks, check
from medai_sdk.contract.subjects.component import ComponentSubject

_SHOWN = 3
_SENTENCE = re.compile(r"\w+\W+\w+")


@check("component.no-network", "it does not reach for the network unasked")
def no_network(subject: ComponentSubject) -> None:
    if subject.watch.network:
        raise Broken(
            f"it reached for the network: {_some(subject.watch.network)}",
            "fetch nothing unless a parameter asks for it, and give the spec an example that does not",
        )
    _must_be_seen(subject)


@check("component.writes-inside", "it writes into the folders that it is given, into temporary folders and into caches alone")
def writes_inside(subject: ComponentSubject) -> None:
    if subject.watch.written:
        raise Broken(
            f"it wrote or removed {_some(subject.watch.written)}",
            "write below the folder that it is given, below tempfile.gettempdir(), or below XDG_CACHE_HOME",
        )
    _must_be_seen(subject)


@check("component.keeps-global-state", "it leaves alone what the process shares: seeds, torch's settings, environment, current folder")
def keeps_global_state(subject: ComponentSubject) -> None:
    changes = list(subject.watch.changes())
    if changes:
        raise Broken(f"it changed {_some(changes)}", "use generators, contexts and arguments of its own, or set it back")


@check("component.declares-real-checks", "known_failures name checks that there are and that may be known to fail, each with a reason")
def declares_real_checks(subject: ComponentSubject) -> None:
    names = {each.name for each in all_checks()}
    declared = getattr(subject.entry.spec, "known_failures", {})
    unknown = [name for name in declared if name not in names]
    if unknown:
        raise Broken(f"there is no check {_some(unknown)}", "medai plugin check --list has them all")
    if fatal := [name for name in declared if name in UNDENIABLE]:
        raise Broken(f"nothing excuses {_some(fatal)}", "take it out of known_failures, and the component too if it cannot be mended")
    if bare := [name for name, reason in declared.items() if not _SENTENCE.search(reason)]:
        raise Broken(f"no reason is given for {_some(bare)}", "write in known_failures why it fails, in words")


@check("component.starts-no-program", "its own code starts no program", level="advice")
def starts_no_program(subject: ComponentSubject) -> None:
    if subject.watch.started:
        raise Broken(f"it started {_some(subject.watch.started)}", "a library in the same process is quicker, and there on every machine")


@check("component.prints-nothing", "it prints nothing, so that programs can read what commands print", level="advice")
def prints_nothing(subject: ComponentSubject) -> None:
    printed = subject.watch.printed
    if printed:
        raise Broken(f"it printed {printed} bytes", "use the logging module, or warnings")


def _must_be_seen(subject: ComponentSubject) -> None:
    """Raise where something of its own ran that nobody watched."""
    if subject.watch.unseen:
        raise NotApplicable(f"its own code started {_some(subject.watch.unseen)}, and what that does is not seen")


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"{', '.join(words[:_SHOWN])}{more}"

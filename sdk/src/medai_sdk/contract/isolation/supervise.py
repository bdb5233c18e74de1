"""`check_plugin`: the contract, in a process that may hang, exit or crash without taking the caller with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medai._discovery.scan import Candidate
from medai.errors import EnvironmentFault, UsageError
from medai_sdk.contract.isolation.process import Lost, Worker
from medai_sdk.contract.isolation.wanted import kin, wanted_plugin
from medai_sdk.contract.outcome import Outcome, Report
from medai_sdk.contract.watching.distribution import imports_library, own_line, own_roots

_START = 300.0
"""Seconds that the worker's own imports may take: torch, on a machine that does other things too."""
_BATTERY = Path(__file__).resolve().with_name("battery.py")
"""Where a component's import begins."""
_LOADED = "plugin.can-be-loaded"


@dataclass(frozen=True)
class Planned:
    """A check that is to be made: its name, the subject's kind and id, and the sentence that it holds the subject to."""

    check: str
    kind: str
    subject: str
    says: str


def check_plugin(
    name: str,
    *,
    only: Sequence[str] = (),
    seconds: float = 120.0,
    heard: Callable[[Outcome], None] | None = None,
    begun: Callable[[str, str, str], None] | None = None,
) -> Report:
    """Hold an installed plugin to the contract, on stub data, on the CPU, without a network.

    The checks run in a process of their own, so this may be called from anywhere: a test, a notebook, a thread, a script.

    Args:
        name: the distribution's name or the plugin's: `medai-acme` or `acme`.
        only: names of checks (`model.save-and-load`), kinds (`model`: all checks of models, those of every component too; `component`:
            those of every component alone) or ids (`acme/net`); empty: all. With ids and others, what is both.
        seconds: that one check may take, and the import of one component; what takes longer is ended and has failed. Only while a
            library is being imported that the component needs may its import take more, up to 60 seconds in all.
        heard: called with each outcome as it comes.
        begun: called with kind, subject and check as each begins.

    Raises:
        UsageError: there is no such plugin, with the nearest names, or no such check.
        PluginError: it is disabled.
        EnvironmentFault: the process that checks cannot be started.
    """
    candidate = wanted_plugin(name)
    with tempfile.TemporaryDirectory(prefix="medai-check-", ignore_cleanup_errors=True) as scratch:
        supervisor = _Supervisor(candidate, tuple(only), seconds, Path(scratch).resolve(), heard, begun)
        outcomes = supervisor.run()
    return Report(candidate.name, f"{candidate.distribution} {candidate.version}", outcomes, whole=not only)


def plan_of(name: str, *, only: Sequence[str] = ()) -> tuple[Planned, ...]:
    """Which checks `check_plugin` would make; nothing of the plugin is imported but its light modules.

    Raises:
        UsageError, PluginError, EnvironmentFault: as `check_plugin`.
    """
    with tempfile.TemporaryDirectory(prefix="medai-check-", ignore_cleanup_errors=True) as scratch:
        supervisor = _Supervisor(wanted_plugin(name), tuple(only), _START, Path(scratch).resolve(), None, None)
        return supervisor.plan()


class _Supervisor:
    """Starts the worker, listens, ends it when a check takes too long, and starts it again behind that subject."""

    def __init__(
        self,
        candidate: Candidate,
        only: tuple[str, ...],
        seconds: float,
        scratch: Path,
        heard: Callable[[Outcome], None] | None,
        begun: Callable[[str, str, str], None] | None,
    ) -> None:
        self._candidate, self._only, self._seconds, self._scratch = candidate, only, seconds, scratch
        self._heard, self._begun = heard or (lambda outcome: None), begun or (lambda kind, subject, check: None)
        self._outcomes: list[Outcome] = []
        self._given_up: list[tuple[str, str, str]] = []

    def run(self) -> tuple[Outcome, ...]:
        """All outcomes, in the order in which they came."""
        while True:
            lost = self._listen()
            if lost is None:
                return tuple(self._outcomes)
            self._take(lost)
            if lost.check == _LOADED:
                return tuple(self._outcomes)
            self._given_up.append((lost.kind, lost.subject, f"{lost.check} did not come to an end"))

    def plan(self) -> tuple[Planned, ...]:
        """What would be checked; of a plugin that cannot be loaded, that alone."""
        planned: list[Planned] = []
        lost = self._listen(plan=planned)
        return tuple(planned) if lost is None else (Planned(lost.check, lost.kind, lost.subject, lost.says),)

    def _listen(self, plan: list[Planned] | None = None) -> Outcome | None:
        """Run a worker until it ends; the check in which it was lost, if it was."""
        began: dict[str, Any] | None = None
        step = "before it could say anything"
        try:
            with Worker({**self._order(), "plan": plan is not None}, self._scratch) as worker:
                for message in self._usable(worker):
                    if "begin" in message:
                        began = message["begin"]
                        worker.limit, worker.longest = self._seconds, message["libraries"]
                        self._begun(began["kind"], began["subject"], began["check"])
                    elif "outcome" in message:
                        self._take(Outcome(**message["outcome"]))
                    elif "planned" in message and plan is not None:
                        plan.append(Planned(**message["planned"]))
                    elif "stage" in message:
                        began, step, worker.limit, worker.longest = None, f"while {message['stage']}", _START, _START
        except Lost as lost:
            if began is None:
                raise EnvironmentFault(f"the process that checks came to no end {step}: {lost.reason}\n{lost.said}".rstrip()) from lost
            where = own_line(lost.said, self._roots())
            return _outcome_of(began, lost, f"{lost.reason}; it was in {where}" if where else lost.reason)
        return None

    def _usable(self, worker: Worker) -> Iterator[dict[str, Any]]:
        """Its messages, but for its refusal of what is asked."""
        worker.limit = _START
        worker.excused = lambda where: imports_library(where, (*self._roots(), _BATTERY))
        for message in worker.messages():
            if "refuse" in message:
                raise UsageError(message["refuse"])
            yield message

    def _roots(self) -> tuple[Path, ...]:
        return own_roots(self._candidate.value, self._candidate.distribution)

    def _order(self) -> dict[str, object]:
        return {
            "plugin": self._candidate.name,
            "distribution": self._candidate.distribution,
            "module": self._candidate.value,
            "plugins": kin(self._candidate),
            "folder": str(self._scratch / "work"),
            "only": list(self._only),
            "done": [(each.kind, each.subject, each.check) for each in self._outcomes],
            "given_up": self._given_up,
        }

    def _take(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._heard(outcome)


def _outcome_of(began: dict[str, Any], lost: Lost, told: str) -> Outcome:
    """The check in which the process was lost; it breaks the contract, also where it is advice or declared: no other can be trusted after
    it."""
    return Outcome(**began, level="must", status="failed", reason=told, traceback=lost.said)

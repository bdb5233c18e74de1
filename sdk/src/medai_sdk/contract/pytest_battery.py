"""The contract's checks as tests of pytest; they run together, once, in the process that `check_plugin` starts."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from medai.errors import MedaiError
from medai_sdk.contract.isolation.supervise import Planned, check_plugin, plan_of
from medai_sdk.contract.outcome import Outcome, Report
from medai_sdk.contract.text import summary_of, told


class ContractAdvice(UserWarning):
    """Advice of the contract that is not followed."""


class ContractBroken(Exception):
    """A check failed; its text is what pytest prints."""


class Battery:
    """The checks of one plugin: planned when tests are collected, run when the first is due, shared by all processes of pytest-xdist."""

    def __init__(self, config: pytest.Config, name: str, *, collected: bool) -> None:
        self.name, self._collected = name, collected
        self._least = config.getini("medai_least_checks")
        if self._least and not self._least.isdigit():
            raise pytest.UsageError(f"medai_least_checks is no number: {self._least!r}")
        # Processes of pytest-xdist do what their controller says, and share its folder.
        given = getattr(config, "workerinput", {})
        self._owns = "medai_folder" not in given
        self._folder = Path(tempfile.mkdtemp(prefix="medai-pytest-") if self._owns else given["medai_folder"])
        self._collected = given.get("medai_collected", collected)
        self._seen: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a process of pytest-xdist what is planned."""
        if self._collected:
            self.plan()
        node.workerinput.update(medai_folder=str(self._folder), medai_collected=self._collected)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the checks; before others select among the tests."""
        if self._collected:
            added = list(self._items(session))
            # So that they are counted.
            report = pytest.CollectReport(nodeid=self.name, outcome="passed", longrepr=None, result=list(added))
            session.config.hook.pytest_collectreport(report=report)
            items.extend(added)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which of the checks were asked for."""
        self._seen.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What was all skipped is not green."""
        report = self._known()
        if (
            report is not None
            and session.exitstatus == pytest.ExitCode.OK
            and not (report.ok if self._whole() else any(each.verdict for each in report.outcomes))
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """How many ran."""
        report = self._known()
        if report is not None:
            terminalreporter.section("medai contract")
            terminalreporter.write_line(summary_of(report))
            if not report.ran:
                terminalreporter.write_line("ERROR: no check came to a verdict, so nothing is known of the plugin", red=True)

    def pytest_unconfigure(self) -> None:
        """Clear up."""
        if self._owns:
            shutil.rmtree(self._folder, ignore_errors=True)

    def plan(self) -> tuple[Planned, ...]:
        """The checks that there are to make.

        Raises:
            pytest.UsageError: there is no such plugin, or it cannot be checked.
        """
        path = self._folder / "plan.json"
        if not path.exists():
            try:
                planned = plan_of(self.name)
            except MedaiError as error:
                raise pytest.UsageError(f"medai contract: {error}") from error
            path.write_text(json.dumps([asdict(each) for each in planned]), encoding="utf-8")
        return tuple(Planned(**each) for each in json.loads(path.read_text(encoding="utf-8")))

    def report(self, session: pytest.Session) -> Report:
        """What came of the checks; the first that asks runs them, and others wait."""
        path = self._folder / "report.json"
        with FileLock(self._folder / "lock"):
            if not path.exists():
                try:
                    record = check_plugin(self.name, only=self._only(session)).as_record()
                except MedaiError as error:
                    record = {"error": str(error)}
                path.write_text(json.dumps(record), encoding="utf-8")
        found = self._known()
        if found is None:
            raise ContractBroken(json.loads(path.read_text(encoding="utf-8"))["error"])
        return found

    def least(self) -> int:
        """How many checks have to come to a verdict."""
        return int(self._least) if self._least else len({(each.kind, each.subject) for each in self.plan()})

    def _known(self) -> Report | None:
        path = self._folder / "report.json"
        record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"error": "it has not run"}
        return None if "error" in record else Report.of(record)

    def _whole(self) -> bool:
        return {_node(self.name, each.kind, each.subject, each.check) for each in self.plan()} <= self._seen if self._collected else True

    def _only(self, session: pytest.Session) -> tuple[str, ...]:
        """What is selected, as `check_plugin` takes it; nothing where all is wanted."""
        checks = [item for item in session.items if isinstance(item, CheckItem)]
        uses_all = any(isinstance(item, EnoughItem) or "medai_report" in getattr(item, "fixturenames", ()) for item in session.items)
        if uses_all or len(checks) == len(self.plan()):
            return ()
        return tuple(sorted({item.planned.check for item in checks} | {item.planned.subject for item in checks}))

    def _items(self, session: pytest.Session) -> Iterator[pytest.Item]:
        root = Part.from_parent(session, name=self.name, nodeid=self.name)
        parts: dict[tuple[str, str], Part] = {}
        for each in self.plan():
            name = f"{each.kind} {each.subject}"
            if (each.kind, each.subject) not in parts:
                parts[each.kind, each.subject] = Part.from_parent(root, name=name, nodeid=f"{self.name}::{name}")
            yield CheckItem.from_parent(parts[each.kind, each.subject], name=each.check, battery=self, planned=each)
        yield EnoughItem.from_parent(root, name="enough-checks-ran", battery=self)


def _node(plugin: str, kind: str, subject: str, check: str) -> str:
    return f"{plugin}::{kind} {subject}::{check}"


class Part(pytest.Collector):
    """The plugin, or one of its components."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing: all is collected at once."""
        return iter(())


class CheckItem(pytest.Item):
    """One check of one subject."""

    def __init__(self, *, battery: Battery, planned: Planned, **rest: Any) -> None:
        super().__init__(**rest)
        self.battery, self.planned = battery, planned

    def runtest(self) -> None:
        """Say what came of it."""
        report = self.battery.report(self.session)
        outcome = _find(report, self.planned)
        if outcome is None:
            first = next((each for each in report.outcomes if each.breaks), None)
            raise ContractBroken(f"it did not run: {first.id}: {first.reason}" if first else "it did not run")
        if outcome.status == "not applicable":
            self._unless_lost(report, outcome)
            pytest.skip(outcome.reason)
        if outcome.status == "known":
            pytest.xfail(outcome.reason)
        if outcome.breaks:
            raise ContractBroken("\n".join(told(outcome, traceback=True)))
        if outcome.status == "failed":
            # Item.warn wants a line of a file, and there is none.
            warnings.warn_explicit(ContractAdvice(f"{outcome.id}: {' '.join(told(outcome))}"), None, self.nodeid, 1)

    def _unless_lost(self, report: Report, outcome: Outcome) -> None:
        """The check that took the process down may not be among the selected ones, and then nobody else says it."""
        for each in report.outcomes:
            same = (each.kind, each.subject) == (outcome.kind, outcome.subject)
            if same and outcome.reason == f"{each.check} did not come to an end" and each.breaks:
                if any(isinstance(item, CheckItem) and _find(report, item.planned) == each for item in self.session.items):
                    return
                raise ContractBroken("\n".join((each.id, *told(each, traceback=True))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *arguments: Any) -> Any:
        """What was wanted and seen, without a traceback of the kit."""
        return str(excinfo.value) if isinstance(excinfo.value, ContractBroken) else super().repr_failure(excinfo, *arguments)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Its name as a heading."""
        return self.path, None, f"{self.planned.kind} {self.planned.subject}: {self.planned.check}"


class EnoughItem(pytest.Item):
    """That the battery was one: something ran of each subject, and no fewer checks than wanted."""

    def __init__(self, *, battery: Battery, **rest: Any) -> None:
        super().__init__(**rest)
        self.battery = battery

    def runtest(self) -> None:
        """Count."""
        report, least = self.battery.report(self.session), self.battery.least()
        if report.untried:
            raise ContractBroken(f"none of the checks of {', '.join(report.untried)} came to a verdict")
        if report.ran < least:
            raise ContractBroken(f"{report.ran} checks came to a verdict, and {least} have to")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *arguments: Any) -> Any:
        """What is missing."""
        return str(excinfo.value) if isinstance(excinfo.value, ContractBroken) else super().repr_failure(excinfo, *arguments)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Its name as a heading."""
        return self.path, None, f"{self.battery.name}: {self.name}"


def _find(report: Report, planned: Planned) -> Outcome | None:
    wanted = (planned.check, planned.kind, planned.subject)
    return next((each for each in report.outcomes if (each.check, each.kind, each.subject) == wanted), None)

"""`medai plugin check`: what is printed, and the exit codes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from medai_sdk.cli import check
from medai_sdk.contract.outcome import Outcome, Report
from medai_sdk.contract.text import line_of, summary_of

Distribution = Callable[..., Path]

SOUND = """
from medai.api import LossSpec, hookimpl

@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="torch.nn:MSELoss", summary="The mean squared error.", task="restoration")]
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments)


def outcome(status: str, **rest: str) -> Outcome:
    given = {"check": "model.loss-falls", "kind": "model", "subject": "acme/net", "level": "must", "says": "the loss falls", **rest}
    return Outcome(status=status, **given)  # type: ignore[arg-type]


def test_a_plugin_that_keeps_the_contract(distribution: Distribution) -> None:
    distribution("medai-odd", SOUND)
    result = run("odd", "--only", "plugin")
    assert (result.exit_code, result.output) == (0, "medai-odd 0.1.0: 18 checks ran, 18 passed; 0 do not apply\n")
    lines = run("odd", "--only", "plugin.offers-something", "-v").output.splitlines()
    assert lines == ["ok     plugin odd: plugin.offers-something", "medai-odd 0.1.0: 1 checks ran, 1 passed; 0 do not apply"]


def test_a_plugin_that_breaks_it_exits_with_6(distribution: Distribution) -> None:
    folder = distribution("medai-odd", f"print('hello')\n{SOUND}")
    command = [sys.executable, "-m", "medai", "plugin", "check", "odd", "--only", "plugin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(folder)}, timeout=120)
    assert done.returncode == 6
    assert done.stdout.splitlines() == [
        "FAILED plugin odd: plugin.hooks-are-silent",
        "       wanted: neither its light module nor its hooks print anything",
        "       printed: 'hello'",
        "       mend: take the print away: programs read what commands print; medai list is one of them",
        "medai-odd 0.1.0: 18 checks ran, 17 passed, 1 failed; 0 do not apply",
    ]
    assert done.stderr == "error: medai-odd 0.1.0 does not keep the contract\n"


def test_without_a_name_or_with_a_wrong_one_it_exits_with_2() -> None:
    for arguments, said in [
        ((), "which plugin?"),
        (("nonesuch",), "there is no plugin 'nonesuch'"),
        (("ldct", "--only", "modle"), "did you mean model?"),
    ]:
        command = [sys.executable, "-m", "medai", "plugin", "check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 2
        assert said in done.stderr
        assert not done.stdout


def test_a_kind_is_all_that_is_checked_of_it(distribution: Distribution) -> None:
    distribution("medai-odd", SOUND)
    of_kind, of_id = (json.loads(run("odd", "--json", "--only", word).output)["outcomes"] for word in ("loss", "odd/mse"))
    assert [each["check"] for each in of_kind] == [each["check"] for each in of_id]
    assert {each["check"].partition(".")[0] for each in of_kind} == {"component", "loss"}


@pytest.mark.parametrize(
    ("only", "said"),
    [
        (("plugin", "odd/mse"), "--only takes ids and other names together, and no check of odd/mse is of plugin"),
        (("model", "metric"), "it has nothing of model and metric"),
        (("component.implements-runs",), "none of the 1 checks applies; -v says why"),
    ],
)
def test_why_nothing_was_checked_is_told(distribution: Distribution, only: tuple[str, ...], said: str) -> None:
    distribution("medai-odd", SOUND)
    result = run("odd", *(word for name in only for word in ("--only", name)))
    assert str(result.exception) == f"nothing of medai-odd 0.1.0 was checked: {said}"


def test_the_list_of_checks() -> None:
    result = run("--list", "--only", "plugin", "--only", "component.no-network")
    lines = result.output.splitlines()
    assert lines[-1] == "19 checks"
    assert any(line.split(maxsplit=1) == ["plugin.offers-something", "it offers at least one component, recipe or table"] for line in lines)
    assert any(line.startswith("plugin.is-typed ") and "(advice)" in line for line in lines)
    of_losses = {each["name"].partition(".")[0] for each in json.loads(run("--list", "--json", "--only", "loss").output)}
    assert of_losses == {"component", "loss"}
    listed = json.loads(run("--list", "--json").output)
    assert len({each["name"] for each in listed}) == len(listed) > 60
    assert all(each["says"] and each["level"] in ("must", "advice") for each in listed)
    assert "no check, kind or id is called 'modle': did you mean model" in str(run("--list", "--only", "modle").exception)


def test_a_terminal_is_told_what_is_running(distribution: Distribution) -> None:
    folder = distribution("medai-odd", SOUND)
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "medai", "plugin", "check", "odd", "--only", "plugin.offers-something"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "40"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, text=True, check=True, env=environment, timeout=120)
    os.close(terminal)
    shown = os.read(reader, 4096).decode()
    os.close(reader)
    assert "plugin odd: plugin.offers-something"[:39] in shown
    assert shown.endswith("\x1b[2K")
    assert done.stdout == "medai-odd 0.1.0: 1 checks ran, 1 passed; 0 do not apply\n"


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (outcome("passed"), []),
        (outcome("not applicable", reason="it learns nothing"), []),
        (outcome("known", reason="it is slow (1.0 to 1.1)"), ["known  model acme/net: model.loss-falls", "       it is slow (1.0 to 1.1)"]),
        (
            outcome("failed", level="advice", reason="1.0 to 1.1", mend="learn", traceback="Traceback"),
            [
                "advice model acme/net: model.loss-falls",
                "       wanted: the loss falls",
                "       1.0 to 1.1",
                "       mend: learn",
            ],
        ),
    ],
)
def test_what_is_printed_of_an_outcome(found: Outcome, lines: list[str]) -> None:
    assert list(line_of(found)) == lines
    assert list(line_of(found, verbose=True))[1:] == [
        *(lines[1:] or [f"       {line}" for line in found.reason.splitlines()]),
        *(f"       {line}" for line in found.traceback.splitlines()),
    ]


def test_a_report_is_no_better_than_what_ran() -> None:
    nothing = Report("acme", "medai-acme 1", ())
    skipped = Report("acme", "medai-acme 1", (outcome("passed"), outcome("not applicable", kind="loss", subject="acme/l1")))
    assert not nothing.ok
    assert (skipped.ok, skipped.untried) == (False, ("loss acme/l1",))
    assert summary_of(skipped) == "medai-acme 1: 1 checks ran, 1 passed; 1 do not apply; of loss acme/l1 none ran"
    assert Report("acme", "medai-acme 1", (outcome("passed"), outcome("known"), outcome("failed", level="advice"))).ok
    silenced = Report("acme", "medai-acme 1", (outcome("known"), outcome("not applicable")))
    assert not silenced.ok
    assert not Report("acme", "medai-acme 1", (outcome("failed"),)).ok
    assert Report.of(skipped.as_record()) == skipped

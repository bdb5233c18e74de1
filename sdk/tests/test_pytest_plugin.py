"""The contract as tests of pytest: opt-in, planned without a run, run once, never green when nothing ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

# importlib_metadata, which comes with it, replaces a finder of the process for good; pytester would take the import in a run back.
import medai_sdk.contract.pytest_battery  # noqa: F401
from medai_sdk import Outcome, Report

pytest_plugins = ["pytester"]

PLANNED = (
    ("plugin", "acme", "plugin.can-be-loaded", "passed", "must", ""),
    ("model", "acme/net", "component.target-resolves", "passed", "must", ""),
    ("model", "acme/net", "model.finite-gradients", "failed", "must", "the gradient of bias is nan"),
    ("model", "acme/net", "model.loss-falls", "not applicable", "must", "it learns nothing"),
    ("loss", "acme/l1", "component.target-resolves", "passed", "must", ""),
    ("loss", "acme/l1", "component.states-its-source", "failed", "advice", "no source is stated"),
    ("loss", "acme/l1", "loss.repeats-itself", "known", "must", "it draws (0.1 and 0.2)"),
)


@pytest.fixture
def acme(pytester: pytest.Pytester) -> Callable[..., None]:
    """`acme(rows)`: a plugin whose battery is played from rows; each run of it is noted in runs.txt."""

    def play(rows: tuple[tuple[str, str, str, str, str, str], ...] = PLANNED, settings: str = "medai_plugin = medai-acme") -> None:
        pytester.makeini(f"[pytest]\n{settings}\n")
        program = f"""
            import json
            import pytest
            from medai_sdk import Outcome, Report
            from medai_sdk.contract import pytest_battery
            from medai_sdk.contract.isolation.supervise import Planned

            ROWS = json.loads({json.dumps(json.dumps(rows))})

            def plan(name):
                return tuple(Planned(kind=kind, subject=subject, check=check, says="") for kind, subject, check, *_ in ROWS)

            def check(name, only=()):
                with open({str(pytester.path / "runs.txt")!r}, "a") as file:
                    file.write(" ".join(only) + "\\n")
                wanted = [row for row in ROWS if not only or (row[1] in only and row[2] in only)]
                outcomes = [
                    Outcome(kind=kind, subject=subject, check=check, status=status, level=level, reason=reason, says="what is wanted")
                    for kind, subject, check, status, level, reason in wanted
                ]
                return Report("acme", "medai-acme 1.0", tuple(outcomes))

            pytest_battery.plan_of, pytest_battery.check_plugin = plan, check
        """
        pytester.makeconftest(textwrap.dedent(program))
        pytester.makepyfile(test_own="def test_own():\n    pass\n")

    return play


def runs(pytester: pytest.Pytester) -> list[str]:
    path = pytester.path / "runs.txt"
    return path.read_text().splitlines() if path.exists() else []


def test_each_check_is_a_test_with_its_outcome(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    result = pytester.runpytest_inprocess("-v", "-rsx")
    result.assert_outcomes(passed=6, failed=1, skipped=1, xfailed=1, warnings=1)
    result.stdout.fnmatch_lines(
        [
            "*collected 9 items",
            "test_own.py::test_own PASSED*",
            "medai-acme::plugin acme::plugin.can-be-loaded PASSED*",
            "medai-acme::model acme/net::model.finite-gradients FAILED*",
            "medai-acme::loss acme/l1::component.states-its-source PASSED*",
            "medai-acme::enough-checks-ran PASSED*",
            "*model acme/net: model.finite-gradients*",
            "wanted: what is wanted",
            "the gradient of bias is nan",
            "*ContractAdvice: loss acme/l1: component.states-its-source: wanted: what is wanted no source is stated",
            "medai-acme 1.0: 6 checks ran, 3 passed, 1 failed, 1 failed as declared, 1 gave advice; 1 do not apply",
            "SKIPPED*it learns nothing",
            "XFAIL medai-acme::loss acme/l1::loss.repeats-itself - it draws (0.1 and 0.2)",
        ]
    )
    assert runs(pytester) == [""]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_all_is_green_when_all_is_well(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme(tuple(row for row in PLANNED if row[3] == "passed"))
    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_collecting_runs_nothing(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    result = pytester.runpytest_inprocess("--collect-only", "-q")
    result.stdout.fnmatch_lines(["medai-acme::model acme/net::model.finite-gradients"])
    assert not runs(pytester)


def test_a_selection_runs_what_is_selected(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    result = pytester.runpytest_inprocess("-k", "target-resolves and acme/net")
    result.assert_outcomes(passed=1, deselected=8)
    assert runs(pytester) == ["acme/net component.target-resolves"]
    assert result.ret == pytest.ExitCode.OK


def test_processes_of_xdist_share_one_run(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    result = pytester.runpytest_subprocess("-n", "2")
    result.assert_outcomes(passed=6, failed=1, skipped=1, xfailed=1, warnings=1)
    result.stdout.fnmatch_lines(["medai-acme 1.0: 6 checks ran, *"])
    assert runs(pytester) == [""]


@pytest.mark.parametrize("arguments", [(), ("-k", "loss-falls")], ids=["all", "one"])
def test_what_is_all_skipped_is_not_green(pytester: pytest.Pytester, acme: Callable[..., None], arguments: tuple[str, ...]) -> None:
    acme(tuple(row for row in PLANNED if row[3] == "not applicable"))
    result = pytester.runpytest_inprocess(*arguments)
    result.stdout.fnmatch_lines(["ERROR: no check came to a verdict, so nothing is known of the plugin"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_component_of_which_nothing_ran_is_not_green(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme(tuple(row for row in PLANNED if row[3] == "not applicable" or row[1] == "acme"))
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(["none of the checks of model acme/net came to a verdict"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_fewer_checks_than_wanted_are_not_green(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme(tuple(row for row in PLANNED if row[3] == "passed"), "medai_plugin = medai-acme\nmedai_least_checks = 4")
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["3 checks came to a verdict, and 4 have to"])


def test_the_setting_waits_where_files_are_named_and_the_option_does_not(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    pytester.runpytest_inprocess("test_own.py").assert_outcomes(passed=1)
    assert not runs(pytester)
    pytester.runpytest_inprocess("test_own.py", "--medai-plugin", "medai-acme", "-k", "own or can-be-loaded").assert_outcomes(
        passed=2, deselected=7
    )


def test_the_report_is_a_fixture(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    pytester.makepyfile(test_own="def test_own(medai_report):\n    assert medai_report.ran == 6\n    assert not medai_report.ok\n")
    pytester.runpytest_inprocess("test_own.py").assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-k", "own or can-be-loaded").assert_outcomes(passed=2, deselected=7)
    assert runs(pytester) == ["", ""]


def test_a_lost_check_that_is_not_selected_is_said_by_those_that_are(pytester: pytest.Pytester, acme: Callable[..., None]) -> None:
    acme()
    lost = Outcome(check="component.target-resolves", kind="model", subject="acme/net", level="must", status="failed", reason="it hangs")
    after = Outcome(
        check="model.loss-falls",
        kind="model",
        subject="acme/net",
        level="must",
        status="not applicable",
        reason="component.target-resolves did not come to an end",
    )
    record = json.dumps(Report("acme", "medai-acme 1.0", (lost, after)).as_record())
    with (pytester.path / "conftest.py").open("a") as file:
        file.write(f"\npytest_battery.check_plugin = lambda name, only=(): Report.of(json.loads({record!r}))\n")
    result = pytester.runpytest_inprocess("-k", "loss-falls")
    result.assert_outcomes(failed=1, deselected=8)
    result.stdout.fnmatch_lines(["model acme/net: component.target-resolves", "it hangs"])


def test_what_cannot_be_asked_is_a_usage_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_own="def test_own(medai_report):\n    pass\n")
    result = pytester.runpytest_subprocess("--medai-plugin", "medai-nonesuch")
    result.stderr.fnmatch_lines(["ERROR: medai contract: there is no plugin 'medai-nonesuch'*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*medai_report: name the plugin, by medai_plugin in the settings or by --medai-plugin*"])
    pytester.makeini("[pytest]\nmedai_plugin = medai-ldct\nmedai_least_checks = many\n")
    result = pytester.runpytest_subprocess()
    result.stderr.fnmatch_lines(["ERROR: medai_least_checks is no number: 'many'"])


def test_a_real_plugin(pytester: pytest.Pytester, distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = distribution("medai-odd", "print('hello')\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    result = pytester.runpytest_subprocess("--medai-plugin", "odd", "-k", "plugin.hooks-are-silent")
    result.assert_outcomes(failed=1, deselected=18)
    result.stdout.fnmatch_lines(["printed: 'hello'", "medai-odd 0.1.0: 1 checks ran, 0 passed, 1 failed; 0 do not apply"])


def test_pytest_pays_nothing_for_it_unless_asked(tmp_path: Path) -> None:
    names = "sorted(name for name in sys.modules if name.startswith(('medai', 'torch', 'numpy')))"
    program = f"import sys; import medai_sdk.pytest_plugin; print({names})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": ""})
    assert done.stdout.strip() == "['medai_sdk', 'medai_sdk.pytest_plugin']"

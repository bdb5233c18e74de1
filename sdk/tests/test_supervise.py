"""The process in which checks run: whatever a plugin does to it is said by the name of a check, and the caller lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai.errors import EnvironmentFault, PluginError, UsageError
from medai_sdk import Report, check_plugin
from medai_sdk.contract.isolation import process

Distribution = Callable[..., Path]

PLUGIN = """
from medai.api import LossSpec, hookimpl

@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="torch.nn:MSELoss", summary="The mean squared error.", task="restoration")]
"""


def failed(report: Report) -> dict[str, str]:
    return {each.check: each.reason for each in report.outcomes if each.breaks}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\nos._exit(3)\n", "it ended the process, with code 3"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "it ended the process, by SIGSEGV"),
        ("import sys\nsys.exit(4)\n", "it is failed: SystemExit: 4"),
        ("import medai.nothing\n", "it is failed: ModuleNotFoundError: No module named 'medai.nothing'"),
        ("import os\nos.close(int(__import__('sys').argv[1]))\nimport time\ntime.sleep(60)\n", "it closed the files of the process"),
    ],
    ids=["exits at once", "crashes", "exits", "cannot be imported", "closes the pipe"],
)
def test_an_import_that_goes_wrong(distribution: Distribution, monkeypatch: pytest.MonkeyPatch, source: str, reason: str) -> None:
    monkeypatch.setattr(process, "_GRACE", 0.5)
    distribution("medai-odd", source)
    report = check_plugin("odd", only=["plugin.can-be-loaded"])
    assert list(failed(report)) == ["plugin.can-be-loaded"]
    assert failed(report)["plugin.can-be-loaded"].startswith(reason)
    assert not report.ok


def test_an_import_that_hangs_says_where(distribution: Distribution) -> None:
    distribution("medai-odd", "import time\n\ntime.sleep(600)\n")
    began = time.monotonic()
    report = check_plugin("medai-odd", seconds=2)
    assert time.monotonic() - began < 60
    (outcome,) = report.outcomes
    assert (outcome.check, outcome.status) == ("plugin.can-be-loaded", "failed")
    assert outcome.reason == "it takes longer than 2 s; it was in <module> (plugin.py, line 3)"
    assert "medai_odd/plugin.py" in outcome.traceback
    assert "line 3 in <module>" in outcome.traceback


def test_an_import_that_prints_without_end_is_ended(distribution: Distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_MOST_OUTPUT", 100_000)
    distribution("medai-odd", "while True:\n    print('x' * 1000)\n")
    assert failed(check_plugin("odd"))["plugin.can-be-loaded"].startswith("it printed more than")


def test_what_it_started_is_ended_too(distribution: Distribution, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    lines = [
        "import os, subprocess",
        "child = subprocess.Popen(['sleep', '600'])",
        f"open({str(told)!r}, 'w').write(str(child.pid))",
        "os._exit(0)",
    ]
    distribution("medai-odd", "\n".join(lines))
    check_plugin("odd")
    assert _ends(int(told.read_text()))


def test_a_child_that_comes_back_says_nothing(distribution: Distribution) -> None:
    # It would go on with the checks as its parent does, and say everything twice.
    distribution("medai-odd", f"import os\nos.fork()\n{PLUGIN}")
    report = check_plugin("odd", only=["plugin.can-be-loaded", "plugin.offers-something"])
    assert [each.check for each in report.outcomes] == ["plugin.can-be-loaded", "plugin.offers-something"]
    assert report.ok


def test_what_a_component_wrote_is_gone_when_the_next_is_checked(
    distribution: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The runs of a plugin's recipes, all of them at once, have filled a disk.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    second = 'LossSpec(name="next", target="medai_odd.after:Loss", summary="It sees what is there.", task="restoration")'
    lines = [
        "import pathlib",
        f"there = sorted(path.name for path in pathlib.Path({str(tmp_path)!r}).glob('medai-check-*/work/loss/*'))",
        "raise RuntimeError(f'there is {there}')",
    ]
    distribution("medai-odd", PLUGIN.replace(")]", f"), {second}]"), {"medai_odd/after.py": "\n".join(lines)})
    report = check_plugin("odd", only=["component.target-resolves", "loss.gives-scalars"])
    assert [each.status for each in report.outcomes if each.subject == "odd/mse"] == ["passed", "passed"]
    assert "there is ['next']" in failed(report)["component.target-resolves"]


def test_an_interrupt_ends_the_worker_and_leaves_nothing(distribution: Distribution, tmp_path: Path) -> None:
    folder = distribution("medai-odd", "import time\ntime.sleep(600)\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(folder), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "medai", "plugin", "check", "odd"]
    # A process that was started with `&` ignores interrupts, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as checking:
        signal.signal(signal.SIGINT, before)
        worker = _wait_for_worker(scratch)
        checking.send_signal(signal.SIGINT)
        _, said = checking.communicate(timeout=240)
    assert (checking.returncode, said.strip()) == (130, "stopped")
    assert not list(scratch.glob("medai-check-*"))
    assert _ends(worker)


def test_a_caller_that_is_killed_takes_the_worker_with_it(distribution: Distribution, tmp_path: Path) -> None:
    folder = distribution("medai-odd", "import time\ntime.sleep(600)\n")
    environment = {**os.environ, "PYTHONPATH": str(folder), "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "medai", "plugin", "check", "odd"], env=environment) as checking:
        worker = _wait_for_worker(tmp_path)
        checking.kill()
    assert _ends(worker)


def test_it_can_be_called_from_a_thread_and_from_a_script_without_a_guard(distribution: Distribution, tmp_path: Path) -> None:
    folder = distribution("medai-odd", PLUGIN)
    found: list[Report] = []
    thread = threading.Thread(target=lambda: found.append(check_plugin("odd", only=["plugin.offers-something"])))
    thread.start()
    script = tmp_path / "script.py"
    # No guard, a path of its own, and a name that stands in the way of nothing.
    lines = [
        f"import sys; sys.path.insert(0, {str(folder)!r})",
        "from medai_sdk import check_plugin",
        "print(check_plugin('odd', only=['plugin.offers-something']).counts())",
    ]
    script.write_text("\n".join(lines))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    thread.join()
    assert done.stdout.startswith("{'passed': 1"), done.stderr
    assert [report.counts()["passed"] for report in found] == [1]


def test_a_worker_that_cannot_be_started_is_the_machines_fault(distribution: Distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution("medai-odd", PLUGIN)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(EnvironmentFault, match=r"cannot be started: .*nowhere"):
        check_plugin("odd")


def test_another_plugin_that_is_broken_is_not_in_the_way(distribution: Distribution) -> None:
    distribution("medai-hangs", "import time\ntime.sleep(600)\n")
    distribution("medai-odd", PLUGIN)
    assert check_plugin("odd", only=["plugin.can-be-loaded"], seconds=30).ok


def test_names_that_are_not_there(distribution: Distribution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution("medai-oddity", PLUGIN)
    distribution("medai-elsewhere", PLUGIN, group="medai.v2")
    with pytest.raises(UsageError, match="no plugin 'odity': did you mean oddity"):
        check_plugin("odity")
    with pytest.raises(UsageError, match=r"medai-elsewhere is installed, but it has entry points in medai.v2 alone"):
        check_plugin("medai-elsewhere")
    with pytest.raises(UsageError, match=r"no pyproject.toml, so this is no plugin's folder"):
        check_plugin(f"{tmp_path}/")
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "oddity")
    with pytest.raises(PluginError, match="is disabled: MEDAI_DISABLE_PLUGINS names it"):
        check_plugin("oddity")


def test_a_folder_stands_for_the_project_in_it(distribution: Distribution, tmp_path: Path) -> None:
    distribution("medai-odd", PLUGIN)
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "medai_odd"\n')
    assert check_plugin(str(project), only=["plugin.offers-something"]).plugin == "odd"
    (project / "pyproject.toml").write_text('[project]\nname = "medai-absent"\n')
    with pytest.raises(UsageError, match=r"medai-absent is not installed, or has no entry point in the group medai.v1: pip install -e"):
        check_plugin(str(project))


def test_what_is_printed_does_not_disturb_the_json(distribution: Distribution) -> None:
    folder = distribution("medai-odd", f"import sys\nprint('hello')\nprint('to whom', file=sys.stderr)\n{PLUGIN}")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "medai", "plugin", "check", "odd", "--only", "plugin", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 6
    assert done.stderr == "error: medai-odd 0.1.0 does not keep the contract\n"
    assert [each["check"] for each in report["outcomes"] if each["status"] == "failed" and each["level"] == "must"] == [
        "plugin.hooks-are-silent"
    ]


def _wait_for_worker(scratch: Path) -> int:
    """The worker's process, found by the folder that it stands in."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for each in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if each.resolve().is_relative_to(scratch.resolve()):
                    return int(each.parent.name)
            except OSError:
                continue
        time.sleep(0.05)
    raise AssertionError("no worker was started")


def _ends(pid: int) -> bool:
    """Whether the process is gone, or a zombie, soon."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_the_caller_s_caches_and_home_stay_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TORCHINDUCTOR_CACHE_DIR", "HF_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "/somewhere")
    environment = process._environment(tmp_path)
    assert "/somewhere" not in environment.values()
    assert Path(environment["HOME"]) == tmp_path / "home"
    assert Path(environment["XDG_CACHE_HOME"]).parent == Path(environment["TMPDIR"]) == tmp_path / "work"
    assert environment["PYTHONPATH"].split(os.pathsep) == [os.path.abspath(each) for each in sys.path]

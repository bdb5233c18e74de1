"""The Makefile's targets, and what continuous integration calls."""

from __future__ import annotations

import os
import subprocess

import pytest
from workspace import ROOT

TARGETS = (
    "run",
    "test",
    "lint",
    "types",
    "imports",
    "unit",
    "docs",
    "wheels",
    "bench",
    "surface",
    "constraints",
    "format",
    "clean",
    "help",
)


def plan(*targets: str) -> str:
    """What make would do; flags of a make around this process would mix in."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    done = subprocess.run(["make", "-n", "-o", ".venv/installed", *targets], cwd=ROOT, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_target_exists_and_is_in_the_help(target: str) -> None:
    plan(target)
    text = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert any(line.split()[:1] == [target] for line in text.splitlines())


def test_make_test_runs_every_check() -> None:
    steps = plan("test")
    for check in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest", "mkdocs build --strict"):
        assert check in steps


def test_make_run_is_the_main_job() -> None:
    assert "medai run ldct/edcnn" in plan("run")


def test_continuous_integration_calls_make_test() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert os.access(script, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-1] == "make test"

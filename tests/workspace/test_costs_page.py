"""The page on what a model costs: its commands run, and it names every option of `medai bench`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents import commands
from workspace import ROOT

from medai._cli import cli

PAGE = ROOT / "docs" / "costs.md"
# The last of an option counts: a small input, once.
SHORT = ("--size", "32", "--batch", "1", "--repeats", "1")


@pytest.mark.slow
@pytest.mark.parametrize("line", commands(PAGE))
def test_commands_of_the_page_run(line: str, tmp_path: Path) -> None:
    assert line.startswith("medai bench ")
    command = [sys.executable, "-m", *shlex.split(line), *SHORT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0 and "ldct/edcnn" in done.stdout, done.stderr


def test_every_option_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    command = cli.get_command(None, "bench")  # type: ignore[arg-type]
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert len(options) > 10 and [option for option in options if option not in text] == []

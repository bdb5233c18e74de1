"""The page on rebuilding a table: its commands run, and it names every option of `medai reproduce`."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import commands
from workspace import ROOT

from medai._cli import cli
from medai._discovery import load_target, registry

PAGE = ROOT / "docs" / "reproduce.md"
NETWORK = "from torch import nn\n\nclass Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(1, 1, 3, padding=1)\n"


@pytest.mark.slow
def test_commands_of_the_page_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(NETWORK, encoding="utf-8")
    for name, dataset in (("pairs", "ldct/aapm-mayo-2016"), ("normal", "ldct/simulated-ct")):
        (tmp_path / name).mkdir()
        target: Any = load_target(registry().find("dataset", dataset))
        target.write_stub(tmp_path / name, 16, 0)
    tried = [line for line in commands(PAGE) if line.startswith("medai reproduce ")]
    assert len(tried) == 7 and tried == commands(PAGE)
    for line in tried:
        words = shlex.split(line.replace("cuda", "cpu").replace("simulated-ct:FOLDER", "simulated-ct:normal").replace("FOLDER", "pairs"))
        words += ["--row", "LDCT"] if "--data" in line else ["--stub", "--row", "LDCT"]
        done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if "--cases" in line:
            shutil.copytree(tmp_path / "inputs", tmp_path / "predictions")
    cells = json.loads((tmp_path / "reproductions" / "ldct-table-4-stub" / "table.json").read_text(encoding="utf-8"))["cells"]
    measured = {(cell["row"], cell["column"]): cell["measured"] for cell in cells}
    # What was given back as predictions are the inputs.
    assert measured["nnunet", "PSNR"] == pytest.approx(measured["LDCT", "PSNR"], abs=1e-4)


def test_every_option_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    command = cli.get_command(None, "reproduce")  # type: ignore[arg-type]
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    told = {"--workers", "--json"}  # as of every command
    assert len(options) > 10 and [option for option in options - told if option not in text] == []

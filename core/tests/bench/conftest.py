"""The command line in this process, with the core and the plugin of one file beside this one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from medai._bench import rows
from medai._cli import main
from medai._discovery import configure

TOYS = Path(__file__).with_name("benchtoys.py")


class Ended(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Medai = Callable[..., Ended]


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The toys alone are installed; memory is not measured, which takes a process for each row."""
    for switch in ("MEDAI_PLUGINS", "MEDAI_DISABLE_PLUGINS", "MEDAI_STRICT_PLUGINS"):
        monkeypatch.delenv(switch, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(rows, "can_be_told", lambda: False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    configure(no_plugins=True, files=[TOYS])
    yield TOYS
    torch.set_num_threads(threads)
    configure()


@pytest.fixture
def medai(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Medai:
    """`medai ARGUMENTS` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--no-plugins", "--plugin", str(toys), *arguments])
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    return run

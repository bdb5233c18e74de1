"""The command line in this process, with the core and the plugin of one file beside this one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from medai._cli import main
from medai._discovery import configure

SWITCHES = ("MEDAI_PLUGINS", "MEDAI_DISABLE_PLUGINS", "MEDAI_STRICT_PLUGINS")


class Ended(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Medai = Callable[..., Ended]


@pytest.fixture
def medai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Medai]:
    """`medai ARGUMENTS` in an empty folder; its run folders are under `runs`."""
    for switch in SWITCHES:
        monkeypatch.delenv(switch, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--no-plugins", "--plugin", str(Path(__file__).with_name("clitoys.py")), *arguments])
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    yield run
    torch.set_num_threads(threads)
    configure()

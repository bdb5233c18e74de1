"""`medai` in this process, with the core and the table beside this file alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from medai._cli import main
from medai._discovery import configure


class Ended(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def reproduce(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Ended]]:
    """`medai reproduce ARGUMENTS` in an empty folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        toys = str(Path(__file__).with_name("tabletoys.py"))
        with pytest.raises(SystemExit) as ended:
            main(["--no-plugins", "--plugin", toys, "reproduce", *arguments, "--device", "cpu"])
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, *capsys.readouterr())

    yield run
    torch.set_num_threads(threads)
    configure()

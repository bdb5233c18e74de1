"""The command line with the core and the toys beside this file alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from medai._bench import rows
from medai._discovery import configure

TOYS = Path(__file__).with_name("benchtoys.py")


@pytest.fixture
def medai(command_line: Callable[[Path], Callable[..., Any]], toys: Path) -> Callable[..., Any]:
    """`medai ARGUMENTS` in an empty folder."""
    return command_line(toys)


@pytest.fixture
def toys(command_line: Callable[[Path], Callable[..., Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toys alone are installed; memory is not measured, which takes a process for each row."""
    monkeypatch.setattr(rows, "can_be_told", lambda: False)
    configure(no_plugins=True, files=[TOYS])
    return TOYS

"""The command line with the core and the plugin of one file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Medai = Callable[..., Any]


@pytest.fixture
def medai(command_line: Callable[[Path], Medai]) -> Medai:
    """`medai ARGUMENTS` in an empty folder; its run folders are under `runs`."""
    return command_line(Path(__file__).with_name("clitoys.py"))

"""`medai reproduce` with the core and the table beside this file alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def reproduce(command_line: Callable[[Path], Callable[..., Any]]) -> Callable[..., Any]:
    """`medai reproduce ARGUMENTS` on the CPU, unless another device is given, in an empty folder."""
    medai = command_line(Path(__file__).with_name("tabletoys.py"))
    return lambda *arguments: medai("reproduce", *([] if "--device" in arguments else ["--device", "cpu"]), *arguments)

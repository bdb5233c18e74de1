"""The engine's tests run with the core and the small plugin beside this file, and with no other plugin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from medai._discovery import Registry
from medai._discovery.load import load_all

# Loaded once, before the tests import it, so that its classes are the ones that the registry gives.
_LOADED = load_all(no_plugins=True, files=[Path(__file__).with_name("enginetoys.py")])


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    # By name: in the package, `registry` is the function.
    monkeypatch.setattr(sys.modules["medai._discovery.registry"], "_registry", Registry(_LOADED))
    yield
    torch.set_num_threads(threads)

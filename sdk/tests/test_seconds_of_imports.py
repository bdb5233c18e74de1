"""`--seconds` holds for the import of a component; its libraries alone may take longer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from medai_sdk import check_plugin

PLUGIN = """
from medai.api import LossSpec, hookimpl

@hookimpl
def medai_losses():
    return [LossSpec(name="mse", target="TARGET", summary="The mean squared error.", task="restoration")]
"""
LIBRARY = "import time\ntime.sleep(2.5)\nfrom torch.nn import MSELoss\n"
HANGS = "import time\n\n\ndef wait():\n    time.sleep(600)\n\n\nwait()\n"


@pytest.mark.parametrize(
    ("target", "module", "reason"),
    [
        ("medai_slow.loss:MSELoss", "from medai_slow import hanging\n", "it takes longer than 1 s; it was in wait (hanging.py, line 5)"),
        ("medai_slow.loss:MSELoss", "import slow_library\nfrom slow_library import MSELoss\n", ""),
        ("slow_library:MSELoss", "", ""),
    ],
    ids=["its own code hangs", "its library is slow", "it is a library's"],
)
def test_an_import_has_its_seconds(distribution: Callable[..., Path], target: str, module: str, reason: str) -> None:
    files = {"slow_library.py": LIBRARY, "medai_slow/loss.py": module, "medai_slow/hanging.py": HANGS}
    distribution("medai-slow", PLUGIN.replace("TARGET", target), files)
    (outcome,) = check_plugin("slow", only=["component.target-resolves"], seconds=1).outcomes
    assert (outcome.status, outcome.reason) == ("failed" if reason else "passed", reason)


def test_a_library_has_no_more_than_its_own(distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from medai_sdk.contract.isolation import supervise

    monkeypatch.setattr(supervise, "imports_library", lambda dump, roots: False)
    distribution("medai-slow", PLUGIN.replace("TARGET", "slow_library:MSELoss"), {"slow_library.py": LIBRARY})
    (outcome,) = check_plugin("slow", only=["component.target-resolves"], seconds=1).outcomes
    assert (outcome.status, outcome.reason) == ("failed", "it takes longer than 1 s")

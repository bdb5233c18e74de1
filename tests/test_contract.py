"""Every plugin of the workspace keeps the contract that plugins of others are held to, with no failure that is not declared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

# By kind, so that two processes share the work: a plugin's models and recipes cost most.
PARTS = [
    ("medai", ()),
    ("medai-annotation", ("model",)),
    ("medai-annotation", ("recipe",)),
    ("medai-annotation", ("plugin", "dataset", "loss", "metric", "exporter", "table")),
    ("medai-breast", ("model",)),
    ("medai-breast", ("recipe",)),
    ("medai-breast", ("plugin", "dataset", "loss", "metric", "table")),
    ("medai-ldct", ("model", "loss")),
    ("medai-ldct", ("recipe",)),
    ("medai-ldct", ("plugin", "dataset", "metric", "table")),
    ("medai-rna", ("model", "loss")),
    ("medai-rna", ("recipe",)),
    ("medai-rna", ("plugin", "dataset", "metric", "exporter")),
    ("medai-standard", ("model",)),
    ("medai-standard", ("recipe",)),
    ("medai-standard", ("dataset", "loss", "table")),
    ("medai-standard", ("plugin", "metric", "exporter")),
]

LACKING = {
    "medai-annotation": {"task"},
    "medai-breast": {"task", "exporter"},
    "medai-ldct": {"task", "exporter"},
    "medai-rna": {"task", "table"},
    "medai-standard": {"task"},
}
"""Kinds that a plugin has none of."""


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "kinds"), PARTS, ids=lambda value: value if isinstance(value, str) else "-".join(value))
def test_the_contract_is_kept(plugin: str, kinds: tuple[str, ...]) -> None:
    wanted = [word for kind in kinds for word in ("--only", kind)]
    command = [sys.executable, "-m", "medai", "plugin", "check", plugin, "--json", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=1500, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    broken = [f"{each['kind']} {each['subject']}: {each['check']}: {each['reason']}" for each in report["outcomes"] if _breaks(each)]
    assert not broken, "\n".join(broken)
    assert report["ok"] and done.returncode == 0
    assert report["ran"] > 20


def _breaks(outcome: dict[str, Any]) -> bool:
    return outcome["status"] == "failed" and outcome["level"] == "must"


def test_no_kind_is_left_out() -> None:
    from medai._discovery.hooks import KINDS

    for plugin, lacking in LACKING.items():
        looked_at = [kind for name, kinds in PARTS for kind in kinds if name == plugin]
        assert set(looked_at) >= {"plugin", *KINDS} - lacking
        # With a kind goes all that is checked of it.
        assert len(looked_at) == len(set(looked_at))

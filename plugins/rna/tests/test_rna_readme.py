"""The README names what the plugin offers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from medai_rna import plugin

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.parametrize("hook", ["medai_recipes", "medai_datasets", "medai_metrics", "medai_exporters"])
def test_everything_is_named(hook: str) -> None:
    text = README.read_text(encoding="utf-8")
    names = [offer.name for offer in getattr(plugin, hook)()]
    assert names and [name for name in names if f"`rna/{name}`" not in text] == []


def test_the_engine_answers_as_it_is_shown() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (shown,) = (block for block in blocks if "Folding(" in block)
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    held, best, *others = done.stdout.splitlines()
    assert held == ".(((....)))............."
    assert best == "((((....))))...(((...))) -8.5 kcal/mol" and others[0].endswith(" kcal/mol")
    assert len([line for line in others if "kcal" not in line]) == 5 and all(len(line.split()[0]) == 24 for line in others)

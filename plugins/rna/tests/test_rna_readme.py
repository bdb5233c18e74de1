"""The README names what the plugin offers."""

from __future__ import annotations

from pathlib import Path

import pytest

from medai_rna import plugin

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.parametrize("hook", ["medai_recipes", "medai_datasets", "medai_metrics", "medai_exporters"])
def test_everything_is_named(hook: str) -> None:
    text = README.read_text(encoding="utf-8")
    names = [offer.name for offer in getattr(plugin, hook)()]
    assert names and [name for name in names if f"`rna/{name}`" not in text] == []

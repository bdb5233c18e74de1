"""The seven are what their authors would be held to: of the contract, what takes no training."""

from __future__ import annotations

from pathlib import Path

import pytest

from medai_sdk import check_plugin

HERE = Path(__file__).parent
PLUGINS = sorted(path.parent.name for path in HERE.glob("*/*.dist-info"))
QUICK = (
    *("plugin.targets-are-its-own", "plugin.requires-medai", "component.parameters-typed", "component.parameters-documented"),
    *("dataset.survives-a-damaged-file", "dataset.ids-tell-no-path", "dataset.images-have-a-unit", "dataset.view-hands-on-what-is-known"),
)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_it_keeps_the_contract(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE / plugin)
    report = check_plugin(plugin, only=QUICK)
    assert not [f"{each.id}: {each.reason}" for each in report.outcomes if each.breaks]
    assert report.ran >= 10


def test_all_seven_are_held_to_it() -> None:
    assert len(PLUGINS) == 7

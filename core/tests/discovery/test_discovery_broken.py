"""A plugin that breaks its contract becomes a record that says why; the plugins beside it load."""

from __future__ import annotations

from typing import Any

import pytest

from medai.errors import PluginError

GOOD = "medai-good"


@pytest.mark.parametrize(
    ("source", "reason", "in_traceback"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck", "raise RuntimeError('no luck')"),
        ("import sys\nsys.exit(3)", "SystemExit: 3", "sys.exit(3)"),
        ("def f():\n    f()\nf()", "RecursionError: maximum recursion depth exceeded", "f()"),
        ("def f(:\n", "SyntaxError: ", "def f(:"),
        ("import medai_does_not_exist", "ModuleNotFoundError: No module named 'medai_does_not_exist'", "import medai_does_not_exist"),
    ],
    ids=["raises", "exits", "recurses", "syntax-error", "lacks-module"],
)
def test_import_that_fails(site: Any, source: str, reason: str, in_traceback: str) -> None:
    module = site.install("medai-bad", source)
    site.install(GOOD)
    found = site.discover()
    bad, good = (record for record in found.plugins if record.name in ("bad", "good"))
    assert (bad.status, bad.distribution, bad.version) == ("failed", "medai-bad", "1.0")
    assert bad.reason.startswith(reason)
    assert in_traceback in bad.traceback
    assert f"{module}.py" in bad.traceback
    assert len(bad.traceback.splitlines()) < 100
    assert good.status == "ok"
    assert found.find("model", "good/net").plugin == good
    assert not [entry for entry in found.entries() if entry.plugin == bad]


def test_keyboard_interrupt_passes(site: Any) -> None:
    site.install("medai-bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.discover()


def test_what_a_plugin_prints_on_import_goes_to_stderr(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    site.install(
        "medai-loud", "print('hello')\nfrom medai.api import hookimpl\n@hookimpl\ndef medai_models():\n    print('again')\n    return ()"
    )
    assert site.record("loud").status == "ok"
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split() == ["hello", "again"]


HEAD = """
from medai.api import *
MODEL = dict(target="a.b:C", summary="A net.")
SLOT = {"ct": Slot(folder=use("x/y"))}
"""


def hook(name: str, body: str) -> str:
    return f"{HEAD}\n@hookimpl\ndef {name}():\n    {body}\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (hook("medai_model", "return ()"), ["medai_model", "did you mean medai_models"]),
        (hook("offers", "return ()"), ["offers"]),
        (f"{HEAD}\ndef medai_modells(): return ()", ["medai_modells", "did you mean medai_models"]),
        (f"{HEAD}\ndef medai_models(): return ()", ["medai_models", "hookimpl"]),
        (f"{HEAD}\n@hookimpl(wrapper=True)\ndef medai_models(): yield", ["medai_models", "wrapper"]),
        (f"{HEAD}\n@hookimpl\ndef medai_models(config): return ()", ["config"]),
        (hook("medai_models", "raise ValueError('later')"), ["ValueError: later"]),
        (hook("medai_models", "raise SystemExit(2)"), ["SystemExit: 2"]),
        (hook("medai_models", "return None"), ["medai_models", "NoneType"]),
        (hook("medai_models", "return 'net'"), ["medai_models", "str"]),
        (hook("medai_models", "return [LossSpec(name='net', **MODEL)]"), ["LossSpec", "ModelSpec"]),
        (hook("medai_models", "return [ModelSpec(name='Net', **MODEL)]"), ["'Net'", "lower-case"]),
        (hook("medai_models", "return [ModelSpec(name='net_2', **MODEL)]"), ["'net_2'", "hyphens"]),
        (hook("medai_models", "return [ModelSpec(name='net', target='a.b.C', summary='s')]"), ["'net'", "'a.b.C'", "package.module:Name"]),
        (hook("medai_models", "return [ModelSpec(name='net', target='a.b:C', summary=' ')]"), ["'net'", "summary"]),
        (hook("medai_models", "return [ModelSpec(name='net', target='a.b:C', summary='a\\nb')]"), ["'net'", "summary"]),
        (hook("medai_models", "return [ModelSpec(name='net', implements=('row'), **MODEL)]"), ["'net'", "implements"]),
        (hook("medai_models", "return [ModelSpec(name='net', needs='timm', **MODEL)]"), ["'net'", "needs"]),
        (hook("medai_models", "return [ModelSpec(name='net', task=None, **MODEL)]"), ["'net'", "task"]),
        (hook("medai_metrics", "return [MetricSpec(name='m', of='runs', **MODEL)]"), ["'m'", "of"]),
        (hook("medai_models", "return [ModelSpec(name='net', **MODEL), ModelSpec(name='net', **MODEL)]"), ["'net'", "twice"]),
        (hook("medai_recipes", "return [Recipe(name='R', task='t', model=use('a/b'), data=SLOT)]"), ["'R'", "lower-case"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='', model=use('a/b'), data=SLOT)]"), ["'r'", "task"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model='a/b', data=SLOT)]"), ["'r'", "model", "Use"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data={})]"), ["'r'", "data", "Slot"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data={'ct': use('x/y')})]"), ["'r'", "data", "Slot"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data=SLOT, loss='mse')]"), ["'r'", "loss"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data=SLOT, views=use('a/b'))]"), ["'r'", "views"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data=SLOT, scales={'quick': 3})]"), ["'r'", "scales"]),
        (hook("medai_recipes", "return [Recipe(name='r', task='t', model=use('a/b'), data=SLOT)] * 2"), ["'r'", "twice"]),
        (hook("medai_tables", "return [Table(name='table-1', title='', task='t', cells=())]"), ["'table-1'", "title"]),
        (hook("medai_tables", "return [Table(name='table-1', title='T', task='t', cells=[3])]"), ["'table-1'", "cells", "Cell"]),
        (
            hook("medai_tables", "return [Table(name='t', title='T', task='t', cells=(Cell('r', 'c', '4', recipe='a/b', metric='m'),))]"),
            ["TypeError"],
        ),
        (
            hook(
                "medai_tables",
                "return [Table(name='t', title='T', task='t', cells=(Cell(row='r', column='c', reported='4', recipe='a/b', metric='m'),))]",
            ),
            ["'t'", "'r'", "number"],
        ),
    ],
)
def test_contract_that_is_broken(site: Any, source: str, words: list[str]) -> None:
    site.install("medai-bad", source)
    site.install(GOOD)
    bad, good = site.record("bad"), site.record("good")
    assert (bad.status, good.status) == ("failed", "ok")
    for word in words:
        assert word in bad.reason


def test_hook_that_raises_takes_the_whole_plugin_back(site: Any) -> None:
    """What its earlier hooks offered goes too, and the hooks of others are still called once."""
    site.install(
        "medai-bad", hook("medai_datasets", "return [DatasetSpec(name='d', **MODEL)]") + hook("medai_models", "raise ValueError(1)")
    )
    module = site.install(
        GOOD,
        """
        from medai.api import ModelSpec, hookimpl
        calls = []

        @hookimpl
        def medai_models():
            calls.append(1)
            return (ModelSpec(name="net", target="a.b:C", summary="A net."),)
        """,
    )
    found = site.discover()
    assert [entry.id for entry in found.entries() if entry.plugin.name in ("bad", "good")] == ["good/net"]
    import sys

    assert sys.modules[module].calls == [1]
    with pytest.raises(PluginError, match=r"(?s)medai-bad 1\.0.*failed.*ValueError: 1.*raise ValueError"):
        found.find("dataset", "bad/d")


def test_entry_point_that_is_no_module(site: Any) -> None:
    site.install("medai-bad", entries=["bad = {module}:medai_models"])
    assert "module" in site.record("bad").reason
    assert site.record("bad").status == "failed"


def test_strict_mode_raises(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-bad", "raise RuntimeError('no luck')")
    monkeypatch.setenv("MEDAI_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match=r"(?s)bad.*medai-bad 1\.0.*no luck"):
        site.discover()
    monkeypatch.setenv("MEDAI_STRICT_PLUGINS", "0")
    assert site.record("bad").status == "failed"


def test_strict_mode_minds_incompatible_plugins_and_not_disabled_ones(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-new", requires=["medai>=99"])
    monkeypatch.setenv("MEDAI_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match=r"(?s)medai-new 1\.0.*99"):
        site.discover()
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "new")
    assert site.record("new").status == "disabled"

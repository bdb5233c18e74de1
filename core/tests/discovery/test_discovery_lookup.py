"""Names that are found, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from medai._discovery import load_target
from medai.errors import PluginError, UsageError

NETS = """
from medai.api import ModelSpec, LossSpec, hookimpl

@hookimpl
def medai_models():
    return [ModelSpec(name=name, target="{module}:" + name.title(), summary="A net.") for name in NAMES]

@hookimpl
def medai_losses():
    return [LossSpec(name="gradient", target="{module}_absent:Loss", summary="A."), LossSpec(name="gridnet", target="a:B", summary="B.")]

class Gridnet: ...
"""


@pytest.fixture
def found(site: Any) -> Any:
    site.install("medai-alpha", "NAMES = 'gridnet', 'alphanet'\n" + NETS)
    site.install("medai-beta", "NAMES = 'gridnet', 'betanet'\n" + NETS)
    site.install("medai-bad", "raise RuntimeError('no luck')")
    site.install("medai-new", requires=["medai>=99"])
    return site.discover()


def test_by_id_and_by_short_name(found: Any) -> None:
    entry = found.find("model", "beta/betanet")
    assert (entry.kind, entry.id, entry.spec.name, entry.plugin.name) == ("model", "beta/betanet", "betanet", "beta")
    assert found.find("model", "betanet") == entry
    assert load_target(found.find("model", "alpha/gridnet")).__module__ == "medai_alpha_plugin"
    assert load_target(found.find("model", "beta/gridnet")).__module__ == "medai_beta_plugin"


def test_one_id_of_two_kinds(found: Any) -> None:
    assert [entry.kind for entry in found.find_all("alpha/gridnet")] == ["model", "loss"]
    assert {entry.id for entry in found.find_all("gridnet")} == {"alpha/gridnet", "beta/gridnet"}


@pytest.mark.parametrize(
    ("kind", "name", "error", "words"),
    [
        ("model", "gridnet", UsageError, ["ambiguous", "alpha/gridnet", "beta/gridnet"]),
        ("model", "alpha/alfanet", UsageError, ["unknown", "alpha/alphanet"]),
        ("recipe", "./alphanet", UsageError, ["'./alphanet' looks like a path", "nothing there can be taken as a recipe"]),
        ("model", "/somewhere/best.pt", UsageError, ["looks like a path"]),
        ("model", "betanett", UsageError, ["unknown", "beta/betanet", "bad"]),
        ("model", "gamma/gridnet", UsageError, ["not installed", "gamma"]),
        ("model", "alpa/gridnet", UsageError, ["not installed", "alpha"]),
        ("model", "alpha/gradient", UsageError, ["alpha/gradient", "loss"]),
        ("model", "bad/gridnet", PluginError, ["failed", "medai-bad 1.0", "RuntimeError: no luck", "raise RuntimeError('no luck')"]),
        ("model", "new/gridnet", PluginError, ["incompatible", "medai-new 1.0", "99"]),
    ],
)
def test_names_that_are_not_found(found: Any, kind: str, name: str, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as raised:
        found.find(kind, name)
    for word in words:
        assert word in str(raised.value)


def test_disabled_plugin_is_said_to_be_disabled(found: Any, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "alpha")
    for find in (lambda: site.discover().find("model", "alpha/gridnet"), lambda: site.discover().find_all("alpha/gridnet")):
        with pytest.raises(PluginError, match=r"disabled.*MEDAI_DISABLE_PLUGINS"):
            find()
    assert site.discover().find("model", "gridnet").id == "beta/gridnet"


def test_find_all_says_what_is_wrong_too(found: Any) -> None:
    with pytest.raises(UsageError, match=r"unknown.*alpha/alphanet"):
        found.find_all("alphanett")
    with pytest.raises(UsageError, match="not installed"):
        found.find_all("gamma/gridnet")
    with pytest.raises(PluginError, match=r"(?s)failed.*no luck"):
        found.find_all("bad/gridnet")


def test_target_that_cannot_be_imported(found: Any) -> None:
    with pytest.raises(PluginError, match=r"(?s)alpha/gradient.*medai-alpha 1\.0.*medai_alpha_plugin_absent.*ModuleNotFoundError"):
        load_target(found.find("loss", "alpha/gradient"))


def test_target_that_raises_shows_its_own_traceback(found: Any, site: Any) -> None:
    site.file("medai_alpha_plugin_absent.py", "import sys\nsys.exit('closed today')\n")
    with pytest.raises(PluginError, match=r"(?s)alpha/gradient.*medai_alpha_plugin_absent\.py.*SystemExit: closed today"):
        load_target(found.find("loss", "alpha/gradient"))


def test_target_without_the_name(found: Any) -> None:
    with pytest.raises(PluginError, match=r"alpha/alphanet.*medai_alpha_plugin.*Alphanet"):
        load_target(found.find("model", "alphanet"))


def test_recipes_and_tables_have_no_target(site: Any) -> None:
    site.install(
        "medai-alpha",
        """
        from medai.api import Table, hookimpl

        @hookimpl
        def medai_tables():
            return [Table(name="table-1", title="One.", task="t", cells=())]
        """,
    )
    with pytest.raises(UsageError, match="table alpha/table-1"):
        load_target(site.discover().find("table", "table-1"))

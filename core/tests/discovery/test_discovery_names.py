"""Which entry points are plugins: names, versions, switches, files; and in which order."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from medai import __version__
from medai._discovery import load_target

MODEL = """
from medai.api import ModelSpec, hookimpl

@hookimpl
def medai_models():
    return [ModelSpec(name="net", target="{module}_heavy:Net", summary="A net.")]
"""
RAISES = "raise RuntimeError('imported')"


def test_own_components_come_by_the_same_hooks(site: Any) -> None:
    record = site.record("medai")
    assert (record.status, record.distribution, record.version) == ("ok", "medai", __version__)
    assert [entry for entry in site.discover().entries("task") if entry.plugin == record]


def test_plugins_are_sorted_by_distribution(site: Any) -> None:
    for name in ("medai-zeta", "alpha", "medai-Beta_Two"):
        site.install(name, entries=[f"{name.lower().removeprefix('medai-').replace('_', '-')} = {{module}}"])
    found = site.discover()
    distributions = [record.distribution for record in found.plugins]
    assert distributions == sorted(distributions)
    assert [record.status for record in found.plugins if record.name in ("alpha", "beta-two", "zeta")] == ["ok"] * 3


def test_entry_point_bears_the_name_of_its_distribution(site: Any) -> None:
    site.install("medai-alpha", RAISES, entries=["omega = {module}"])
    record = site.record("omega")
    assert record.status == "failed"
    assert "'omega'" in record.reason
    assert "'alpha'" in record.reason
    assert "imported" not in record.reason


def test_nobody_else_is_called_medai(site: Any) -> None:
    site.install("medai-alpha", RAISES, entries=["medai = {module}"])
    records = {record.distribution: record for record in site.discover().plugins if record.name == "medai"}
    assert records["medai"].status == "ok"
    assert records["medai-alpha"].status == "failed"


def test_name_of_another_distributions_plugin(site: Any) -> None:
    """Both are reported, each naming the other where it fails; the one that has a right to the name is there."""
    site.install("medai-alpha")
    site.install("other", RAISES, entries=["alpha = {module}"])
    records = {record.distribution: record for record in site.discover().plugins if record.name == "alpha"}
    assert records["medai-alpha"].status == "ok"
    assert records["other"].status == "failed"
    assert "medai-alpha" in records["other"].reason


def test_two_distributions_with_a_right_to_one_name(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing shadows: neither loads, until one is switched off by its distribution's name."""
    site.install("alpha", RAISES)
    site.install("medai-alpha")
    records = {record.distribution: record for record in site.discover().plugins if record.name == "alpha"}
    assert [record.status for record in records.values()] == ["failed", "failed"]
    assert all("ambiguous" in record.reason for record in records.values())
    assert "medai-alpha" in records["alpha"].reason
    assert " alpha" in records["medai-alpha"].reason
    monkeypatch.setenv("MEDAI_PLUGINS", "medai-alpha")
    found = site.discover()
    records = {record.distribution: record for record in found.plugins if record.name == "alpha"}
    assert (records["alpha"].status, records["medai-alpha"].status) == ("disabled", "ok")
    assert found.find("model", "alpha/net").plugin.distribution == "medai-alpha"


def test_one_distribution_installed_twice_counts_once(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for imports, the first on the path is the one."""
    site.install("medai-alpha", version="2.0")
    later = type(site)(tmp_path / "later")
    later.root.mkdir()
    later.install("medai-alpha", RAISES, version="1.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later.root)])
    assert site.record("alpha").version == "2.0"


@pytest.mark.parametrize(
    "requirement",
    [
        "medai>=99",
        "medai (>=99)",
        "Medai >=0.1,>=99",
        "medai[jpeg2000]>=99",
        "medai~=99.0",
        "medai>98",
        "medai==99.*",
        "medai>=99; python_version >= '3'",
        "medai>=99.0.dev1",
    ],
)
def test_needs_a_newer_medai(site: Any, requirement: str) -> None:
    site.install("medai-new", RAISES, requires=["numpy", requirement, "medai-sdk>=0.1"])
    record = site.record("new")
    assert record.status == "incompatible"
    assert __version__ in record.reason
    assert "99" in record.reason or "98" in record.reason


@pytest.mark.parametrize(
    "requirement",
    [
        "medai",
        f"medai>={__version__}",
        "medai (>=0.0.1)",
        "medai>=0.1,<0.1",
        "medai>=99; python_version < '3'",
        "medai[jpeg2000]>=99; extra == 'all'",
        "medai-sdk>=99",
        "medai @ file:///somewhere",
    ],
)
def test_needs_no_newer_medai(site: Any, requirement: str) -> None:
    """The upper bound of a requirement is not looked at: the group's name is the cap."""
    site.install("medai-old", requires=[requirement])
    assert site.record("old").status == "ok"


def test_requirement_that_cannot_be_read(site: Any) -> None:
    site.install("medai-odd", RAISES, requires=["medai>=one"])
    assert site.record("odd").status == "failed"
    assert "medai>=one" in site.record("odd").reason


def test_blocked_plugin_is_not_imported(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = site.install("medai-alpha", RAISES)
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "beta, Alpha")
    record = site.record("alpha")
    assert (record.status, "MEDAI_DISABLE_PLUGINS" in record.reason) == ("disabled", True)
    assert module not in sys.modules


def test_allow_list_lets_in_no_other(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-alpha")
    module = site.install("medai-beta", RAISES)
    monkeypatch.setenv("MEDAI_PLUGINS", "alpha")
    statuses = {record.name: record.status for record in site.discover().plugins}
    assert (statuses["medai"], statuses["alpha"], statuses["beta"]) == ("ok", "ok", "disabled")
    assert "MEDAI_PLUGINS" in site.record("beta").reason
    assert module not in sys.modules


def test_blocked_beats_allowed(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-alpha", RAISES)
    monkeypatch.setenv("MEDAI_PLUGINS", "alpha")
    monkeypatch.setenv("MEDAI_DISABLE_PLUGINS", "medai,alpha")
    assert site.record("alpha").status == "disabled"
    assert site.record("medai").status == "ok"


def test_empty_allow_list_is_none(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("medai-alpha")
    monkeypatch.setenv("MEDAI_PLUGINS", "")
    assert site.record("alpha").status == "ok"


def test_no_plugins_leaves_the_core(site: Any) -> None:
    site.install("medai-alpha", RAISES)
    found = site.discover(no_plugins=True)
    assert {record.name for record in found.plugins if record.status == "ok"} == {"medai"}
    assert {record.status for record in found.plugins if record.name != "medai"} == {"disabled"}


def test_plugin_of_a_file(site: Any) -> None:
    path = site.file("my_net.py", MODEL.replace("{module}_heavy", "my_net") + "\nclass Net: ...\n")
    found = site.discover(no_plugins=True, files=[path])
    entry = found.find("model", "my-net/net")
    assert (entry.plugin.name, entry.plugin.distribution, entry.plugin.status) == ("my-net", str(path), "ok")
    assert load_target(entry).__name__ == "Net"
    assert "my-net" not in [record.name for record in site.discover().plugins]


def test_other_processes_know_a_files_classes(site: Any, tmp_path: Path) -> None:
    """As a data loader's do where processes are started anew."""
    path = tmp_path / "my_net.py"
    path.write_text(MODEL.replace("{module}_heavy", "my_net") + "\nclass Net:\n    @staticmethod\n    def answer():\n        return 42\n")
    net: Any = load_target(site.discover(files=[path]).find("model", "my-net/net"))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(net.answer).result(timeout=60) == 42


@pytest.mark.parametrize(
    ("name", "source", "reason"),
    [
        ("bad.py", "raise RuntimeError('no luck')", "no luck"),
        ("json.py", "x = 1", "json"),
        ("alpha.py", "x = 1", "alpha"),
        ("two words.py", "x = 1", "two words"),
    ],
)
def test_file_that_is_no_plugin(site: Any, name: str, source: str, reason: str) -> None:
    import json

    site.install("medai-alpha")
    record = site.discover(files=[site.file(name, source)]).plugins[-1]
    assert (record.status, reason in record.reason) == ("failed", True)
    assert sys.modules["json"] is json


def test_file_that_is_not_there(site: Any) -> None:
    record = site.discover(files=[site.root / "none.py"]).plugins[-1]
    assert (record.status, record.name) == ("failed", "none")


def test_broken_metadata_of_others_is_passed_over(site: Any) -> None:
    site.install("somebody", entries=["a = b"], group="console_scripts")
    (site.root / "somebody-1.0.dist-info" / "entry_points.txt").write_bytes(b"[console_scripts]\n\xff = \xfe")
    (site.root / "nothing-1.0.dist-info").mkdir()
    site.install("medai-alpha")
    assert site.record("alpha").status == "ok"


def test_distribution_without_metadata_is_reported(site: Any) -> None:
    site.install("medai-alpha", RAISES)
    (site.root / "medai_alpha-1.0.dist-info" / "METADATA").unlink()
    record = site.record("alpha")
    assert record.status == "failed"
    assert "METADATA" in record.reason

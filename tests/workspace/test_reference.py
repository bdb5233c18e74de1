"""The reference, as it is built, shows all of the public interface: each name, each field of a record, each method of a protocol."""

from __future__ import annotations

import dataclasses
import html
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workspace import ROOT

import medai_sdk
from medai import __version__
from medai_sdk import stub
from medai_sdk.contract.check import all_checks
from medai_sdk.surface import record_of
from medai_sdk.surface.present import MODULES

RECORD = record_of(__version__)
# Together in one process, so that the pages are built once.
pytestmark = pytest.mark.xdist_group("reference")
_HEADING = re.compile(r'id="(medai\.[\w.]+)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "--quiet", "--site-dir", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def sections(site: Path, module: str) -> dict[str, str]:
    """Each heading's HTML, up to the next heading."""
    text = (site / "reference" / module.partition(".")[2] / "index.html").read_text(encoding="utf-8")
    starts = [(found.start(), found[1]) for found in _HEADING.finditer(text)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return {name: text[start:end] for (start, name), end in zip(starts, ends, strict=True)}


def undocumented(module: str, found: dict[str, str]) -> list[str]:
    """What of a module's record the page does not show."""
    missing = []
    for name, thing in RECORD[module].items():
        full = f"{module}.{name}"
        if full not in found:
            missing.append(full)
            continue
        missing += [f"{full}.{each}" for each in thing.get("methods", ()) if not any(f"{base}.{each}" in found for base in bases(full))]
        missing += [f"{full}.{each}" for each in thing.get("attributes", ()) if not any(_told(found, base, each) for base in bases(full))]
        missing += [f"{full}.{each}" for each in thing.get("fields", ()) if not any(_listed(found, base, each) for base in bases(full))]
    return missing


def bases(full: str) -> list[str]:
    """A class and those that it takes its fields and methods from, where they stand in the reference."""
    module, _, name = full.rpartition(".")
    owner: Any = getattr(importlib.import_module(module), name)
    own = [base.__name__ for base in getattr(owner, "__mro__", ()) if base.__module__.startswith("medai")]
    return [f"{module}.{each}" for each in own] or [full]


def _listed(found: dict[str, str], full: str, field: str) -> bool:
    return f'<span title="{full}.{field}">{field}</span>' in found.get(full, "")


def _told(found: dict[str, str], full: str, attribute: str) -> bool:
    return f"{full}.{attribute}" in found or _listed(found, full, attribute) or f"<code>{attribute}</code>" in found.get(full, "")


@pytest.mark.parametrize("module", MODULES)
def test_all_of_a_module_is_documented(site: Path, module: str) -> None:
    assert undocumented(module, sections(site, module)) == []


def test_the_contract_is_shown_check_by_check(site: Path) -> None:
    """Each check's name, what it wants and whether it must be kept, as they are declared."""
    page = html.unescape((site / "reference" / "contract" / "index.html").read_text(encoding="utf-8"))
    rows = re.findall(r"<tr>\s*<td><code>([^<]+)</code></td>\s*<td>(.*?)</td>\s*<td><\w+>(must|advice)</\w+></td>", page)
    shown = {name: (re.sub(r"</?code>", "`", says), level) for name, says, level in rows}
    wanted = {check.name: (check.says, check.level) for check in all_checks()}
    assert shown.keys() == wanted.keys() and len(shown) > 100
    assert [(name, shown[name], each) for name, each in wanted.items() if shown[name] != each] == []


def test_checks_that_pages_speak_of_are_there() -> None:
    known = {check.name for check in all_checks()}
    kinds = "|".join(sorted({name.partition(".")[0] for name in known}))
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")]
    spoken = {name for text in pages for name in re.findall(rf"\b(?:{kinds})\.[a-z]+(?:-[a-z]+)+\b", text)}
    assert spoken and spoken <= known


def test_the_kit_is_documented(site: Path) -> None:
    text = (site / "reference" / "sdk" / "index.html").read_text(encoding="utf-8")
    assert [name for name in medai_sdk.__all__ if f'id="medai_sdk.{name}"' not in text] == []
    # A function that bears its module's name stands under the module.
    assert [name for name in stub.__all__ if not re.search(rf'id="medai_sdk\.stub(\.{name})?\.{name}"', text)] == []


def test_what_is_missing_is_seen(site: Path) -> None:
    found = sections(site, "medai.api")
    del found["medai.api.use"]
    found["medai.api.Slot"] = found["medai.api.Slot"].replace("medai.api.Slot.roles", "")
    assert undocumented("medai.api", found) == ["medai.api.Slot.roles", "medai.api.use"]


def test_a_record_that_is_no_spec_documents_all_of_its_own_fields() -> None:
    """Where a class has fields of its own, they stand in its own section, not in that of a base."""
    api = importlib.import_module("medai.api")
    for name in ("MetricSpec", "ExporterSpec"):
        own = {field.name for field in dataclasses.fields(getattr(api, name))} - {field.name for field in dataclasses.fields(api.Spec)}
        assert own == {"of"}

"""The public interface only grows: whatever tests/api/surface.json records is still there."""

from __future__ import annotations

import copy
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOL = Path(__file__).parent.parent.parent / "tools" / "surface.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("surface_tool", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def present(tool: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = tool.surface()
    return found


@pytest.fixture
def recorded(tool: ModuleType) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(tool.RECORD.read_text(encoding="utf-8"))
    return content


def test_nothing_recorded_is_lost(tool: ModuleType, present: dict[str, Any], recorded: dict[str, Any]) -> None:
    broken = tool.breaks(recorded, present)
    assert not broken, "the public interface may only grow:\n" + "\n".join(broken)


def test_everything_public_is_recorded(tool: ModuleType, present: dict[str, Any], recorded: dict[str, Any]) -> None:
    new = [where for where, _ in tool.added(recorded, present)]
    assert not new, "not recorded; run `make surface`:\n" + "\n".join(new)


def test_the_record_holds_each_part(recorded: dict[str, Any]) -> None:
    assert recorded["medai.api"]["ModelSpec"]["fields"]["devices"] == "= ('cpu', 'cuda', 'mps')"
    assert recorded["medai.api"]["ModelSpec"]["fields"]["target"] == "required"
    assert recorded["medai.tasks"]["Dataset"]["methods"]["read"] == {
        "implementation": "required",
        "parameters": {"case": "required", "rng": "required"},
    }
    assert set(recorded["medai.hookspecs"]) >= {f"medai_{kind}" for kind in ("datasets", "models", "losses", "metrics", "exporters")}
    assert recorded["exit codes"]["DataError"] == 3
    assert recorded["commands"]["medai run"]["--data"] == "option, repeatable"
    assert "report.html" in recorded["run folder"]


def _without_name(surface: dict[str, Any]) -> None:
    del surface["medai.api"]["use"]


def _other_default(surface: dict[str, Any]) -> None:
    surface["medai.api"]["Train"]["fields"]["batch"] = "= 16"


def _required_field(surface: dict[str, Any]) -> None:
    surface["medai.api"]["ModelSpec"]["fields"]["owner"] = "required"


def _required_method(surface: dict[str, Any]) -> None:
    surface["medai.tasks"]["Predictor"]["methods"]["warm_up"] = {"parameters": {}, "implementation": "required"}


def _without_option(surface: dict[str, Any]) -> None:
    del surface["commands"]["medai run"]["--device"]


def _other_exit_code(surface: dict[str, Any]) -> None:
    surface["exit codes"]["DataError"] = 9


@pytest.mark.parametrize("change", [_without_name, _other_default, _required_field, _required_method, _without_option, _other_exit_code])
def test_a_break_is_seen(tool: ModuleType, recorded: dict[str, Any], change: Any) -> None:
    changed = copy.deepcopy(recorded)
    change(changed)
    assert len(tool.breaks(recorded, changed)) == 1


def test_growth_is_no_break(tool: ModuleType, recorded: dict[str, Any]) -> None:
    changed = copy.deepcopy(recorded)
    changed["medai.api"]["ModelSpec"]["fields"]["owner"] = "= ''"
    changed["medai.tasks"]["Predictor"]["methods"]["warm_up"] = {"parameters": {}, "implementation": "default"}
    changed["medai.hookspecs"]["medai_models"]["parameters"]["config"] = "required"
    assert not tool.breaks(recorded, changed)
    assert len(tool.added(recorded, changed)) == 3

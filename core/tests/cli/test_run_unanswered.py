"""A case that the model cannot answer costs a run, an evaluation or an export that case, and is named with its reason."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REASON = "case c2: 60 letters need 1,000 GiB of memory"


@pytest.fixture
def uneven(command_line: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent), *sys.path])
    return command_line(Path(__file__).with_name("sequencetoys.py"))


def listed(root: Path) -> list[tuple[str, str, str]]:
    with (root / "cases.csv").open(encoding="utf-8", newline="") as file:
        return [(row["case"], row["status"], row["reason"]) for row in csv.DictReader(file)]


def test_a_run_and_its_evaluation_go_on_without_it(uneven: Any) -> None:
    found = uneven("run", "sequencetoys/uneven", "--device", "cpu")
    assert found.code == 0 and f"left out: {REASON}" in found.err
    (root,) = Path("runs").iterdir()
    measured = [("c2", "quarantined", REASON), *((name, "ok", "") for name in ("c0", "c3", "c4", "c5"))]
    assert sorted(listed(root)) == sorted(measured)
    summary = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    assert summary["cases"] == {"used": 4, "total": 5} and [each["reason"] for each in summary["quarantined"]] == [REASON]
    assert REASON in (root / "report.html").read_text(encoding="utf-8")

    found = uneven("evaluate", str(root), "--out", "again", "--device", "cpu")
    assert found.code == 0 and f"left out: {REASON}" in found.err
    assert sorted(listed(next(Path("again").iterdir()))) == sorted(measured)


def test_too_many_of_them_end_the_run_with_the_reasons(uneven: Any) -> None:
    found = uneven("run", "sequencetoys/uneven", "--device", "cpu", "--max-bad", "0", "--set", 'data.strands.embedded.long=["c2", "c3"]')
    assert found.code == 4, found.err
    last = found.err.splitlines()[-1]
    assert last.startswith("error: 2 of 5 cases for test cannot be used, more than the budget of 0%")
    assert REASON in last and "case c3: 60 letters" in last

"""A case that the model cannot answer costs a run, an evaluation or an export that case, and is named with its reason."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
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


TWO = ("run", "sequencetoys/uneven", "--device", "cpu", "--set", 'data.strands.embedded.long=["c2", "c3"]')


def test_too_many_of_them_end_the_run_with_the_reasons(uneven: Any) -> None:
    found = uneven(*TWO)
    assert found.code == 4, found.err
    last = found.err.splitlines()[-1]
    assert last.startswith("error: already 2 of 5 cases for test cannot be used, more than the budget of 10%, which --max-bad raises")
    assert REASON in last and "case c3: 60 letters" in last


def test_a_run_that_they_ended_goes_on_where_more_are_forgiven(uneven: Any) -> None:
    assert uneven(*TWO).code == 4
    (root,) = Path("runs").iterdir()
    found = uneven("run", "--resume", str(root), "--max-bad", "0.5")
    assert found.code == 0, found.err
    assert json.loads((root / "summary.json").read_text(encoding="utf-8"))["cases"] == {"used": 3, "total": 5}
    # What is forgiven stays with the run, unless another fraction is given.
    again = uneven("evaluate", str(root), "--json", "--device", "cpu")
    assert again.code == 0 and json.loads(again.out)["cases"] == {"used": 3, "total": 5}
    strict = uneven("evaluate", str(root), "--max-bad", "0.1", "--out", "strict", "--device", "cpu")
    assert strict.code == 4 and "already 2 of 5 cases" in strict.err and not Path("strict").exists()


def test_none_is_forgiven_where_none_shall_be(uneven: Any) -> None:
    found = uneven("run", "sequencetoys/uneven", "--device", "cpu", "--max-bad", "0")
    assert found.code == 4 and "already 1 of 5 cases for test cannot be used, more than the budget of 0%" in found.err
    assert uneven("run", "sequencetoys/uneven", "--max-bad", "nan").code == 2


def test_a_baseline_that_cannot_answer_one_is_not_measured(uneven: Any) -> None:
    found = uneven("run", "sequencetoys/beside", "--device", "cpu")
    assert found.code == 0, found.err
    told = f"baseline sequencetoys/ends is not measured: {REASON}"
    assert f"warning: {told}" in found.err.splitlines()
    (root,) = Path("runs").iterdir()
    summary = json.loads((root / "summary.json").read_text(encoding="utf-8"))
    assert summary["cases"] == {"used": 5, "total": 5} and summary["quarantined"] == []
    (other,) = summary["baselines"]
    assert other != "sequencetoys/ends" and summary["baselines"][other].keys() == summary["figures"].keys()
    with (root / "cases.csv").open(encoding="utf-8", newline="") as file:
        rows = Counter(row["predictor"] for row in csv.DictReader(file))
    assert rows == {"model": 5, other: 5}
    assert told in json.loads((root / "run.json").read_text(encoding="utf-8"))["notes"]
    assert told in (root / "report.html").read_text(encoding="utf-8")


def test_what_an_earlier_evaluation_wrote_is_gone(uneven: Any) -> None:
    assert uneven(*TWO).code == 4
    (root,) = Path("runs").iterdir()
    kept = root / "predictions"
    kept.mkdir(exist_ok=True)
    (kept / "00009-c9.dbn").touch()
    assert uneven("run", "--resume", str(root), "--max-bad", "0.5").code == 0
    assert len(list(kept.iterdir())) == 3 and not (kept / "00009-c9.dbn").exists()


def test_exported_predictions_say_how_many_are_missing(uneven: Any) -> None:
    assert uneven("run", "sequencetoys/uneven", "--device", "cpu").code == 0
    (root,) = Path("runs").iterdir()
    found = uneven("export", str(root), "--to", "sequencetoys/names", "-o", "table")
    assert found.code == 0, found.err
    assert Path("table/names.txt").read_text(encoding="utf-8").split() == ["c0", "c3", "c4", "c5"]
    assert "warning: without 1 test case that the run left out: summary.json names them, with the reason" in found.err.splitlines()

"""The spread over cases that a table prints beside a figure: reported beside measured, of one kind."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from medai._reproduce.gather import Result, spread_of
from medai._reproduce.write import latex_of_measured, measured, records, reported
from medai._results.folder import RunFolder
from medai.api import Cell, Spread


def run_of(root: Path, values: list[str], baseline: float = 99.0) -> RunFolder:
    folder = RunFolder(root)
    with folder.cases.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["predictor", "case", "status", "dice"])
        table.writerows(["model", f"c{place}", "ok", value] for place, value in enumerate(values))
        table.writerow(["standard/input", "c0", "ok", baseline])
        table.writerow(["model", "lost", "quarantined", ""])
    return folder


@pytest.mark.parametrize(("kind", "wanted"), [("variance", 0.02), ("standard deviation", 0.02**0.5), ("standard error", 0.1)])
def test_it_is_that_of_the_model_s_cases(tmp_path: Path, kind: str, wanted: float) -> None:
    # Their mean is 0.3, the sum of squares about it 0.06.
    folder = run_of(tmp_path, ["0.2", "0.2", "0.5", "", "nan"])
    assert spread_of(folder, "dice", kind) == pytest.approx(wanted)


def test_there_is_none_of_one_case_or_of_another_kind(tmp_path: Path) -> None:
    assert spread_of(run_of(tmp_path, ["0.1"]), "dice", "variance") is None
    assert spread_of(run_of(tmp_path, ["0.1", "0.2"]), "dice", "unstated") is None
    assert spread_of(run_of(tmp_path, ["0.1", "0.2"]), "other", "variance") is None


def test_it_stands_behind_both_figures() -> None:
    cell = Cell(row="a", column="Dice", reported=0.712, spread=Spread(value=0.053, kind="variance"), recipe="a/b", metric="dice")
    result = Result(cell, guest=False, value=0.75, spread=0.0765)
    assert (reported(result), measured(result)) == ("0.7120 ± 0.053", "0.7500 ± 0.0765")
    (record,) = records([result])
    assert (record["reported_spread"], record["measured_spread"], record["spread"]) == (0.053, 0.0765, "variance")
    assert latex_of_measured(result) == r"0.7500 $\pm$ 0.0765"
    plain = Result(Cell(row="a", column="Dice", reported=0.7, recipe="a/b", metric="dice"), guest=False, value=0.75)
    assert (reported(plain), measured(plain)) == ("0.7000", "0.7500")

"""`medai run` where a component, a number or an option is wrong; what a run folder and its page then hold."""

from __future__ import annotations

import csv
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

RUN = ("run", "clitoys/toy", "--device", "cpu")


def record() -> dict[str, Any]:
    (root,) = Path("runs").iterdir()
    found: dict[str, Any] = json.loads((root / "run.json").read_text(encoding="utf-8"))
    return found


def rows() -> list[dict[str, str]]:
    (root,) = Path("runs").iterdir()
    with (root / "cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("when", ["train", "eval"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [("none", "NoneType"), ("shape", "5"), ("raise", "ZeroDivisionError: a slip"), ("exit", "SystemExit: 3")],
)
def test_a_model_that_is_wrong_is_named_in_one_line(medai: Any, fault: str, said: str, when: str) -> None:
    found = medai(*RUN, "--set", f"model.fault={fault}", "--set", f"model.when={when}")
    errors = [line for line in found.err.splitlines() if "error" in line.lower()]
    assert found.code == 6 and len(errors) == 1, found.err
    assert errors[0].startswith("error: model clitoys/net") and said in errors[0]
    assert "Traceback" not in found.err
    kept = record()
    assert kept["status"] == "failed" and kept["reason"] == errors[0].removeprefix("error: ")


def test_a_model_without_parameters_is_named_in_one_line(medai: Any) -> None:
    found = medai(*RUN, "--set", "model=clitoys/empty")
    assert found.code == 6 and found.err.splitlines()[-1] == "error: model clitoys/empty has no trainable parameter for the turn all"
    assert record()["status"] == "failed"


@pytest.mark.parametrize("when", ["train", "eval"])
def test_a_lack_of_memory_is_not_the_models_fault(medai: Any, when: str) -> None:
    found = medai(*RUN, "--set", "model.fault=memory", "--set", f"model.when={when}")
    assert found.code == 4 and "too little memory" in found.err and "Traceback" not in found.err
    kept = record()
    assert kept["status"] == "failed"
    # A training step tries smaller batches first.
    assert any("are given in 4 parts" in note for note in kept["notes"]) == (when == "train")


def test_where_a_plugins_error_was_raised_is_shown_on_demand(medai: Any) -> None:
    found = medai("--traceback", *RUN, "--set", "model.fault=raise")
    assert found.code == 6 and "clitoys.py" in found.err and 'raise ZeroDivisionError("a slip")' in found.err


def test_a_number_out_of_bounds_is_a_wrong_command(medai: Any) -> None:
    found = medai(*RUN, "--set", "train.batch=0")
    assert found.code == 2 and "error: train.batch = 0: at least 1 is wanted" in found.err
    assert list(Path("runs").iterdir()) == []


@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_what_data_warn_of_is_a_line(medai: Any, option: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        found = medai(*RUN, *option, "--set", 'data.pairs.embedded.doubt="odd data"')
    assert found.code == 0 and "warning: odd data" in found.err.splitlines()


def test_data_that_fail_before_anything_is_learnt_leave_no_folder(medai: Any) -> None:
    found = medai(*RUN, "--set", f"data.pairs.embedded.bad={json.dumps([f'c{number}' for number in range(8)])}")
    assert found.code == 3 and "cases for train cannot be used" in found.err
    assert list(Path("runs").iterdir()) == []


def test_data_that_fail_later_leave_the_reason(medai: Any) -> None:
    found = medai(*RUN, "--set", 'data.pairs.embedded.bad=["c8", "c9", "c10", "c11"]')
    assert found.code == 3 and "/somewhere/c9.dcm: already 2 of 4 cases for test cannot be used" in found.err
    assert "\n  c8: /somewhere/c8.dcm\n  c9: /somewhere/c9.dcm\n" in found.err
    kept = record()
    over = "already 2 of 4 cases for test cannot be used, more than the budget of 10%, which --max-bad raises"
    reason = f"{over}: case c8: is spoilt; case c9: is spoilt"
    assert (kept["status"], kept["reason"]) == ("failed", reason)


@pytest.mark.parametrize("option", [("--seed", "3"), ("--set", "train.batch=2"), ("--out", "other"), ("--deterministic",), ("--dry-run",)])
def test_a_resumed_run_keeps_its_configuration(medai: Any, option: tuple[str, ...]) -> None:
    found = medai("run", "--resume", "gone", *option)
    assert found.code == 2 and f"{option[0]} cannot be given with --resume" in found.err


def test_a_resumed_run_may_go_on_elsewhere(medai: Any) -> None:
    found = medai("run", "--resume", "gone", "--device", "cpu", "--workers", "0", "--json")
    assert found.code == 3 and "gone" in found.err


def test_a_plugin_file_that_is_not_there_is_a_wrong_command(medai: Any) -> None:
    found = medai("--plugin", "absent.py", "list")
    assert found.code == 2 and "absent.py" in found.err


# Six cases are left to train on: one of them is forgiven, two are a third, five parts of one are none the less one.
CUT = (*RUN, "--set", "protocol.split.valid=0.0", "--set", 'train.views=[{use="clitoys/cut"}]', "--set", "train.steps=10")


def test_a_bad_case_that_is_cut_up_counts_once(medai: Any) -> None:
    found = medai(*CUT, "--set", 'data.pairs.embedded.bad=["c0"]')
    assert found.code == 0, found.err
    lost = [(row["part"], row["case"], row["status"], row["reason"]) for row in rows() if row["status"] != "ok"]
    assert lost == [("train", "c0", "quarantined", "is spoilt")]


@pytest.mark.parametrize(("budget", "code"), [("0.1", 3), ("0.5", 0)])
def test_the_budget_counts_cases_and_not_their_parts(medai: Any, budget: str, code: int) -> None:
    found = medai(*CUT, "--max-bad", budget, "--set", 'data.pairs.embedded.bad=["c0", "c1"]')
    assert found.code == code, found.err
    assert code == 0 or "2 of 8 cases for train cannot be used" in found.err


def test_the_page_does_not_tell_where_the_data_are(medai: Any, tmp_path: Path) -> None:
    folder = tmp_path / "jane-doe-1931"
    folder.mkdir()
    assert medai(*RUN, "--data", f"pairs={folder}").code == 0
    (page,) = Path("runs").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    assert "jane-doe" not in text and "(a folder)" in text
    assert record()["configuration"]["data"]["pairs"]["folder"]["root"] == str(folder)


def test_a_schedule_that_divides_by_zero_is_a_wrong_command_and_none_switches_it_off(medai: Any) -> None:
    given = ("--set", "train.steps=10", "--set", "train.schedule.use=OneCycleLR", "--set", "train.schedule.pct_start=0.1")
    found = medai(*RUN, *given)
    assert found.code == 2 and "error: OneCycleLR: " in found.err
    assert list(Path("runs").iterdir()) == []
    assert medai(*RUN, *given, "--set", "train.schedule=none", "--out", "others").code == 0


def test_plugins_as_json_have_the_keys_of_everything_else(medai: Any) -> None:
    plugins, models = (json.loads(medai("list", kind, "--json").out) for kind in ("plugins", "models"))
    common = set(models[0])
    assert {"kind", "id", "plugin", "task", "version", "summary", "implements", "source", "license"} <= common
    (toys,) = (item for item in plugins if item["id"] == "clitoys")
    assert common <= set(toys) and {"distribution", "status", "reason"} <= set(toys)
    assert (toys["kind"], toys["plugin"], toys["status"], toys["implements"]) == ("plugin", "clitoys", "ok", [])

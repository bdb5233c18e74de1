"""What a run does with a protocol that splits by case or leaves cases out, and where it says so."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from medai._cli.plan import plan_record, plan_text
from medai._cli.recipe_text import recipe_lines
from medai._discovery import registry
from medai._engine.apply import Opened, evaluate_run
from medai._engine.configure import Request, configure
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.rehearse import rehearse
from medai._results.folder import RunFolder
from medai.api import Recipe, Split, run

ID = "enginetoys/denoise"
SHORT = {"train.epochs": None, "train.steps": 2}
MARKED = {"data.pairs.embedded.marked": ["c1", "c2"], "protocol.split.without": ["mark=1"]}


def told(folder: Path) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, str]], dict[str, Any]]:
    record, summary, split = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("run", "summary", "split"))
    with (folder / "cases.csv").open(encoding="utf-8", newline="") as file:
        return record, summary, list(csv.DictReader(file)), split


def test_by_case_is_said_and_later_stages_know_what_was_trained_on(tmp_path: Path) -> None:
    done = run(ID, overrides={**SHORT, "protocol.split.by": "case"}, out=tmp_path, device="cpu")
    record, _, _, split = told(done.folder)
    (note,) = record["notes"]
    assert "split by case, as the protocol says" in note and "of 6 groups stand in more than one part" in note
    assert note in (done.folder / "report.html").read_text("utf-8")
    trained = {f"g{int(key.removeprefix('pairs:c')) % 6}" for key, role in split["cases"].items() if role == "train"}
    assert done.trained_groups == trained
    by_group = run(ID, overrides=SHORT, out=tmp_path, device="cpu")
    assert told(by_group.folder)[0]["protocol_hash"] != record["protocol_hash"] and not told(by_group.folder)[0]["notes"]


def test_what_is_left_out_is_listed_with_its_reason(tmp_path: Path) -> None:
    done = run(ID, overrides={**SHORT, **MARKED}, out=tmp_path, device="cpu")
    record, summary, rows, split = told(done.folder)
    assert record["parts"]["left out"] == 2 and sum(record["parts"].values()) == 12
    assert record["notes"] == ["left out of every part, as the protocol says: 2 of 12 cases (2 mark=1)"]
    assert summary["left_out"] == [{"case": "c1", "reason": "mark=1"}, {"case": "c2", "reason": "mark=1"}]
    assert [row["case"] for row in rows if row["status"] == "left out" and row["reason"] == "mark=1"] == ["c1", "c2"]
    assert split["cases"]["pairs:c1"] == "left out"
    page = (done.folder / "report.html").read_text("utf-8")
    assert "<summary>2 cases</summary>" in page and "mark=1" in page
    out = RunFolder(tmp_path / "again")
    evaluate_run(done.folder, (), out, "cpu", Listener())
    assert told_summary(out)["left_out"] == summary["left_out"]


def test_an_evaluation_on_other_data_leaves_the_same_out(tmp_path: Path) -> None:
    done = run(ID, overrides={**SHORT, **MARKED}, out=tmp_path, device="cpu")
    opened = Opened.at(done.folder, "cpu")
    assert opened.configuration.recipe.protocol.split.without == ("mark=1",)
    record = json.loads((done.folder / "run.json").read_text("utf-8"))
    inner = {"use": "enginetoys/points", "count": 6, "marked": ["c4"]}
    record["configuration"]["data"]["pairs"]["folder"] = inner
    (done.folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    split = json.loads((done.folder / "split.json").read_text("utf-8"))
    # Other people: the groups of the run are called otherwise.
    split["groups"] = {f"other-{group}": role for group, role in split["groups"].items()}
    (done.folder / "split.json").write_text(json.dumps(split), encoding="utf-8")
    (tmp_path / "folder").mkdir()
    out = RunFolder(tmp_path / "evaluated")
    evaluate_run(done.folder, (f"pairs={tmp_path / 'folder'}",), out, "cpu", Listener())
    summary = told_summary(out)
    assert summary["cases"] == {"used": 5, "total": 5} and summary["left_out"] == [{"case": "c4", "reason": "mark=1"}]


def test_a_rehearsal_says_what_the_run_will_say() -> None:
    overrides = {**SHORT, **MARKED, "protocol.split.by": "case"}
    rehearsal = rehearse(configure(Request(ID, overrides=overrides)), Options(device="cpu"))
    assert [note.partition(",")[0] for note in rehearsal.notes] == ["split by case", "left out of every part"]
    assert sum(rehearsal.parts.values()) == 10
    assert plan_record(rehearsal)["notes"] == list(rehearsal.notes)
    assert all(f"note    {note}" in plan_text(rehearsal) for note in rehearsal.notes)


def test_the_split_of_a_recipe_is_shown() -> None:
    (entry,) = registry().find_all(ID)
    split = Split(by="case", without=("class=normal", "twin"))
    recipe = entry.spec
    assert isinstance(recipe, Recipe)
    shown = "\n".join(recipe_lines(entry, replace(recipe, protocol=replace(recipe.protocol, split=split))))
    assert "by case, seed 0" in shown and "left out of every part: class=normal and twin" in shown


def told_summary(folder: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(folder.summary.read_text("utf-8"))
    return found

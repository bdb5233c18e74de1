"""What a run does with cases that its data call alike though their groups differ, and with facts that belong to the test alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from enginetoys import Points

from medai._engine.apply import evaluate_run
from medai._engine.configure import Request, configure, informed
from medai._engine.data import facts_of, open_slots
from medai._engine.listener import Listener
from medai._results.folder import RunFolder
from medai.api import run
from medai.errors import DataError, PluginError
from medai.tasks import Case

ID = "enginetoys/denoise"
SHORT = {"train.epochs": None, "train.steps": 2}
DROP = {**SHORT, "protocol.split.leaks": "drop"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Points of which the first of each part that is asked about is like the first of another; and what they were asked."""
    calls: list[dict[str, Any]] = []

    def alike(self: Points, ids: Sequence[str], others: Sequence[tuple[Any, Sequence[str]]], least: float) -> dict[str, str]:
        calls.append({"ids": list(ids), "others": [found for _, found in others], "least": least})
        return {ids[0]: f"{others[0][1][0]}, identity {least:.2f}"}

    monkeypatch.setattr(Points, "alike", alike, raising=False)
    return calls


def parts_of(folder: Path) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for key, role in json.loads((folder / "split.json").read_text("utf-8"))["cases"].items():
        parts.setdefault(role, []).append(key.removeprefix("pairs:"))
    return parts


def test_alike_cases_in_two_parts_are_an_error_that_says_what_to_do(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"leak: of the cases, 1 of \d+ for train and 1 of \d+ for valid .*leaks=drop"):
        run(ID, overrides=SHORT, out=tmp_path, device="cpu")


def test_the_data_are_asked_about_later_parts(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    folder = run(ID, overrides={**DROP, "protocol.split.likeness": 0.8, "protocol.split.leaks": "keep"}, out=tmp_path, device="cpu").folder
    parts = parts_of(folder)
    train, valid = asked
    assert set(train["ids"]) == set(parts["train"]) and set(train["others"][0]) == {*parts["valid"], *parts["test"]}
    assert set(valid["ids"]) == set(parts["valid"]) and set(valid["others"][0]) == set(parts["test"])
    assert train["least"] == 0.8
    (note,) = json.loads((folder / "run.json").read_text("utf-8"))["notes"]
    assert note.startswith("kept in training and validation, as the protocol says: 2 of 12 cases") and "likeness 0.8" in note


def test_dropped_cases_are_listed_with_what_they_are_like(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    folder = run(ID, overrides=DROP, out=tmp_path, device="cpu").folder
    record, summary = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("run", "summary"))
    assert record["parts"]["left out"] == 2 and sum(record["parts"].values()) == 12
    assert record["notes"] == [
        "taken out of training and validation: 2 of 12 cases that are like a case of a later part (likeness 1 or more)"
    ]
    assert len(summary["left_out"]) == 2 and all(", identity 1.00" in item["reason"] for item in summary["left_out"])
    with (folder / "cases.csv").open(encoding="utf-8", newline="") as file:
        assert sum(row["status"] == "left out" and row["reason"].startswith("like c") for row in csv.DictReader(file)) == 2
    # What is stored is what holds later: the data are not asked again.
    count = len(asked)
    evaluate_run(folder, (), RunFolder(tmp_path / "again"), "cpu", Listener())
    again = json.loads((tmp_path / "again" / "summary.json").read_text("utf-8"))
    assert again["left_out"] == summary["left_out"] and len(asked) == count


@pytest.fixture
def like_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points of which c0 is like what a run was trained on, if that is asked about."""

    def alike(self: Points, ids: Sequence[str], others: Sequence[tuple[Any, Sequence[str]]], least: float) -> dict[str, str]:
        return {"c0": "one of them"} if str(self.root).endswith("other") and "c0" in ids and any(found for _, found in others) else {}

    monkeypatch.setattr(Points, "alike", alike, raising=False)
    monkeypatch.setattr(Points, "cases", lambda self: [replace(each, group=f"{each.group}-{self.root}") for each in self._cases])


@pytest.mark.parametrize("leaks", ["drop", "keep"])
def test_other_data_are_held_against_what_was_trained_on(like_the_first: None, tmp_path: Path, leaks: str) -> None:
    (tmp_path / "other").mkdir()
    folder = run(ID, overrides={**SHORT, "protocol.split.leaks": leaks}, out=tmp_path, device="cpu").folder
    out = RunFolder(tmp_path / "evaluated")
    evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), out, "cpu", Listener())
    record, summary = (json.loads((out.root / f"{name}.json").read_text("utf-8")) for name in ("run", "summary"))
    (note,) = record["notes"]
    assert "1 of 10 cases that are like one that the run was trained or selected on" in note
    assert record["parts"] == {"test": 9 if leaks == "drop" else 10}
    assert summary["left_out"] == ([{"case": "c0", "reason": "like one of them"}] if leaks == "drop" else [])


def test_a_run_without_its_data_is_measured_and_that_is_said(like_the_first: None, tmp_path: Path) -> None:
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    folder = run(ID, overrides=SHORT, data={"pairs": tmp_path / "own"}, out=tmp_path, device="cpu").folder
    (tmp_path / "own").rmdir()
    out = RunFolder(tmp_path / "evaluated")
    evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), out, "cpu", Listener())
    record = json.loads(out.record.read_text("utf-8"))
    assert record["parts"] == {"test": 10} and record["notes"][-1].startswith("not held against what the run was trained on")


def test_other_data_that_were_trained_on_are_an_error(like_the_first: None, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    folder = run(ID, overrides=SHORT, out=tmp_path, device="cpu").folder
    with pytest.raises(DataError, match=r"leak: there are 1 of 10 cases .* pairs:c0 is like one of them"):
        evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), RunFolder(tmp_path / "evaluated"), "cpu", Listener())


def some_were_trained_on(folder: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> set[str]:
    """Let the first four cases of `root` stand in a group of their own, and the others where the run's do; the ids of those of which the
    run has seen the group."""
    root.mkdir()

    def cases(self: Points) -> Sequence[Case]:
        return [replace(each, group="new") if self.root and place < 4 else each for place, each in enumerate(self._cases)]

    monkeypatch.setattr(Points, "cases", cases)
    groups = json.loads((folder / "split.json").read_text("utf-8"))["groups"]
    return {each.id for each in Points(root=str(root), count=10).cases() if groups.get(each.group) in ("train", "valid")}


def test_groups_that_were_trained_on_are_left_out_where_leaks_are_dropped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = run(ID, overrides=DROP, out=tmp_path, device="cpu").folder
    seen = some_were_trained_on(folder, monkeypatch, tmp_path / "other")
    out = RunFolder(tmp_path / "evaluated")
    evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), out, "cpu", Listener())
    record, summary = (json.loads((out.root / f"{name}.json").read_text("utf-8")) for name in ("run", "summary"))
    assert seen and record["parts"] == {"test": 10 - len(seen)}
    assert record["notes"] == [f"left out of what is measured: {len(seen)} cases of groups that the run was trained or selected on"]
    assert {item["case"]: item["reason"] for item in summary["left_out"]} == dict.fromkeys(
        seen, "the run was trained or selected on its group"
    )


@pytest.mark.parametrize("leaks", ["error", "keep"])
def test_elsewhere_they_are_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, leaks: str) -> None:
    folder = run(ID, overrides={**SHORT, "protocol.split.leaks": leaks}, out=tmp_path, device="cpu").folder
    some_were_trained_on(folder, monkeypatch, tmp_path / "other")
    with pytest.raises(DataError, match=r"trained or selected on \d of \d+ groups .*leave these out of the data; .*leaks=drop"):
        evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), RunFolder(tmp_path / "evaluated"), "cpu", Listener())


@pytest.mark.parametrize(("metric", "roles"), [("mean-error", ()), ("biased", ("valid",))])
def test_what_learns_nothing_was_trained_on_no_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metric: str, roles: tuple[str, ...]
) -> None:
    overrides = {"model": {"use": "enginetoys/same"}, "protocol.metrics": [{"use": f"enginetoys/{metric}"}]}
    folder = run(ID, overrides=overrides, out=tmp_path, device="cpu").folder
    groups = json.loads((folder / "split.json").read_text("utf-8"))["groups"]
    assert set(groups.values()) == {"train", "valid", "test"}
    (tmp_path / "other").mkdir()
    for role in ("train", "valid", "test"):
        group = next(name for name, found in groups.items() if found == role)
        monkeypatch.setattr(Points, "cases", lambda self, group=group: [replace(each, group=group) for each in self._cases])
        out = RunFolder(tmp_path / f"evaluated-{role}")
        if role in roles:
            # Its threshold was chosen there.
            with pytest.raises(DataError, match="selected on 1 of 1 group"):
                evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), out, "cpu", Listener())
        else:
            assert evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), out, "cpu", Listener())["cases"] == {"used": 10, "total": 10}


def test_where_leaks_are_dropped_but_nothing_else_is_left_it_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = run(ID, overrides=DROP, out=tmp_path, device="cpu").folder
    (tmp_path / "other").mkdir()
    trained = next(group for group, role in json.loads((folder / "split.json").read_text("utf-8"))["groups"].items() if role == "train")
    monkeypatch.setattr(Points, "cases", lambda self: [replace(each, group=trained) if self.root else each for each in self._cases])
    with pytest.raises(DataError, match=rf"selected on 1 of 1 group of these data, such as '{trained}'$"):
        evaluate_run(folder, (f"pairs={tmp_path / 'other'}",), RunFolder(tmp_path / "evaluated"), "cpu", Listener())


def test_a_slot_for_training_alone_does_not_stand_in_the_way_of_another_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Points, "cases", lambda self: [replace(each, group=f"{each.group}-{self.root}") for each in self._cases])
    for name in ("train", "test", "other"):
        (tmp_path / name).mkdir()
    path = tmp_path / "two.toml"
    text = (
        f'extends = "{ID}"\n'
        'data.pairs = {folder = {use = "enginetoys/points"}, roles = ["train"]}\n'
        'data.more = {folder = {use = "enginetoys/points"}, roles = ["test"]}\n'
    )
    path.write_text(text, encoding="utf-8")
    data: dict[str, str | Path] = {"pairs": tmp_path / "train", "more": tmp_path / "test"}
    folder = run(path, overrides=SHORT, data=data, out=tmp_path, device="cpu").folder
    out = RunFolder(tmp_path / "evaluated")
    evaluate_run(folder, (f"more={tmp_path / 'other'}",), out, "cpu", Listener())
    assert json.loads(out.record.read_text("utf-8"))["parts"] == {"test": 12}
    with pytest.raises(DataError, match=r"trained or selected on 6 of 6 groups of these data, such as '[^']*'$"):
        evaluate_run(folder, (f"more={tmp_path / 'train'}",), RunFolder(tmp_path / "again"), "cpu", Listener())


def test_nothing_left_to_learn_from_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Points, "alike", lambda self, ids, others, least: dict.fromkeys(ids, "all of them"), raising=False)
    with pytest.raises(DataError, match="no case is left for train"):
        run(ID, overrides=DROP, out=tmp_path, device="cpu")


def test_a_dataset_that_fails_to_tell_is_blamed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Points, "alike", lambda self, ids, others, least: {"nobody": "x"}, raising=False)
    with pytest.raises(PluginError, match="alike of the data in the slot 'pairs' failed"):
        run(ID, overrides=DROP, out=tmp_path, device="cpu")


def test_facts_of_the_test_are_options_of_the_protocol(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Points, "facts", {"tested.pairs": "all"}, raising=False)
    recipe = configure(Request(ID)).recipe
    assert facts_of(open_slots(recipe, {})) == {"protocol.options.pairs": "all"}
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "{ID}"\ndata.pairs.roles = ["train", "valid"]\n', encoding="utf-8")
    assert facts_of(open_slots(configure(Request(str(path))).recipe, {})) == {}


def test_tests_of_which_other_things_are_known_say_so_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(Points, "facts", property(lambda self: {"tested.pairs": "all", "tested.count": len(self._cases)}), raising=False)
    path = tmp_path / "three.toml"
    path.write_text(
        f"""extends = "{ID}"
data.pairs = {{folder = "enginetoys/points", roles = ["train", "valid"]}}
data.one = {{folder = {{use = "enginetoys/points", count = 4}}, roles = ["test"]}}
data.two = {{folder = {{use = "enginetoys/points", count = 6}}, roles = ["test"]}}
""",
        encoding="utf-8",
    )
    request = Request(str(path), data=tuple(f"{name}={tmp_path / 'data'}" for name in ("pairs", "one", "two")))
    wanted = {"protocol.options.pairs": "all", "protocol.options.count": {"one": 4, "two": 6}}
    before = configure(request)
    assert facts_of(open_slots(before.recipe, {})) == wanted
    assert informed(before, wanted).recipe.protocol.options == {"pairs": "all", "count": {"one": 4, "two": 6}}

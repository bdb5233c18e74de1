"""`medai run --seeds` and `medai compare`, from runs that are really made."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medai._engine.run import start
from medai.errors import DivergedError, EnvironmentFault

# Twenty subjects, of whom eight are a test: enough for intervals.
RUN = ("run", "clitoys/toy", "--device", "cpu", "--set", "data.pairs.embedded.count=16")


def experiment() -> Path:
    (root,) = Path("runs").iterdir()
    return root


def statuses(root: Path) -> dict[int, str]:
    record = json.loads((root / "experiment.json").read_text(encoding="utf-8"))
    return {item["seed"]: item["status"] for item in record["seeds"]}


def test_several_seeds_are_one_experiment(medai: Any) -> None:
    found = medai(*RUN, "--seeds", "3", "--seed", "5", "--json")
    assert found.code == 0, found.err
    root = experiment()
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["seed-5", "seed-6", "seed-7"]
    assert statuses(root) == {5: "finished", 6: "finished", 7: "finished"}
    for seed in (5, 6, 7):
        assert json.loads((root / f"seed-{seed}" / "run.json").read_text(encoding="utf-8"))["seed"] == seed
    printed = json.loads(found.out)
    assert printed["recipe"] == "clitoys/toy" and printed["seeds"][0]["folder"] == "seed-5"
    (ranking,) = printed["leaderboard"]["rankings"]
    values = [
        json.loads((root / f"seed-{seed}" / "summary.json").read_text(encoding="utf-8"))["figures"]["rmse"]["value"] for seed in (5, 6, 7)
    ]
    (row,) = ranking["rows"]
    assert (row["name"], row["seeds"], row["interval"]) == ("clitoys/toy", 3, "95% bootstrap over groups and seeds")
    assert row["value"] == pytest.approx(np.mean(values)) and row["deviation"] == pytest.approx(np.std(values, ddof=1))
    assert row["low"] < row["value"] < row["high"] and len(set(values)) == 3
    assert {"report.html", "leaderboard.csv", "leaderboard.json", "pairs.csv"} <= {path.name for path in root.iterdir()}
    text = medai(*RUN, "--seeds", "2", "--out", "others").out
    assert re.search(r"  1  clitoys/toy  \d+\.\d{4}  ± \d+\.\d{4}  \d+\.\d{4} to \d+\.\d{4}  2 seeds", text) and "report: others" in text


def test_a_seed_that_diverges_leaves_the_others_and_is_named(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def diverging(configuration: Any, options: Any, folder: Any, listener: Any) -> Any:
        if options.seed == 1:
            folder.root.mkdir()
            shutil.copy(folder.root.parent / "seed-0" / "split.json", folder.split)
            raise DivergedError("loss is nan at step 3")
        return start(configuration, options, folder, listener)

    monkeypatch.setattr("medai._engine.experiment.start", diverging)
    found = medai(*RUN, "--seeds", "3")
    root = experiment()
    assert found.code == 5, found.err
    assert f"error: {root}: 1 of 3 seeds failed; seed 1: loss is nan at step 3" in found.err.splitlines()
    assert statuses(root) == {0: "finished", 1: "failed", 2: "finished"} and "2 seeds" in found.out
    monkeypatch.setattr("medai._engine.experiment.start", start)
    before = (root / "seed-0" / "run.json").read_bytes()
    again = medai("run", "--resume", str(root), "--device", "cpu")
    assert again.code == 0, again.err
    assert statuses(root) == {0: "finished", 1: "finished", 2: "finished"} and "3 seeds" in again.out
    assert (root / "seed-0" / "run.json").read_bytes() == before
    kept = [json.loads((root / f"seed-{seed}" / "run.json").read_text(encoding="utf-8")) for seed in (0, 1)]
    assert kept[1]["configuration"] == kept[0]["configuration"] and [record["seed"] for record in kept] == [0, 1]
    assert "is finished already" in medai("run", "--resume", str(root)).err


def test_an_experiment_that_was_cut_off_goes_on_to_the_same_figures(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert medai(*RUN, "--seeds", "2", "--out", "whole").code == 0

    def killed(configuration: Any, options: Any, folder: Any, listener: Any) -> Any:
        if options.seed == 1:
            raise KeyboardInterrupt
        return start(configuration, options, folder, listener)

    monkeypatch.setattr("medai._engine.experiment.start", killed)
    assert medai(*RUN, "--seeds", "2").code == 130
    root = experiment()
    assert statuses(root) == {0: "finished", 1: "stopped"}
    monkeypatch.setattr("medai._engine.experiment.start", start)
    found = medai("run", "--resume", str(root), "--json")
    assert found.code == 0, found.err
    (whole,) = Path("whole").iterdir()
    assert json.loads(found.out)["leaderboard"] == json.loads((whole / "leaderboard.json").read_text(encoding="utf-8"))


def test_what_no_seed_can_do_ends_the_experiment_at_once(medai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert medai(*RUN, "--seeds", "2", "--set", "train.batch=0").code == 2 and not list(Path("runs").iterdir())
    bad = json.dumps([f"c{number}" for number in range(16)])
    assert medai(*RUN, "--seeds", "2", "--set", f"data.pairs.embedded.bad={bad}").code == 3 and not list(Path("runs").iterdir())
    ran = []

    def full(configuration: Any, options: Any, folder: Any, listener: Any) -> Any:
        ran.append(options.seed)
        start(configuration, options, folder, listener)
        raise EnvironmentFault("the disk is full")

    monkeypatch.setattr("medai._engine.experiment.start", full)
    assert medai(*RUN, "--seeds", "2").code == 7 and ran == [0] and statuses(experiment()) == {0: "failed", 1: "waiting"}


def test_an_experiment_of_which_all_seeds_fail_has_no_leaderboard(medai: Any) -> None:
    found = medai(*RUN, "--seeds", "2", "--json", "--set", "model.fault=raise")
    assert found.code == 6 and json.loads(found.out)["leaderboard"] is None
    assert "2 of 2 seeds failed; seed 0: model clitoys/net" in found.err and "seed 1: model clitoys/net" in found.err


def test_an_experiment_is_no_run(medai: Any) -> None:
    assert medai(*RUN, "--seeds", "1").code == 0
    found = medai("evaluate", str(experiment()))
    assert found.code == 3 and "it holds an experiment, a run for each seed" in found.err


class Page(HTMLParser):
    """Tags, text, and what a browser would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.loads = "", [], []  # type: str, list[str], list[str]
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_runs_are_compared(medai: Any) -> None:
    assert medai(*RUN, "--seeds", "2", "--out", "exp").code == 0
    assert medai(*RUN, "--set", "train.optimizers.all.lr=0.5", "--out", "fast").code == 0
    roots = [str(next(Path(name).iterdir())) for name in ("exp", "fast")]
    assert medai("evaluate", roots[1], "--out", "evaluations").code == 0
    evaluation = str(next(Path("evaluations").iterdir()))
    found = medai("compare", *roots, "--csv", "a.csv", "--md", "a.md", "--out", "page")
    assert found.code == 0, found.err
    names = {"clitoys/toy", "clitoys/toy (train.optimizers.all.lr=0.5)"}
    head, first, second, pairs, pair, *_ = found.out.splitlines()
    assert head == "rmse, lower is better: 8 cases in 8 groups" and pairs == "pairs" and "Wilcoxon over 8 cases" in pair
    assert "± -" not in found.out and "1 seed " in first + second
    assert first.startswith("  1  clitoys/toy") and second.startswith("  2  clitoys/toy") and "2 seeds" in first + second
    with Path("a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == names and [row["rank"] for row in rows] == ["1", "2"]
    assert all(name in Path("a.md").read_text(encoding="utf-8") for name in names)
    page = Page(Path("page/report.html").read_text(encoding="utf-8"))
    assert all(name in page.text for name in names) and all(item.startswith("data:image/png;base64,") for item in page.loads) and page.loads
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert {path.name for path in Path("page").iterdir()} == {"report.html", "leaderboard.csv", "pairs.csv", "leaderboard.json"}
    told = json.loads(medai("compare", *roots, evaluation, "--json").out)
    rows = told["rankings"][0]["rows"]
    assert told == {**told, "notes": []} and len(rows) == 3
    # A run and its own evaluation have the same figures, and tie.
    values = {row["name"]: row for row in rows if "lr=0.5" in row["name"]}
    (one, other) = values.values()
    assert one["value"] == pytest.approx(other["value"]) and other["name"] in one["ties"] and not one["best"] and not other["best"]


def test_wrong_comparisons(medai: Any) -> None:
    assert medai(*RUN).code == 0 and medai(*RUN, "--out", "other", "--set", "protocol.options.window=[0, 10]").code == 0
    (one,), (other,) = Path("runs").iterdir(), Path("other").iterdir()
    found = medai("compare", str(one), str(other))
    assert found.code == 3 and "two protocols" in found.err and str(one) in found.err and str(other) in found.err
    assert medai("compare").code == 2 and medai("compare", str(one), "--figure", "rsme").code == 2
    assert medai("compare", str(one), "--baselines").code == 3 and medai("compare", "gone").code == 3

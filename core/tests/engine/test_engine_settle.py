"""Metrics that choose a parameter on the validation part, and metrics of the training itself."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from enginetoys import Biased, Points, Same, feed_of, medai_recipes

from medai._engine.apply import Opened, evaluate_run
from medai._engine.evaluate import build_metrics, evaluate
from medai._engine.exporters import build_exporter
from medai._engine.listener import Listener
from medai._engine.settle import parameters_settled, settle, settled_by, told
from medai._results.folder import RunFolder
from medai.api import Protocol, Recipe, run, use
from medai.errors import PluginError, UsageError
from medai.tasks.restoration import Restoration

CHOOSING = Protocol(metrics=(use("enginetoys/mean-error"), use("enginetoys/biased"), use("enginetoys/last-loss")))


def recipe(**changes: Any) -> Recipe:
    (found,) = (each for each in medai_recipes() if each.name == "denoise")
    metrics = {"protocol": replace(found.protocol, metrics=CHOOSING.metrics), "baselines": (use("enginetoys/same"),)}
    return replace(found, name="choosing", scales={}, **{**metrics, **changes})


def test_what_was_chosen_on_validation_is_measured_with_on_the_test_and_kept(tmp_path: Path) -> None:
    done = run(recipe(), overrides={"train.epochs": None, "train.steps": 2}, out=tmp_path / "runs", device="cpu")
    summary = json.loads((done.folder / "summary.json").read_text(encoding="utf-8"))
    of_model, of_baseline = summary["settled"]["model"], summary["settled"]["enginetoys/same"]
    assert [item["metric"] for item in of_model] == ["enginetoys/mean-error", "enginetoys/biased"]
    assert of_model[0]["parameters"] == {} and of_model[1]["parameters"]["raised"] != 0
    assert of_baseline[1]["parameters"]["raised"] != of_model[1]["parameters"]["raised"]
    # Chosen on other cases, it is used as it is: a case's own figure is that of the chosen shift.
    with (done.folder / "cases.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["predictor"] == "model")
    assert row["raised-mse"] != row["mse"] and done.figures["raised-mse"] < done.figures["mse"]
    assert "Chosen on the validation part" in (done.folder / "report.html").read_text(encoding="utf-8")
    again = evaluate_run(done.folder, (), RunFolder(tmp_path / "again"), "cpu", Listener())
    assert again["settled"]["model"] == of_model
    assert {name: figure["value"] for name, figure in again["figures"].items()} == pytest.approx(dict(done.figures))


def test_a_metric_of_the_training_stands_with_the_figures(tmp_path: Path) -> None:
    done = run(recipe(), overrides={"train.epochs": None, "train.steps": 4}, out=tmp_path, device="cpu")
    lines = [json.loads(line) for line in (done.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert done.figures["last-loss"] == [line["loss"] for line in lines if line["kind"] == "train"][-1]
    summary = json.loads((done.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["figures"]["last-loss"]["interval"] == "one training" and summary["figures"]["last-loss"]["better"] == "lower"
    assert "last-loss" not in summary["baselines"]["enginetoys/same"]


def test_an_exporter_gets_what_was_chosen(tmp_path: Path) -> None:
    done = run(recipe(), overrides={"train.epochs": None, "train.steps": 2}, out=tmp_path, device="cpu")
    settled = settled_by(RunFolder(done.folder))
    assert parameters_settled(settled) == {"raised": settled[1]["parameters"]["raised"]}
    _, built = build_exporter("enginetoys/raising", {}, Opened.at(done.folder, "cpu"))
    assert built.raised == settled[1]["parameters"]["raised"]
    assert build_exporter("enginetoys/raising", {"raised": 2.0}, Opened.at(done.folder, "cpu"))[1].raised == 2.0


def test_nothing_is_chosen_without_a_validation_part_or_a_metric_that_chooses() -> None:
    task = Restoration()
    assert settle(Same(), None, task, CHOOSING)[0] == ()
    assert settle(Same(), feed_of(Points(count=3), part="valid"), task, Protocol(metrics=(use("enginetoys/mean-error"),)))[0] == ()
    settled, metrics = settle(Same(), feed_of(Points(count=3), part="valid"), task, CHOOSING)
    assert len(metrics) == 2 and metrics[1].raised == settled[1]["parameters"]["raised"]  # type: ignore[attr-defined]
    (line,) = told(settled)
    assert line.startswith("enginetoys/biased: raised = ")


def test_the_best_is_chosen() -> None:
    feed = feed_of(Points(count=6), part="valid")
    parts = evaluate(Same(), feed, Restoration(), [Biased()], with_intervals=False).parts[0]
    best = Biased(**Biased().settled(parts)).total(parts)["raised-mse"]
    assert all(Biased(raised).total(parts)["raised-mse"] > best for raised in (-0.5, -0.1, 0.1, 0.5))


def test_what_its_constructor_does_not_take_is_the_metric_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Biased, "settled", lambda self, parts: {"lowered": 1.0})
    with pytest.raises((UsageError, PluginError), match="lowered"):
        settle(Same(), feed_of(Points(count=3), part="valid"), Restoration(), CHOOSING)


def test_metrics_of_trainings_are_no_metrics_of_predictions() -> None:
    assert len(build_metrics(CHOOSING, Restoration())) == 2

"""A run may do without its report, for the figures alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from enginetoys import MeanError
from matplotlib.figure import Figure

from medai._engine.configure import Request, configure
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import start
from medai._results.folder import new_folder

RECIPE = """
task = "medai/restoration"
model = {use = "enginetoys/plain", width = 6}
loss = {use = "enginetoys/demanding", weight = 1.0}
data.pairs = {folder = "enginetoys/points", embedded = "enginetoys/points"}
train.steps = 2
protocol = {split = {valid = 0.2, test = 0.2}, metrics = ["enginetoys/mean-error"], options = {}}
"""


def test_without_its_report_a_run_has_the_same_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MeanError, "draw", lambda self, parts, options: Figure(), raising=False)
    recipe = tmp_path / "mine.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    drawn, bare = new_folder(tmp_path, "drawn"), new_folder(tmp_path, "bare")
    whole = start(configure(Request(str(recipe))), Options(device="cpu"), drawn, Listener())
    alone = start(configure(Request(str(recipe))), Options(device="cpu"), bare, Listener(), report=False)
    assert (drawn.report.exists(), bare.report.exists()) == (True, False)
    assert (drawn.charts.exists(), bare.charts.exists()) == (True, False)
    assert whole["charts"] and not alone["charts"]
    assert alone["figures"] == whole["figures"] != {}
    assert bare.read_record()["status"] == "finished"

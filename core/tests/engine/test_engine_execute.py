"""medai as a library: `run`, `open_run` and what they give."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from enginetoys import Points, medai_recipes

from medai.api import open_run, run, use
from medai.errors import DataError, UsageError

ID = "enginetoys/denoise"
SHORT = {"train.epochs": None, "train.steps": 2}


def test_a_run_gives_its_figures_and_predicts(tmp_path: Path) -> None:
    done = run(ID, overrides={**SHORT, "model.width": 2}, out=tmp_path, device="cpu")
    summary = json.loads((done.folder / "summary.json").read_text(encoding="utf-8"))
    assert done.figures == {name: figure["value"] for name, figure in summary["figures"].items()}
    record = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))
    assert record["origins"]["model.width"] == "program" and record["configuration"]["model"]["width"] == 2
    points = Points()
    sample = points.read(points.cases()[0], np.random.default_rng(0))
    (first,), (again,) = done.predict([sample]), open_run(done.folder).predict([sample])
    assert first.pixels.shape == (1, 8, 8) and first.pixels.equal(again.pixels)
    assert len(done.trained_groups) == 5


def test_a_recipe_made_in_the_program_runs(tmp_path: Path) -> None:
    (recipe,) = (each for each in medai_recipes() if each.name == "denoise")
    mine = replace(recipe, name="mine", model=use("enginetoys/same"), loss=None, train=None, scales={})
    done = run(mine, out=tmp_path, device="cpu")
    assert done.folder.name.startswith("mine-") and set(done.figures) == set(open_run(done.folder).figures)


def test_a_wrong_override_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean width"):
        run(ID, overrides={"model.widht": 2}, out=tmp_path, device="cpu")
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_not_finished_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a run folder"):
        open_run(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 1, "status": "stopped"}', encoding="utf-8")
    with pytest.raises(DataError, match="stopped, not finished"):
        open_run(tmp_path)


def test_what_data_warn_of_stands_among_the_run_s_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Points.cases

    def warning(self: Points) -> Any:
        warnings.warn("2 images show the same", stacklevel=2)
        warnings.warn("a library will change", FutureWarning, stacklevel=2)
        return found(self)

    monkeypatch.setattr(Points, "cases", warning)
    for place in ("first", "again"):
        with pytest.warns(UserWarning, match="show the same"):
            done = run(ID, overrides=SHORT, out=tmp_path / place, device="cpu")
        notes = json.loads((done.folder / "run.json").read_text(encoding="utf-8"))["notes"]
        assert notes.count("2 images show the same") == 1 and "a library will change" not in notes
        assert "2 images show the same" in (done.folder / "report.html").read_text(encoding="utf-8")


def test_a_run_says_a_warning_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Points.read

    def warning(self: Points, *given: Any) -> Any:
        warnings.warn("an image is dark", stacklevel=2)
        return found(self, *given)

    monkeypatch.setattr(Points, "read", warning)
    with pytest.warns(UserWarning, match="is dark") as caught:
        run(ID, overrides=SHORT, out=tmp_path, device="cpu")
    assert [str(item.message) for item in caught].count("an image is dark") == 1

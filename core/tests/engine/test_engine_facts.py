"""What a dataset says of itself fills what recipe and user leave open, is kept in the run, and holds other data to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from enginetoys import MeanError, Points

from medai._engine.configure import Request, configure, informed, restore
from medai._engine.data import facts_of, open_slots
from medai._engine.listener import Listener
from medai._engine.options import Options
from medai._engine.run import start
from medai._results.folder import RunFolder, new_folder
from medai.errors import DataError

ID = "enginetoys/denoise"
OWN = """
task = "medai/restoration"
model = "enginetoys/plain"
loss = {use = "enginetoys/demanding", weight = 1.0}
data.pairs = {folder = "enginetoys/points", embedded = "enginetoys/points"}
train.steps = 2
protocol = {split = {valid = 0.2, test = 0.2}, metrics = ["enginetoys/mean-error"], options = {}}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that leaves the width open, on data that say it is 6."""
    said = {"model.width": 6, "model.colour": "red", "nowhere.at.all": 1, "protocol.options.names": ["a"], "folder.groups": 6}
    monkeypatch.setattr(Points, "facts", said, raising=False)
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_what_is_open_is_filled_and_its_origin_kept(recipe: Path) -> None:
    before = configure(Request(str(recipe)))
    found = informed(before, facts_of(open_slots(before.recipe, {})))
    assert found.recipe.model.params == {"width": 6} and found.recipe.protocol.options == {"names": ["a"]}
    assert found.origins["model.width"] == found.origins["protocol.options.names"] == "the data"
    assert found.departures == before.departures and "colour" not in found.recipe.model.params
    assert informed(found, {"model.width": 9}) is found


def test_recipe_and_user_have_the_last_word(recipe: Path) -> None:
    recipe.write_text(OWN.replace('"enginetoys/plain"', '{use = "enginetoys/plain", width = 3}'), encoding="utf-8")
    mine = configure(Request(str(recipe)))
    assert informed(mine, {"model.width": 6}).recipe.model.params == {"width": 3}
    assert informed(configure(Request(ID)), {"model.width": 6}).recipe.model.params == {"width": 4}


def test_a_run_keeps_it(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    folder = new_folder(tmp_path, "run")
    configuration = configure(Request(str(recipe), data=(f"enginetoys/points:{tmp_path / 'data'}",)))
    start(configuration, Options(device="cpu"), folder, Listener())
    record = RunFolder(folder.root).read_record()
    kept = restore(record)
    assert kept.recipe.model.params["width"] == 6 and record["origins"]["model.width"] == "the data"
    # The folder's dataset is held to what it said, whatever other data would say.
    assert kept.recipe.data["pairs"].folder.params["groups"] == 6


def test_slots_that_contradict_one_another_are_refused(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = open_slots(configure(Request(str(recipe))).recipe, {})
    other = open_slots(configure(Request(str(recipe))).recipe, {})
    monkeypatch.setattr(other[0].own, "facts", {"model.width": 7})
    with pytest.raises(DataError, match=r"says model\.width = 7, another slot 6"):
        facts_of([*slots, *other])


def test_metrics_name_the_classes_that_the_data_have(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(self: Any, classes: tuple[str, ...] = ()) -> None:
        self.classes = classes

    monkeypatch.setattr(Points, "facts", {"protocol.options.classes": ["cyst", "mass"]})
    monkeypatch.setattr(MeanError, "__init__", named)
    monkeypatch.setattr(MeanError, "total", lambda self, parts: {f"mse-{name}": 0.5 for name in ("all", *self.classes)})
    summary = start(configure(Request(str(recipe))), Options(device="cpu"), new_folder(tmp_path, "run"), Listener())
    assert list(summary["figures"]) == ["mse-all", "mse-cyst", "mse-mass"]

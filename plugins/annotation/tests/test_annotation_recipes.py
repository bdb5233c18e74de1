"""What the plugin declares: light, buildable, and the study's."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from medai.api import Recipe, Spec, Table, Use
from medai_annotation import plugin
from medai_annotation.recipes import NETWORKS, NOISE2CLEAN, PIPELINE, RECIPES
from medai_annotation.tables import TABLES

SPECS = [
    *plugin.medai_datasets(), *plugin.medai_models(), *plugin.medai_losses(), *plugin.medai_metrics(), *plugin.medai_exporters(),
]  # fmt: skip
REPORTED = Path(plugin.__file__).with_name("reported")


def test_the_plugin_module_is_light() -> None:
    code = (
        "import sys, medai_annotation.plugin as p; p.medai_tables(); sys.exit(bool({'torch', 'numpy', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_target_is_there(spec: Spec) -> None:
    module, _, name = spec.target.partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("recipe", NETWORKS, ids=lambda recipe: recipe.name)
def test_the_studys_training(recipe: Recipe) -> None:
    train = recipe.train
    assert train is not None and recipe.loss == Use("annotation/l1")
    assert train.optimizers == {"all": Use("RMSprop", {"lr": 1e-5, "momentum": 0.9, "weight_decay": 1e-8})}
    assert train.views[0] == Use("annotation/body-marker", {"target": "noisy"})
    assert set(recipe.scales) == {"quick", "small", "medium"} and recipe.protocol == NETWORKS[0].protocol


def test_the_two_schemes_differ_in_one_word() -> None:
    ours, theirs = NETWORKS[0], NOISE2CLEAN
    assert ours.model == theirs.model and ours.data == theirs.data and ours.protocol == theirs.protocol and ours.loss == theirs.loss
    assert ours.train is not None and theirs.train is not None
    assert [view.params for view in ours.train.views][1:] == [view.params for view in theirs.train.views][1:]
    assert (ours.train.views[0].params["target"], theirs.train.views[0].params["target"]) == ("noisy", "clean")


def test_test_images_are_measured_against_clean_ones_whatever_was_learnt_from() -> None:
    for recipe in (each for each in RECIPES if each.task == "restoration"):
        for use in (recipe.data["images"].folder, recipe.data["images"].embedded):
            assert isinstance(use, Use) and use.id == "medai/cached"
            view = use.params["source"]
            assert isinstance(view, Use) and view.params.get("target", "clean") == "clean"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_grey_image_is_answered_as_the_same_in_colours(recipe: Recipe) -> None:
    assert recipe.views == (Use("standard/channels", {"count": 3}),)


def test_every_method_has_a_recipe_of_its_own() -> None:
    # One that answers more than three rows beside its name is a collection, not the method.
    assert all(len({recipe.name, *recipe.implements}) <= 4 for recipe in RECIPES)
    assert {"noise2noise", "training-setup", "synthetic-overlay-pipeline"} <= {row for recipe in RECIPES for row in recipe.implements}


def test_presence_is_asked_of_images_with_and_without() -> None:
    view = PIPELINE.data["images"].folder.params["source"]
    assert isinstance(view, Use) and view.params["absent"] == view.params["other"] == 1 / 3


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_have_the_printed_figures(table: Table) -> None:
    with (REPORTED / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
        printed = {(line["row"], line["column"]): line for line in csv.DictReader(file)}
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    assert set(cells) == set(printed) and len(cells) == len(table.cells)
    for place, cell in cells.items():
        assert cell.reported == float(printed[place]["reported"]) and cell.note == printed[place]["note"]
        assert cell.spread is not None and (cell.spread.value, cell.spread.kind) == (float(printed[place]["spread"]), "variance")
        assert cell.incomparable


@pytest.mark.parametrize(
    ("table", "column", "above", "said"), [(3, "PSNR_HVS_M", 0.39, "39 %"), (6, "IoU", 3.84, "384 %"), (8, "Dice", 2.0, "200 %")]
)
def test_what_the_text_claims_stands_with_its_row(table: int, column: str, above: float, said: str) -> None:
    cells = {cell.row: cell for each in TABLES if each.name == f"table-{table}" for cell in each.cells if cell.column == column}
    ours, theirs = cells["Costumed U-Net, N2N"], cells["Costumed U-Net, N2C"]
    assert ours.reported is not None and theirs.reported is not None
    assert ours.reported / theirs.reported - 1 == pytest.approx(above, abs=0.005) and f"{said} above" in ours.note


def test_the_printed_rows_are_what_they_say() -> None:
    tables = {table.name: {(cell.row, cell.column): cell for cell in table.cells} for table in TABLES}
    assert {name: len(cells) for name, cells in tables.items()} == {
        "table-2": 48, "table-3": 32, "table-4": 24, "table-5": 16, "table-6": 4, "table-7": 4, "table-8": 6, "table-9": 4,
    }  # fmt: skip
    best = tables["table-2"]["Costumed U-Net, N2N", "Dice"]
    assert best.reported == 0.712 and best.overrides == {"train.views.0.target": "noisy", "model.normalisation": "linear"}
    plain, smn = tables["table-3"]["FCN_101, N2C", "SSIM"], tables["table-2"]["FCN_101, N2C SMN", "Dice"]
    assert plain.overrides["model.normalisation"] == "linear" and smn.overrides["model.normalisation"] == "smn"
    lines = tables["table-6"]["Costumed U-Net, N2C", "IoU"]
    assert lines.overrides["train.views.0.use"] == "annotation/radial-line" and lines.data == {"images": "radial-line"}
    assert tables["table-4"]["All Loss Sum", "Dice"].overrides == {"loss.use": "annotation/all-loss-sum"}
    # What cannot be as printed is said to be so.
    assert "misprint" in tables["table-2"]["MultiResUNet, N2C SMN", "IoU"].note

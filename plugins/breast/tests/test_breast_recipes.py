"""What the plugin declares: light, buildable, and the study's."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from medai.api import Recipe, Spec, Use, build
from medai.errors import UsageError
from medai_breast import plugin
from medai_breast.recipes import RECIPES, STUDIED
from medai_breast.tables import TABLES

SPECS = [*plugin.medai_datasets(), *plugin.medai_models(), *plugin.medai_losses(), *plugin.medai_metrics()]
REPORTED = Path(plugin.__file__).with_name("reported")


def test_the_plugin_module_is_light() -> None:
    code = "import sys, medai_breast.plugin as p; p.medai_tables(); sys.exit(bool({'torch', 'numpy', 'scipy', 'timm'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_target_is_there(spec: Spec) -> None:
    module, _, name = spec.target.partition(":")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("recipe", STUDIED, ids=lambda recipe: recipe.name)
def test_the_studys_training(recipe: Recipe) -> None:
    train = recipe.train
    assert train is not None and recipe.loss is None
    assert (train.batch, train.epochs, train.steps, train.warmup, train.schedule_every) == (8, 300, None, 5, "epoch")
    rate = train.optimizers["all"].params["lr"]
    assert rate == 0.01 and train.optimizers["all"].params["momentum"] == 0.9
    assert train.schedule == Use("CosineAnnealingLR", {"eta_min": rate / 100})
    assert [view.id for view in train.views] == ["standard/mosaic", "standard/letterbox", "standard/rotations", "standard/flips"]
    assert recipe.model.params["size"] == (320, 320) and set(recipe.scales) == {"quick", "small", "medium"}


def test_all_methods_are_measured_alike() -> None:
    assert len(STUDIED) == 11
    for recipe in RECIPES:
        assert recipe.protocol == RECIPES[0].protocol and recipe.protocols == RECIPES[0].protocols
        assert recipe.name == "busi-to-bus" or recipe.data == RECIPES[0].data


def test_what_is_under_the_agpl_says_so() -> None:
    ours = {recipe.name for recipe in RECIPES if recipe.model.id == "standard/ultralytics"}
    assert ours == {"yolo11-m", "rtdetr-l"} == {recipe.name for recipe in RECIPES if recipe.license.startswith("AGPL")}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_have_the_printed_figures(table: object) -> None:
    from medai.api import Table

    assert isinstance(table, Table)
    with (REPORTED / f"{table.name}.csv").open(encoding="utf-8", newline="") as file:
        printed = {(line["row"], line["column"]): line["reported"] for line in csv.DictReader(file)}
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    assert len(printed) == 55 and set(printed) <= set(cells)
    for place, figure in printed.items():
        assert cells[place].reported == (float(figure) if figure else None)
        # A frame rate is of a machine, which the paper does not name; what the copy lost is said to be lost.
        assert bool(cells[place].incomparable) == (place[1] == "FPS") and bool(cells[place].note) == (not figure)
    beside = {row for row, _ in cells} - {row for row, _ in printed}
    assert beside == {"YOLO11-m", "RT-DETR-l"} and all(cells[row, "AP"].reported is None for row in beside)


def test_the_generalisation_is_tested_on_all_of_bus() -> None:
    (table,) = (table for table in TABLES if table.name == "table-4")
    assert {(cell.data["images"], cell.test) for cell in table.cells} == {("busi", "bus")}
    assert table.data["bus"].roles == ("test",) and table.data["bus"].folder == Use("breast/bus")


def test_all_of_the_other_hospitals_images_are_measured_on(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from medai._cli import cli

    done = CliRunner().invoke(cli, ["reproduce", "breast/table-4", "--stub", "--row", "SSD-res34", "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    cells = json.loads(done.stdout[done.stdout.index("{") :])["cells"]
    assert {cell["cases"] for cell in cells if cell["column"] == "AP"} == {8}


def test_the_focal_loss_by_hand() -> None:
    loss = build("breast/focal-loss")
    # One case of the first class: p = 0.5 for both, so that -0.25 (1/2)^2 log(1/2) - 0.75 (1/2)^2 log(1/2).
    found = loss(torch.zeros(1, 2), torch.tensor([0]))
    assert float(found) == pytest.approx(0.25 * 0.6931472, rel=1e-6)
    maps = loss(torch.zeros(1, 2, 3, 4), torch.zeros(1, 3, 4, dtype=torch.int64))
    assert float(maps) == pytest.approx(float(found))
    sure = loss(torch.tensor([[4.0, -4.0]]), torch.tensor([0]))
    assert float(sure) < 1e-3 * float(found)
    with pytest.raises(UsageError, match="alpha"):
        build("breast/focal-loss", alpha=2.0)


def test_stubs_of_two_hospitals_show_other_women(tmp_path: Path) -> None:
    groups = []
    for name in ("busi", "bus"):
        root = tmp_path / name
        dataset = build(f"breast/{name}", root=stub_of(name, root))
        groups.append({case.group for case in dataset.cases()})
    assert len(groups[1]) > 1 and not groups[0] & groups[1]


def test_drawn_pictures_of_the_test_are_of_others() -> None:
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == "busi-to-bus")
    both = []
    for slot in recipe.data.values():
        assert slot.embedded is not None
        scenes = slot.embedded.params["source"]
        assert isinstance(scenes, Use)
        both.append({case.group for case in build(scenes.id, **scenes.params).cases()})
    assert all(both) and not both[0] & both[1]


def stub_of(name: str, root: Path) -> Path:
    from medai_breast.datasets.bus import Bus
    from medai_breast.datasets.busi import Busi

    {"busi": Busi, "bus": Bus}[name].write_stub(root, 8, 0)
    return root

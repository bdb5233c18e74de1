"""What the plugin declares: light, buildable, and true."""

import subprocess
import sys
from importlib import import_module

import pytest

from medai._engine.data import open_slots
from medai._engine.split import share_out
from medai._results.bootstrap import FEWEST_GROUPS
from medai.api import Cell, Spec, Use
from medai_ldct import plugin
from medai_ldct.recipes import RECIPES
from medai_ldct.tables import TABLES

SPECS = [*plugin.medai_datasets(), *plugin.medai_models(), *plugin.medai_losses(), *plugin.medai_metrics()]


def test_the_plugin_module_is_light() -> None:
    code = (
        "import sys, medai_ldct.plugin as p; p.medai_recipes(); sys.exit(bool({'torch', 'numpy', 'scipy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_target_is_there(spec: Spec) -> None:
    module, _, name = spec.target.partition(":")
    assert callable(getattr(import_module(module), name))


TRAINED = [recipe for recipe in RECIPES if recipe.train is not None]


def test_the_papers_training() -> None:
    assert [recipe.name for recipe in TRAINED] == ["redcnn", "edcnn", "qae", "octnet", "unet", "wgan-vgg", "ctformer"]
    for recipe in TRAINED:
        assert recipe.train is not None
        assert (recipe.train.batch, recipe.train.epochs, recipe.train.steps) == (8, 200, None)
        assert recipe.train.optimizers == {"all": Use("Adam", {"lr": 1e-5})}
        # The critic that has the study's count of parameters is made for patches of 80.
        assert recipe.train.views[0].params["size"] == (80 if recipe.name == "wgan-vgg" else 64)
        assert set(recipe.scales) == {"quick", "small"}


def test_all_methods_are_measured_alike() -> None:
    for recipe in RECIPES:
        assert recipe.protocol == RECIPES[0].protocol and recipe.data == RECIPES[0].data
        assert recipe.protocols == {"paper": {"split": {"valid": "test"}}, "honest": {}}
        assert recipe.implements == (recipe.name,)


def test_the_dose_belongs_to_the_data_and_not_to_prediction() -> None:
    for recipe in RECIPES:
        assert recipe.views == ()
        for use, innermost in ((recipe.data["ct"].folder, "ldct/ct"), (recipe.data["ct"].embedded, "ldct/phantom")):
            chain: list[str] = []
            place: object = use
            while isinstance(place, Use):
                chain.append(place.id)
                place = place.params.get("source")
            assert chain == ["medai/cached", "ldct/simulated", innermost]


def test_the_drawn_subjects_are_enough_for_an_interval() -> None:
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == "ldct-input-row")
    (slot,) = open_slots(recipe, {})
    parts: dict[str, set[str]] = {}
    roles = share_out(slot.members(), recipe.protocol.split, learns=True)
    for member in slot.members():
        parts.setdefault(roles[member.key], set()).add(member.case.group)
    assert {role: len(groups) for role, groups in parts.items()} == {"train": 42, "valid": 6, "test": 12}
    assert len(parts["test"]) >= FEWEST_GROUPS
    # Ten rows are 45 pairs: where all cases point one way, so many of them are told apart.
    assert 45 * 2 ** (1 - len(parts["test"])) < 0.05


def test_what_needs_weights_or_not_is_an_override_that_is_recorded() -> None:
    quick = {recipe.name: recipe.scales["quick"] for recipe in TRAINED}
    assert quick["edcnn"]["loss"] == quick["wgan-vgg"]["loss"] == {"perceptual": 0.0}
    assert all("loss" not in recipe.scales["small"] for recipe in TRAINED)


def printed(name: str) -> dict[tuple[str, str], Cell]:
    (table,) = (table for table in TABLES if table.name == name)
    return {(cell.row, cell.column): cell for cell in table.cells}


def test_tables_hold_what_is_printed() -> None:
    assert [table.name for table in TABLES] == ["table-3", "table-4", "table-5", "table-6", "table-7", "table-8", "figures-2-3"]
    assert printed("table-4")["UNet", "PSNR"].reported == 32.2510 and printed("table-4")["UNet", "PSNR"].groups == ("L506",)
    assert printed("table-5")["WGAN", "RMSE"].reported == 26.7823 and printed("table-5")["WGAN", "RMSE"].metric == "roi-rmse"
    crossed = printed("table-6")["OCTNet", "train AAPM, test Piglet: SSIM"]
    assert (crossed.reported, crossed.data, crossed.test) == (0.8616, {"ct": "aapm"}, "piglet")
    dose = printed("table-7")["CTformer", "5% dose: RMSE"]
    assert (dose.reported, dose.test, dose.metric) == (14.9342, "piglet:5", "rmse")
    assert printed("table-8")["EDCNN", "AAPM: CPU time (ms)"].reported == 571.6
    assert printed("table-3")["WGAN", "Trainable parameters"].reported == 34071842
    reported = [cell for table in TABLES for cell in table.cells if cell.reported is not None]
    assert len(reported) == 7 + 21 + 21 + 64 + 96 + 49
    # Rows that the paper does not have report nothing.
    assert {cell.row for cell in printed("table-6").values() if cell.reported is None} == {"non-local means", "wavelets"}


def test_a_count_that_is_of_other_parts_is_not_compared() -> None:
    for table, column in (("table-3", "Trainable parameters"), ("table-8", "Params")):
        said = {row: cell.incomparable for (row, name), cell in printed(table).items() if name.endswith(column)}
        assert "20,024,384" in said.pop("WGAN") and set(said.values()) == {""}


def test_axes_of_figures_say_metric_and_unit() -> None:
    labels = {table.name: [chart.label for chart in table.charts] for table in TABLES if table.charts}
    assert labels == {"table-8": ["mean PSNR (dB)", "mean PSNR (dB)"], "figures-2-3": ["PSNR (dB)", "SSIM"]}


def test_a_psnr_that_no_mean_of_slices_can_have_is_said() -> None:
    doubted = {(table.name, cell.row, cell.column) for table in TABLES for cell in table.cells if "20 log10" in cell.note}
    of_psnr = {each for each in doubted if each[2].endswith("PSNR")}
    assert of_psnr == {
        ("table-4", "EDCNN", "PSNR"), ("table-4", "OCTNet", "PSNR"), ("table-4", "CTformer", "PSNR"), ("table-5", "QAE", "PSNR"),
        ("table-7", "REDCNN", "25% dose: PSNR"), ("table-7", "REDCNN", "5% dose: PSNR"), ("table-7", "EDCNN", "10% dose: PSNR"),
        ("table-7", "EDCNN", "5% dose: PSNR"), ("table-7", "UNet", "25% dose: PSNR"), ("table-7", "UNet", "10% dose: PSNR"),
        ("table-7", "UNet", "5% dose: PSNR"), ("table-7", "WGAN", "50% dose: PSNR"), ("table-7", "CTformer", "50% dose: PSNR"),
    }  # fmt: skip
    assert len(doubted) == 2 * len(of_psnr)  # beside the RMSE as well


def test_piglet_s_doses_stand_in_one_folder_and_one_split() -> None:
    (table,) = (table for table in TABLES if table.name == "table-7")
    assert set(table.data) == {"piglet", "piglet:50", "piglet:25", "piglet:10", "piglet:5"}
    assert {slot.folder.params["dose"] for name, slot in table.data.items() if ":" in name} == {50, 25, 10, 5}

"""What the plugin declares: light, buildable, and true."""

import subprocess
import sys
from importlib import import_module

import pytest

from medai.api import Use
from medai_ldct import plugin
from medai_ldct.recipes import EDCNN, RECIPES, REDCNN
from medai_ldct.tables import TABLE_4

SPECS = [*plugin.medai_datasets(), *plugin.medai_models()]


def test_the_plugin_module_is_light() -> None:
    code = (
        "import sys, medai_ldct.plugin as p; p.medai_recipes(); sys.exit(bool({'torch', 'numpy', 'scipy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_target_is_there(spec: plugin.DatasetSpec) -> None:
    module, _, name = spec.target.partition(":")
    assert callable(getattr(import_module(module), name))


def test_the_papers_training() -> None:
    for recipe in RECIPES:
        assert recipe.train is not None
        assert (recipe.train.batch, recipe.train.epochs, recipe.train.steps) == (8, 200, None)
        assert recipe.train.optimizers == {"all": Use("Adam", {"lr": 1e-5})}
        assert recipe.train.views[0].params["size"] == 64
        assert set(recipe.scales) == {"quick", "small"}


def test_the_dose_belongs_to_the_data_and_not_to_prediction() -> None:
    for recipe in RECIPES:
        assert recipe.views == ()
        for use, innermost in ((recipe.data["ct"].folder, "ldct/ct"), (recipe.data["ct"].embedded, "ldct/phantom")):
            chain = []
            while isinstance(use, Use):
                chain.append(use.id)
                use = use.params.get("source")
            assert chain == ["medai/cached", "ldct/simulated", innermost]


def test_only_what_is_true_is_claimed() -> None:
    assert REDCNN.implements == ("redcnn",)
    assert EDCNN.implements == () and "MSE alone" in EDCNN.summary


def test_table_4_holds_what_is_printed() -> None:
    printed = {(cell.row, cell.column): cell.reported for cell in TABLE_4.cells}
    assert printed == {
        ("REDCNN", "PSNR"): 31.6918,
        ("REDCNN", "SSIM"): 0.8841,
        ("REDCNN", "RMSE"): 10.6134,
        ("EDCNN", "PSNR"): 31.8518,
        ("EDCNN", "SSIM"): 0.8972,
        ("EDCNN", "RMSE"): 9.9714,
    }
    doubted = {(cell.row, cell.column) for cell in TABLE_4.cells if "32.07" in cell.note}
    assert doubted == {("EDCNN", "PSNR"), ("EDCNN", "RMSE")}

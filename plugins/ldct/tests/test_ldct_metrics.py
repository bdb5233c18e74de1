"""The study's metrics: against values computed by hand, and the dose that data say."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from medai import api
from medai.errors import DataError, UsageError
from medai.tasks import Case, Image, Sample
from medai_ldct.datasets.phantom import Phantom
from medai_ldct.datasets.simulated import Simulated
from medai_ldct.metrics import DoseMeasures, Mse, RoiAverage
from medai_ldct.physics.exposure import at

WINDOW = (-160.0, 240.0)


def sample(reference: torch.Tensor, **attributes: float) -> Sample[Image, Image]:
    image = Image(reference, "HU")
    return Sample(Case("c", "g", attributes=attributes), image, image)


def test_the_error_is_squared_and_of_the_window() -> None:
    given = sample(torch.tensor([[[0.0, 100.0, 1000.0, -1000.0]]]))
    answer = Image(torch.tensor([[[3.0, 96.0, 2000.0, -500.0]]]), "HU")
    metric = Mse(window=WINDOW)
    assert metric.total([metric.case(answer, given)]) == {"mse": pytest.approx((9 + 16) / 4)}
    assert math.isnan(metric.total([])["mse"])


def test_the_specs_of_the_study_are_the_figures_of_medai() -> None:
    rng = np.random.default_rng(0)
    given = sample(torch.from_numpy(rng.normal(0, 60, (1, 32, 32)).astype(np.float32)))
    assert given.reference is not None
    answer = Image(given.reference.pixels + torch.from_numpy(rng.normal(0, 20, (1, 32, 32)).astype(np.float32)), "HU")
    for name, own in (("psnr", "psnr"), ("ssim", "ssim"), ("rmse", "rmse"), ("avg-psnr", "psnr")):
        ours, theirs = (api.build(id, window=WINDOW) for id in (f"ldct/{name}", f"medai/{own}"))
        assert ours.total([ours.case(answer, given)]) == theirs.total([theirs.case(answer, given)])
    mse, rmse = (api.build(f"ldct/{name}", window=WINDOW) for name in ("mse", "rmse"))
    assert mse.case(answer, given) == pytest.approx(rmse.case(answer, given) ** 2)


def test_a_declared_region_counts_alone(tmp_path: Path) -> None:
    regions = tmp_path / "regions.csv"
    regions.write_text("case,row,column,height,width\nother,0,0,1,1\nc*,0.5,0.25,0.25,0.5\n", encoding="utf-8")
    given = sample(torch.zeros(1, 80, 40))
    inside, outside = (Image(torch.zeros(1, 80, 40), "HU") for _ in range(2))
    inside.pixels[:, 40:60, 10:30] += 50
    outside.pixels[:] += 50
    outside.pixels[:, 40:60, 10:30] = 0
    psnr, metric = RoiAverage(window=WINDOW, regions=regions), RoiAverage(figure="rmse", window=WINDOW, regions=regions)
    assert psnr.total([psnr.case(inside, given)]) == {"roi-psnr": pytest.approx(20 * math.log10(400 / 50))}
    assert metric.total([metric.case(inside, given)]) == {"roi-rmse": pytest.approx(50)}
    assert psnr.case(outside, given) == 100 and metric.case(outside, given) == 0
    ssim = RoiAverage(figure="ssim", regions=regions)
    assert ssim.case(outside, given) == pytest.approx(1) and ssim.better == "higher" and metric.better == "lower"
    elsewhere = Sample(Case("d", "g"), given.inputs, given.reference)
    assert math.isnan(metric.case(inside, elsewhere)) and math.isnan(metric.total([math.nan])["roi-rmse"])


def test_the_plugin_s_own_region_fits_every_slice() -> None:
    given = sample(torch.zeros(1, 512, 512))
    answer = Image(torch.zeros(1, 512, 512), "HU")
    answer.pixels[:, 235:307, 220:291] = 30
    assert RoiAverage(figure="rmse").case(answer, given) == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("line", ["c,0.5,0.5,0.6,0.1", "c,0.5,0.5,x,0.1", "c,0.5,0.5,0,0.1", "c,0.1"])
def test_a_region_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    regions = tmp_path / "regions.csv"
    regions.write_text(f"case,row,column,height,width\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2") as error:
        RoiAverage(regions=regions)
    assert error.value.path == regions
    with pytest.raises(DataError, match="cannot be read"):
        RoiAverage(regions=tmp_path / "none.csv")
    with pytest.raises(UsageError, match="below its second"):
        RoiAverage(window=(1.0, 0.0))
    with pytest.raises(DataError, match="no reference"):
        RoiAverage().case(Image(torch.zeros(1, 8, 8), "HU"), Sample(Case("c", "g"), Image(torch.zeros(1, 8, 8), "HU")))


def test_the_dose_is_what_the_data_say() -> None:
    metric = DoseMeasures()
    cases = [sample(torch.zeros(1, 4, 4), **at(0.25).attributes), sample(torch.zeros(1, 4, 4), dose=0.1)]
    found = metric.total([metric.case(each.inputs, each) for each in cases])
    assert found == {"dose": pytest.approx(0.175), "mas": 75, "ctdi-vol": 7.71, "dlp": 235.81, "effective-dose": 3.54}
    with pytest.raises(DataError, match="says no dose"):
        metric.case(cases[0].inputs, sample(torch.zeros(1, 4, 4)))


def test_a_simulated_dose_says_its_current_where_it_was_asked_for_by_current() -> None:
    source = Phantom(subjects=1, slices=1, size=64)
    by_dose, by_current = Simulated(source, dose=0.25), Simulated(source, mas=75)
    assert dict(by_dose.cases()[0].attributes) == {"dose": 0.25}
    assert dict(by_current.cases()[0].attributes) == dict(at(0.25).attributes)
    rng = np.random.default_rng(0)
    first, second = (view.read(view.cases()[0], rng) for view in (by_dose, by_current))
    assert torch.equal(first.inputs.pixels, second.inputs.pixels) and second.case == by_current.cases()[0]
    assert Simulated(source, mas=20).cases()[0].attributes["CTDIvol"] == pytest.approx(30.83 / 15)
    with pytest.raises(UsageError, match="mas = 400: above 0 and up to 300"):
        Simulated(source, mas=400)

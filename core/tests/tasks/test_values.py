"""Numbers: conventions, figures against scikit-learn, files, picture."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError, PluginError
from medai.tasks import Batch, Case, Image, Row, Sample, Value
from medai.tasks.regression import MeanAbsoluteError, Regression, RootMeanSquaredError, RSquared

TASK = Regression()
RNG = np.random.default_rng(6)


def value(*numbers: float, names: tuple[str, ...] = ()) -> Value:
    return Value(torch.tensor(numbers, dtype=torch.float32), names)


def sample(reference: Value | None) -> Sample[Row, Value]:
    return Sample(Case("a", "a"), Row(torch.tensor([1.0, math.nan]), ("x", "y")), reference)


def figures(metric: Any, found: np.ndarray, truth: np.ndarray, names: tuple[str, ...] = ()) -> dict[str, float]:
    pairs = zip(found, truth, strict=True)
    return dict(metric.total([metric.case(value(*one), sample(value(*other, names=names))) for one, other in pairs]))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("metric", [MeanAbsoluteError(), RootMeanSquaredError(), RSquared()])
def test_figures_agree_with_scikit_learn(metric: Any, count: int) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    judged = {"mae": judge.mean_absolute_error, "rmse": judge.root_mean_squared_error, "r2": judge.r2_score}[metric.name]
    truth = RNG.normal(5, 2, (20, count)).astype(np.float32)
    found = truth + RNG.normal(0, 1, truth.shape).astype(np.float32)
    got = figures(metric, found, truth)
    expected = judged(truth, found, multioutput="raw_values")
    assert got[metric.name] == pytest.approx(expected.mean(), rel=1e-5)
    assert list(got.values())[1:] == (pytest.approx(expected, rel=1e-5) if count > 1 else [])
    assert figures(metric, found[::-1], truth[::-1]) == pytest.approx(got)
    best = figures(metric, truth, truth)
    assert set(best.values()) == {1.0 if metric.better == "higher" else 0.0}


def test_figures_are_named() -> None:
    truth = RNG.normal(size=(4, 2))
    assert list(figures(MeanAbsoluteError(), truth, truth)) == ["mae", "mae-1", "mae-2"]
    assert list(figures(RootMeanSquaredError("left"), truth, truth, ("age", "dose"))) == ["left-rmse", "left-rmse-age", "left-rmse-dose"]


def test_what_is_not_defined_is_nan() -> None:
    assert math.isnan(figures(RSquared(), np.array([[1.0]]), np.array([[2.0]]))["r2"])
    assert math.isnan(figures(RSquared(), np.array([[1.0], [3.0]]), np.array([[2.0], [2.0]]))["r2"])
    assert math.isnan(MeanAbsoluteError().total([])["mae"])
    with pytest.raises(DataError, match="no reference"):
        MeanAbsoluteError().case(value(1), sample(None))
    with pytest.raises(PluginError, match="differ in how many"):
        MeanAbsoluteError().total([MeanAbsoluteError().case(value(*row), sample(value(*row))) for row in ([1], [1, 2])])


def test_a_plain_module_gives_numbers() -> None:
    batch = Batch.of([sample(value(1, 2, names=("age", "dose"))) for _ in range(3)]).to("cpu")
    assert TASK.arguments(batch)[0].shape == (3, 2)
    assert TASK.target(batch).shape == (3, 2)
    found = TASK.predictions(torch.ones(3, 2, dtype=torch.bfloat16, requires_grad=True), batch)
    assert [each.values.tolist() for each in found] == [[1, 1]] * 3
    assert (found[0].values.dtype, found[0].names) == (torch.float32, ("age", "dose"))
    for wrong, words in ((torch.ones(3), "not numbers"), (torch.ones(3, 1), r"where \(3, 2\) were due"), ([1.0], "gave a list")):
        with pytest.raises(PluginError, match=words):
            TASK.predictions(wrong, batch)
    unlabelled = Batch.of([sample(None)])
    assert TASK.predictions(torch.ones(1, 5), unlabelled)[0].names == ()
    with pytest.raises(DataError, match="no reference"):
        TASK.target(unlabelled)
    with pytest.raises(DataError, match="in one batch"):
        Value.stack([value(1), value(1, 2)])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (value(math.nan), "not finite"),
        (Value(torch.zeros(1, 2)), "not float32"),
        (Value(torch.zeros(2, dtype=torch.float64)), "not float32"),
        (value(), "not float32"),
        (value(1, 2, names=("age",)), "2 numbers and 1 names"),
        (1.0, "is a float, not a Value"),
    ],
)
def test_numbers_are_checked(bad: Any, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TASK.check(sample(bad))
    with pytest.raises(PluginError, match=reason):
        TASK.check_prediction(bad, sample(None))


def test_good_numbers_pass() -> None:
    TASK.check(sample(value(1, 2)))
    TASK.check_prediction(value(1, 2), sample(value(3, 4)))
    with pytest.raises(PluginError, match="has 1 numbers, the reference 2"):
        TASK.check_prediction(value(1), sample(value(3, 4)))


def test_numbers_come_back_from_their_file_to_the_last_bit(tmp_path: Path) -> None:
    held = value(0.1, 1 / 3, 1e-30, names=("a", "b", "c"))
    read = TASK.load(TASK.save(held, sample(None), tmp_path / "p-1.5"))
    assert torch.equal(read.values, held.values)
    assert read.names == held.names


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"values": ["x"]}', '{"values": []}', '{"values": [NaN]}'])
def test_a_file_that_is_not_one_names_itself(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.json: "):
        TASK.load(path)


def test_the_picture_says_the_numbers() -> None:
    case = Sample(Case("a", "a"), Image(torch.rand(1, 16, 16), "0..1"), value(50, 0.25, names=("age (years)", "dose (mSv)")))
    figure = TASK.draw(case, value(53, 0.2), {})
    assert [axes.get_title(loc="left") for axes in figure.axes[1:]] == ["age (years)   difference +3", "dose (mSv)   difference -0.05"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["53", "50"]
    figure.savefig(io.BytesIO(), dpi=30)
    alone = TASK.draw(sample(None), value(*range(8)), {"names": ["first"]})
    assert [axes.get_title(loc="left") for axes in alone.axes[1:3]] == ["first", "value 2"]
    assert len(alone.axes) == 7


def test_rows_are_opened(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n")
    assert len(TASK.open([tmp_path / "a.csv"]).cases()) == 2

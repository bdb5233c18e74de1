"""torchmetrics by name: each task against torchmetrics itself over all cases, cases in any order, intervals, and bad parameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Any

import pytest
import torch
import torchmetrics

from medai._results.bootstrap import intervals
from medai.api import build
from medai.errors import DataError, EnvironmentFault, UsageError
from medai.tasks import Boxes, Case, Cluster, Image, Label, Mask, Pairs, Row, Sample, Scores, Value
from medai_standard.metrics import TorchMetric

CASES = 12
Pairing = list[tuple[Any, Sample[Any, Any]]]


def sample(reference: Any) -> Sample[Any, Any]:
    return Sample(Case("a", "a"), Row(torch.zeros(1), ("x",)), reference)


def made(prediction: Callable[[torch.Generator], Any], reference: Callable[[torch.Generator], Any], cases: int = CASES) -> Pairing:
    """The same random cases at every call."""
    dice = torch.Generator().manual_seed(5)
    return [(prediction(dice), sample(reference(dice))) for _ in range(cases)]


def some(highest: int, *shape: int) -> Callable[[torch.Generator], torch.Tensor]:
    return lambda dice: torch.randint(highest, shape, generator=dice)


def boxes(count: int, scored: bool) -> Callable[[torch.Generator], Boxes]:
    def draw(dice: torch.Generator) -> Boxes:
        corner = torch.rand(count, 2, generator=dice) * 6
        size = torch.rand(count, 2, generator=dice) * 10 + 20
        scores = torch.rand(count, generator=dice) if scored else None
        return Boxes(torch.cat([corner, corner + size], 1), some(2, count)(dice), scores)

    return draw


def structure(dice: torch.Generator) -> Pairs:
    places = torch.randperm(12, generator=dice).tolist()
    return Pairs.of([(places[0], places[1]), (places[2], places[3])], 12)


def scores(classes: int) -> Callable[[torch.Generator], Scores]:
    return lambda dice: Scores(torch.rand(classes, generator=dice).softmax(0))


def label(classes: int) -> Callable[[torch.Generator], Label]:
    return lambda dice: Label(int(some(classes, 1)(dice)))


def picture(dice: torch.Generator) -> Image:
    return Image(torch.rand(1, 24, 24, generator=dice), "0..1")


THREE = made(scores(3), label(3))
TWO = made(scores(2), label(2))
MASKS = made(lambda dice: Mask(some(3, 9, 7)(dice)), lambda dice: Mask(some(3, 9, 7)(dice)))
VOLUMES = made(lambda dice: Mask(some(2, 3, 5, 7)(dice)), lambda dice: Mask(some(2, 3, 5, 7)(dice)))
BOXES = made(boxes(4, True), boxes(3, False))
ONE_VALUE = made(lambda dice: Value(torch.rand(1, generator=dice)), lambda dice: Value(torch.rand(1, generator=dice)))
VALUES = made(lambda dice: Value(torch.rand(2, generator=dice)), lambda dice: Value(torch.rand(2, generator=dice)))
IMAGES = made(picture, picture)
PAIRS = made(structure, structure)
CLUSTERS = made(lambda dice: Cluster(int(some(4, 1)(dice))), label(3))


def probabilities(cases: Pairing) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.stack([found.probabilities for found, _ in cases]), torch.tensor([truth.reference.index for _, truth in cases])


def stacked(cases: Pairing, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.stack([getattr(found, name) for found, _ in cases]), torch.stack([getattr(truth.reference, name) for _, truth in cases])


def two_classes(cases: Pairing) -> tuple[torch.Tensor, torch.Tensor]:
    found, truth = probabilities(cases)
    return found[:, 1], truth


def as_dicts(cases: Pairing) -> tuple[list[dict[str, torch.Tensor]], list[dict[str, torch.Tensor]]]:
    found = [{"boxes": each.boxes, "labels": each.labels, "scores": each.scores} for each, _ in cases]
    return found, [{"boxes": each.reference.boxes, "labels": each.reference.labels} for _, each in cases]


def upper(cases: Pairing) -> tuple[torch.Tensor, torch.Tensor]:
    def row(held: Pairs) -> list[int]:
        return [int((i, j) in held.pairs) for i in range(12) for j in range(i + 1, 12)]

    return torch.tensor([row(found) for found, _ in cases]), torch.tensor([row(truth.reference) for _, truth in cases])


def numbers(cases: Pairing) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([found.index for found, _ in cases]), torch.tensor([truth.reference.index for _, truth in cases])


AGAINST: list[tuple[str, dict[str, Any], Pairing, Callable[[Pairing], tuple[Any, Any]]]] = [
    ("classification.MulticlassF1Score", {"num_classes": 3, "average": "macro"}, THREE, probabilities),
    ("classification.MulticlassAUROC", {"num_classes": 3}, THREE, probabilities),
    ("classification.MulticlassCalibrationError", {"num_classes": 3}, THREE, probabilities),
    ("classification.BinaryAUROC", {}, TWO, two_classes),
    ("classification.BinaryRecall", {}, TWO, two_classes),
    ("segmentation.DiceScore", {"num_classes": 3, "input_format": "index"}, MASKS, lambda cases: stacked(cases, "labels")),
    ("segmentation.MeanIoU", {"num_classes": 2, "input_format": "index"}, VOLUMES, lambda cases: stacked(cases, "labels")),
    ("classification.MulticlassJaccardIndex", {"num_classes": 3}, MASKS, lambda cases: stacked(cases, "labels")),
    ("classification.BinaryPrecision", {}, MASKS, lambda cases: tuple((each > 0).long() for each in stacked(cases, "labels"))),
    ("detection.IntersectionOverUnion", {}, BOXES, as_dicts),
    ("regression.R2Score", {}, ONE_VALUE, lambda cases: tuple(each[:, 0] for each in stacked(cases, "values"))),
    ("regression.PearsonCorrCoef", {}, ONE_VALUE, lambda cases: tuple(each[:, 0] for each in stacked(cases, "values"))),
    ("regression.SpearmanCorrCoef", {}, ONE_VALUE, lambda cases: tuple(each[:, 0] for each in stacked(cases, "values"))),
    ("regression.MeanSquaredError", {"num_outputs": 2}, VALUES, lambda cases: stacked(cases, "values")),
    ("regression.PearsonCorrCoef", {"num_outputs": 2}, VALUES, lambda cases: stacked(cases, "values")),
    ("image.PeakSignalNoiseRatio", {"data_range": 1.0}, IMAGES, lambda cases: stacked(cases, "pixels")),
    ("image.StructuralSimilarityIndexMeasure", {"data_range": 1.0}, IMAGES, lambda cases: stacked(cases, "pixels")),
    ("image.UniversalImageQualityIndex", {}, IMAGES, lambda cases: stacked(cases, "pixels")),
    ("regression.MeanAbsoluteError", {}, IMAGES, lambda cases: tuple(each.flatten() for each in stacked(cases, "pixels"))),
    ("classification.BinaryF1Score", {}, PAIRS, upper),
    ("clustering.AdjustedRandScore", {}, CLUSTERS, numbers),
    ("nominal.CramersV", {"num_classes": 3}, THREE, lambda cases: (probabilities(cases)[0].argmax(1), probabilities(cases)[1])),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning:torchmetrics")
@pytest.mark.parametrize(("name", "options", "cases", "tensors"), AGAINST, ids=[f"{item[0]}-{len(item[1])}" for item in AGAINST])
def test_all_cases_give_what_torchmetrics_gives(
    name: str, options: dict[str, Any], cases: Pairing, tensors: Callable[[Pairing], tuple[Any, Any]]
) -> None:
    domain, short = name.split(".")
    direct = getattr(getattr(torchmetrics, domain), short)(**options)
    direct.update(*tensors(cases))
    expected = direct.compute()
    wanted = [float(value) for value in (expected.values() if isinstance(expected, dict) else torch.atleast_1d(expected))]
    metric = TorchMetric(short, better="higher", options=options)
    parts = [metric.case(*case) for case in cases]
    got = metric.total(parts)
    assert list(got.values()) == pytest.approx(wanted, abs=1e-5)
    assert all(math.isfinite(value) for value in wanted)
    backwards = metric.total(parts[::-1])
    assert list(backwards) == list(got)
    assert list(backwards.values()) == pytest.approx(wanted, abs=1e-5)
    # Asked again, of a part and of all: nothing is kept from one total to the next.
    metric.total(parts[:3])
    assert metric.total(parts) == got


def test_average_precision_of_boxes_names_its_numbers() -> None:
    metric = TorchMetric("MeanAveragePrecision", options={"class_metrics": True})
    parts = [metric.case(*case) for case in BOXES]
    direct = torchmetrics.detection.MeanAveragePrecision(class_metrics=True)
    direct.update(*as_dicts(BOXES))
    expected, got = direct.compute(), metric.total(parts)
    assert 0.02 < got["map"] < 0.98
    assert got["map"] == pytest.approx(float(expected["map"]))
    assert got["map-50"] == pytest.approx(float(expected["map_50"]))
    assert [got["map-per-class-0"], got["map-per-class-1"]] == pytest.approx(expected["map_per_class"].tolist())
    assert math.isnan(got["map-large"])
    own = build("medai/average-precision")
    assert own.total([own.case(*case) for case in BOXES])["ap"] == pytest.approx(got["map"], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "cases", "best"),
    [
        ("MulticlassAccuracy", {"num_classes": 3}, [(Scores(torch.eye(3)[i]), sample(Label(i))) for i in range(3)], 1.0),
        ("MeanIoU", {"num_classes": 3}, [(case.reference, case) for _, case in MASKS], 1.0),
        ("MeanAbsoluteError", {}, [(case.reference, case) for _, case in ONE_VALUE], 0.0),
        ("StructuralSimilarityIndexMeasure", {"data_range": 1.0}, [(case.reference, case) for _, case in IMAGES], 1.0),
        ("BinaryF1Score", {}, [(case.reference, case) for _, case in PAIRS], 1.0),
        ("VMeasureScore", {}, [(Cluster(7 - case.reference.index), case) for _, case in CLUSTERS], 1.0),
    ],
)
def test_a_perfect_prediction_has_the_best_figure(name: str, options: dict[str, Any], cases: Pairing, best: float) -> None:
    metric = TorchMetric(name, options=options)
    assert list(metric.total([metric.case(*case) for case in cases]).values()) == [pytest.approx(best, abs=1e-5)]


def test_figures_are_named() -> None:
    def names(*given: Any, cases: Pairing = THREE, **parameters: Any) -> list[str]:
        metric = TorchMetric(*given, **parameters)
        return list(metric.total([metric.case(*case) for case in cases]))

    assert names("MulticlassAUROC", options={"num_classes": 3}) == ["multiclass-auroc"]
    assert names("MulticlassF1Score", label="f1", options={"num_classes": 3, "average": None}) == ["f1-0", "f1-1", "f1-2"]
    assert names("MeanIoU", cases=MASKS, options={"num_classes": 3}) == ["mean-iou"]
    assert names("IntersectionOverUnion", cases=BOXES) == ["iou"]
    assert names("IntersectionOverUnion", label="strict", cases=BOXES) == ["strict-iou"]
    # The class that torchmetrics picks by its option `task`.
    assert names("F1Score", options={"task": "multiclass", "num_classes": 3}) == ["multiclass-f1-score"]


def test_which_way_is_good() -> None:
    assert TorchMetric("BinaryAccuracy").better == "higher"
    assert TorchMetric("MeanAbsoluteError").better == "lower"
    assert TorchMetric("BinarySpecificity", better="higher").better == "higher"
    with pytest.raises(UsageError, match="does not say which way BinarySpecificity is good"):
        TorchMetric("BinarySpecificity")


def test_what_is_not_defined_is_nan_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        area = TorchMetric("BinaryAUROC")
        assert math.isnan(area.total([area.case(*TWO[0])])["binary-auroc"])
        fit = TorchMetric("R2Score")
        assert math.isnan(fit.total([fit.case(*ONE_VALUE[0])])["r2-score"])
        assert math.isnan(fit.total([])["r2-score"])


def test_the_mean_of_the_cases_own_figures() -> None:
    each = TorchMetric("PeakSignalNoiseRatio", label="psnr", average="cases", options={"data_range": [0, 1]})
    own = build("medai/psnr")
    parts = [each.case(*case) for case in IMAGES]
    assert each.total(parts)["psnr"] == pytest.approx(own.total([own.case(*case) for case in IMAGES])["psnr"], abs=1e-4)
    assert each.total(parts[:1])["psnr"] == pytest.approx(own.case(*IMAGES[0]), abs=1e-4)
    fit = TorchMetric("R2Score", average="cases")
    assert math.isnan(fit.total([fit.case(*case) for case in ONE_VALUE])["r2-score"])


def test_intervals_hold_the_figure() -> None:
    cases = made(scores(3), label(3), cases=100)
    metric = TorchMetric("MulticlassF1Score", label="f1", options={"num_classes": 3})
    parts = [metric.case(*case) for case in cases]
    found = intervals(metric.total, parts, [str(place) for place in range(100)])["f1"]
    value = metric.total(parts)["f1"]
    assert found.low is not None and found.high is not None
    assert found.low < value < found.high


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({"metric": "MulticlasF1"}, UsageError, "no metric 'MulticlasF1'; near: MulticlassF1Score"),
        ({"metric": "regression.BinaryF1Score"}, UsageError, "no metric 'regression.BinaryF1Score'"),
        ({"metric": "os.system"}, UsageError, "no metric 'os.system'"),
        ({"metric": "MulticlassF1Score"}, UsageError, "cannot be built from the options"),
        ({"metric": "BinaryF1Score", "options": {"treshold": 0.4}}, UsageError, "treshold"),
        ({"metric": "LearnedPerceptualImagePatchSimilarity"}, UsageError, "from the internet"),
    ],
)
def test_wrong_parameters(given: dict[str, Any], error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        TorchMetric(**given)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchmetrics.detection.mean_ap._PYCOCOTOOLS_AVAILABLE", False)
    with pytest.raises(EnvironmentFault, match="pycocotools"):
        TorchMetric("MeanAveragePrecision")


def test_predictions_that_a_metric_does_not_take() -> None:
    with pytest.raises(UsageError, match="MulticlassAUROC does not take"):
        TorchMetric("MulticlassAUROC", options={"num_classes": 3}).case(*MASKS[0])
    with pytest.raises(UsageError, match="for two classes, and the prediction has 3"):
        TorchMetric("BinaryAUROC").case(*THREE[0])
    with pytest.raises(UsageError, match="cannot be given a str"):
        TorchMetric("BinaryAUROC").case("text", sample(Label(0)))
    with pytest.raises(DataError, match="no reference"):
        TorchMetric("BinaryAUROC").case(TWO[0][0], sample(None))
    curve = TorchMetric("BinaryROC", better="higher")
    with pytest.raises(UsageError, match="a curve and no figures"):
        curve.total([curve.case(*case) for case in TWO])


def test_it_is_built_by_id_and_travels_to_other_processes() -> None:
    metric = build("standard/torchmetrics", metric="MulticlassF1Score", options={"num_classes": 3})
    here, there = Pipe()
    here.send(metric)
    other = there.recv()
    assert other.total([other.case(*case) for case in THREE]) == metric.total([metric.case(*case) for case in THREE])

"""Detection: types, conventions, COCO's average precision, files."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Boxes, Case, Image, Sample
from medai.tasks.detection import AveragePrecision, Detection

TASK = Detection()


def boxes(rows: Sequence[Sequence[float]], labels: Sequence[int] | None = None, scores: Sequence[float] | None = None) -> Boxes:
    return Boxes(
        torch.tensor(rows, dtype=torch.float32).reshape(-1, 4),
        torch.tensor(labels if labels is not None else [0] * len(rows), dtype=torch.int64),
        None if scores is None else torch.tensor(scores, dtype=torch.float32),
    )


def sample(reference: Boxes | None, pixels: torch.Tensor | None = None) -> Sample[Image, Boxes]:
    return Sample(Case("a", "a"), Image(torch.zeros(1, 64, 64) if pixels is None else pixels), reference)


def figures(pairs: Sequence[tuple[Boxes, Boxes]], metric: AveragePrecision | None = None) -> dict[str, float]:
    metric = metric or AveragePrecision()
    return dict(metric.total([metric.case(prediction, sample(reference)) for prediction, reference in pairs]))


def test_a_perfect_answer_is_one() -> None:
    truth = boxes([[0, 0, 10, 10], [20, 20, 30, 40]], [0, 2])
    assert figures([(boxes(truth.boxes.tolist(), [0, 2], [0.9, 0.2]), truth)]) == {"ap": pytest.approx(1), "ap50": pytest.approx(1)}


def test_a_box_counts_at_the_thresholds_that_it_reaches() -> None:
    # IoU 0.75 exactly: right at 0.50, 0.55 ... 0.75, six of ten thresholds.
    got = figures([(boxes([[0, 0, 10, 7.5]], scores=[0.9]), boxes([[0, 0, 10, 10]]))])
    assert got == {"ap": pytest.approx(0.6), "ap50": pytest.approx(1)}


def test_a_false_box_with_a_better_score_halves_the_precision() -> None:
    found = boxes([[40, 40, 50, 50], [0, 0, 10, 10]], scores=[0.9, 0.5])
    assert figures([(found, boxes([[0, 0, 10, 10]]))])["ap50"] == pytest.approx(0.5)


def test_a_second_box_on_the_same_reference_is_false() -> None:
    found = boxes([[0, 0, 10, 10], [0, 0, 10, 10]], scores=[0.9, 0.8])
    truth = boxes([[0, 0, 10, 10], [30, 30, 40, 40]])
    # Recall stops at one half: 51 of 101 points have precision 1.
    assert figures([(found, truth)])["ap50"] == pytest.approx(51 / 101)


def test_a_box_of_the_wrong_class_finds_nothing() -> None:
    assert figures([(boxes([[0, 0, 10, 10]], [1], [0.9]), boxes([[0, 0, 10, 10]], [0]))])["ap50"] == 0


def test_boxes_beyond_the_most_do_not_count() -> None:
    found = boxes([[40, 40, 50, 50], [0, 0, 10, 10]], scores=[0.9, 0.5])
    assert figures([(found, boxes([[0, 0, 10, 10]]))], AveragePrecision(most=1))["ap50"] == 0


def test_no_boxes_at_all() -> None:
    empty, truth = boxes([], scores=[]), boxes([[0, 0, 10, 10]])
    assert figures([(empty, truth)]) == {"ap": 0, "ap50": 0}
    assert all(math.isnan(value) for value in figures([(empty, boxes([]))]).values())
    assert all(math.isnan(value) for value in AveragePrecision().total([]).values())


def test_cases_pool_and_one_image_without_lesions_costs_precision() -> None:
    hit = (boxes([[0, 0, 10, 10]], scores=[0.5]), boxes([[0, 0, 10, 10]]))
    false = (boxes([[0, 0, 10, 10]], scores=[0.9]), boxes([]))
    assert figures([hit])["ap50"] == pytest.approx(1)
    assert figures([hit, false])["ap50"] == pytest.approx(0.5)


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    corner = rng.integers(0, 40, (count, 2))
    return np.concatenate([corner, corner + rng.integers(4, 24, (count, 2))], 1).astype(np.float32)


def random_pairs(seed: int) -> list[tuple[Boxes, Boxes]]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(12):
        truth = random_boxes(rng, int(rng.integers(0, 6)))
        jittered = truth + rng.integers(-2, 3, truth.shape)
        found = np.concatenate([jittered, random_boxes(rng, int(rng.integers(0, 5)))])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        labels = np.concatenate([rng.integers(0, 3, len(truth)), rng.integers(0, 3, len(found) - len(truth))])
        pairs.append(
            (
                boxes(found.tolist(), labels.tolist(), rng.random(len(found)).round(1).tolist()),
                boxes(truth.tolist(), labels[: len(truth)].tolist()),
            )
        )
    return pairs


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_the_coco_code(seed: int) -> None:
    coco, cocoeval = pytest.importorskip("pycocotools.coco"), pytest.importorskip("pycocotools.cocoeval")
    pairs = random_pairs(seed)
    truth, found = coco.COCO(), []
    annotations = []
    for image, (prediction, reference) in enumerate(pairs, start=1):
        for (x0, y0, x1, y1), label in zip(reference.boxes.tolist(), reference.labels.tolist(), strict=True):
            area = (x1 - x0) * (y1 - y0)
            one = {"id": len(annotations) + 1, "image_id": image, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0]}
            annotations.append({**one, "area": area, "iscrowd": 0})
        for (x0, y0, x1, y1), label, score in zip(*(value.tolist() for value in vars(prediction).values()), strict=True):
            found.append({"image_id": image, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score})
    truth.dataset = {
        "images": [{"id": i + 1} for i in range(len(pairs))],
        "categories": [{"id": i} for i in range(3)],
        "annotations": annotations,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judged = cocoeval.COCOeval(truth, truth.loadRes(found), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    got = figures(pairs)
    assert 0.05 < got["ap"] < got["ap50"] < 0.95
    assert [got["ap"], got["ap50"]] == pytest.approx(judged.stats[:2].tolist(), abs=1e-9)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (sample(boxes([[5, 5, 4, 6]])), "x0 <= x1"),
        (sample(boxes([[5, 5, 80, 6]])), "leaves the image of 64 x 64"),
        (sample(boxes([[5, 5, 6, 6]], [-1])), "negative"),
        (sample(boxes([[5, 5, math.nan, 6]])), "not finite"),
        (sample(None, torch.full((1, 8, 8), math.inf)), "not finite"),
        (sample(None, torch.zeros(8, 8)), "not float32"),
        (sample(Boxes(torch.zeros(2, 4), torch.zeros(1, dtype=torch.int64))), "classes are"),
    ],
)
def test_a_bad_sample_is_a_data_error(bad: Sample[Image, Boxes], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TASK.check(bad)


def test_an_image_without_boxes_is_good() -> None:
    TASK.check(sample(boxes([])))
    TASK.check_prediction(boxes([], scores=[]), sample(None))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (boxes([[0, 0, 1, 1]]), "one score per box"),
        (boxes([[0, 0, 1, 1]], scores=[math.nan]), "score"),
        (boxes([[2, 0, 1, 1]], scores=[1]), "x0"),
    ],
)
def test_a_bad_prediction_is_a_plugin_error(bad: Boxes, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        TASK.check_prediction(bad, sample(None))


def test_batches_keep_a_list_of_boxes() -> None:
    batch = Batch.of([sample(boxes([[0, 0, 1, 1]])), sample(boxes([]))]).to("cpu")
    assert [len(item) for item in TASK.target(batch)] == [1, 0]
    assert TASK.arguments(batch)[0].shape == (2, 1, 64, 64)


@pytest.mark.parametrize("held", [boxes([[0.1, 0.2, 1 / 3, 40]], [2], [0.7]), boxes([], scores=[])])
def test_predictions_come_back_from_their_file_to_the_last_bit(tmp_path: Path, held: Boxes) -> None:
    read = TASK.load(TASK.save(held, sample(None), tmp_path / "case"))
    assert torch.equal(read.boxes, held.boxes)
    assert torch.equal(read.labels, held.labels)
    assert read.scores is not None and held.scores is not None and torch.equal(read.scores, held.scores)
    names = ["nodule", "cyst", "scar"]
    named = TASK.save(held, sample(None), tmp_path / "named", names)
    assert json.loads(named.read_text())["names"] == [names[label] for label in held.labels.tolist()]
    assert torch.equal(TASK.load(named).labels, held.labels)


@pytest.mark.parametrize("text", ["{}", "not json", '{"boxes": [[1, 2, 3]], "labels": [0], "scores": [1]}'])
def test_a_file_that_is_not_one_names_itself(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.json: "):
        TASK.load(path)


def test_the_picture_has_the_boxes_worth_showing() -> None:
    found = boxes([[1, 2, 11, 22], [5, 5, 9, 9]], scores=[0.9, 0.1])
    figure = TASK.draw(sample(boxes([[0, 0, 10, 20]])), found, {"classes": ["lesion"]})
    truth, answer = figure.axes
    assert [(patch.get_xy(), patch.get_width()) for patch in truth.patches] == [((-0.5, -0.5), 10)]
    assert [(patch.get_xy(), patch.get_width()) for patch in answer.patches] == [((-0.5, -0.5), 10), ((0.5, 1.5), 10)]
    assert [[text.get_text() for text in axes.texts] for axes in (truth, answer)] == [["lesion"], ["lesion 0.90"]]
    assert truth.get_title() == "Reference: 1 box" and answer.get_title() == "Prediction: 1 of 2 boxes with a score of 0.3 or more"


def test_a_name_at_the_edge_stays_in_the_picture() -> None:
    """Outside of it, it would take the picture's room."""
    given = sample(boxes([[2, 30, 20, 40]]))
    width = given.inputs.pixels.shape[-1]
    found = boxes([[width - 6, 30, width, 40]], scores=[0.9])
    left, right = TASK.draw(given, found, {"classes": ["malignant"]}).axes
    ends = [(text.get_position()[0], text.get_horizontalalignment()) for axes in (left, right) for text in axes.texts]
    assert ends == [(1.5, "left"), (width - 0.5, "right")]


def test_without_a_reference_the_prediction_stands_alone() -> None:
    (axes,) = TASK.draw(sample(None), boxes([], scores=[]), {}).axes
    assert axes.get_title() == "Prediction: no boxes" and not axes.patches


def colours_of(axes: Any) -> list[str]:
    return [to_hex(patch.get_edgecolor()) for patch in axes.patches]


def test_a_class_may_have_a_colour_of_its_own_on_both_sides() -> None:
    truth, found = boxes([[0, 0, 10, 20], [30, 30, 40, 40]], [0, 1]), boxes([[1, 1, 9, 9], [30, 30, 41, 41]], [1, 0], [0.9, 0.4])
    names = {"classes": ["benign", "malignant"]}
    left, right = TASK.draw(sample(truth), found, {**names, "colours": {"malignant": "#ff0000", "0": "#008000"}}).axes
    assert colours_of(left) == ["#008000", "#ff0000"]
    # The reference, dashed, then the prediction, the best on top.
    assert colours_of(right) == ["#008000", "#ff0000", "#008000", "#ff0000"]
    assert [text.get_text() for text in right.texts] == ["benign 0.40", "malignant 0.90"]
    left, right = TASK.draw(sample(truth), found, {**names, "colours": {"malignant": "#ff0000"}}).axes
    assert colours_of(left) == ["#2f9e44", "#ff0000"] and colours_of(right)[2:] == ["#f08c00", "#ff0000"]


def test_a_colour_that_is_none_is_said_and_one_of_a_class_that_is_not_there_waits() -> None:
    truth = sample(boxes([[0, 0, 9, 9]]))
    with pytest.raises(UsageError, match="'blurple', of malignant, is no colour"):
        TASK.draw(truth, boxes([], scores=[]), {"classes": ["mass"], "colours": {"malignant": "blurple"}})
    left, _ = TASK.draw(truth, boxes([], scores=[]), {"classes": ["mass"], "colours": {"malignant": "red"}}).axes
    assert colours_of(left) == ["#2f9e44"]
    left, _ = TASK.draw(truth, boxes([], scores=[]), {"colours": {"0": "#ff0000"}}).axes
    assert colours_of(left) == ["#ff0000"]


def remarks(truth: Boxes, found: Boxes, **options: Any) -> list[tuple[str, float, str]]:
    said = TASK.remarks(sample(truth), found, {"classes": ["benign", "malignant"], **options})
    return [(each.kind, round(each.weight, 4), each.text) for each in said]


def test_what_is_missed_weighs_by_how_surely_and_how_large() -> None:
    truth = boxes([[0, 0, 32, 32], [40, 0, 48, 8], [40, 40, 48, 48]], [1, 0, 0])
    # One is found below the least score, no box comes near the next, and one overlaps the last by three eighths.
    found = boxes([[0, 0, 32, 30], [40, 40, 43, 48]], [1, 0], [0.25, 0.75])
    assert remarks(truth, found) == [
        ("missed", 1.0, "missed: malignant, found at 0.25 only"),
        ("missed", 1.0156, "missed: benign"),
        ("missed", 1.0156, "missed: benign, IoU 0.38 at best"),
        ("false positive", 0.75, "false positive at 0.75"),
    ]
    # What is drawn counts.
    assert remarks(truth, found, least=0.2)[0] == ("missed", 1.0156, "missed: benign")


def test_a_lesion_by_another_name_is_found_and_named_wrongly() -> None:
    found = boxes([[0, 0, 10, 10], [0, 0, 10, 9], [30, 30, 40, 40]], [0, 1, 1], [0.9, 0.8, 0.2])
    assert remarks(boxes([[0, 0, 10, 10]], [1]), found) == [
        ("wrong class", 0.9, "malignant called benign at 0.90"),
        ("false positive", 0.8, "false positive at 0.80"),
    ]
    assert remarks(boxes([[0, 0, 10, 10]], [1]), found, classes=())[0][2] == "class 1 called class 0 at 0.90"


def test_what_is_right_calls_for_no_remark() -> None:
    truth = boxes([[0, 0, 10, 10], [20, 20, 30, 40]], [0, 1])
    assert remarks(truth, boxes(truth.boxes.tolist(), [0, 1], [0.9, 0.3])) == []
    assert remarks(boxes([]), boxes([], scores=[])) == []
    assert list(TASK.remarks(sample(None), boxes([[0, 0, 9, 9]], scores=[0.9]), {})) == []

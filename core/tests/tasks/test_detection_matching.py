"""Matching and ranking of boxes, held against COCO's own code in every size, at every count and class."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from medai.tasks import Boxes, Case, Image, Sample
from medai.tasks.detection import AveragePrecision
from medai.tasks.detection.matching import ANY_SIZE, COCO_SIZES, match
from medai.tasks.detection.ranking import Ranking, mean_over

Pair = tuple[Boxes, Boxes]
RANGES = (ANY_SIZE, *COCO_SIZES.values())
CLASSES = 3


def boxes(rows: Any, labels: Any, scores: Any = None) -> Boxes:
    held = torch.as_tensor(np.asarray(rows), dtype=torch.float32).reshape(-1, 4)
    return Boxes(held, torch.as_tensor(np.asarray(labels, np.int64)), None if scores is None else torch.as_tensor(scores).float())


def drawn(rng: np.random.Generator, count: int, most: int) -> np.ndarray:
    corner = rng.integers(0, 100, (count, 2))
    return np.concatenate([corner, corner + rng.integers(4, most, (count, 2))], 1).astype(np.float64)


def images(seed: int, *, extra: int = 6, whole: bool = True) -> list[Pair]:
    """Images with 0 to 5 lesions of all sizes: some found, some nearly, some twice, some by another class, with ties of scores and,
    where boxes are of whole pixels, of overlaps. The last class has no reference box."""
    rng, pairs = np.random.default_rng(seed), []
    for _ in range(14):
        truth = drawn(rng, int(rng.integers(0, 6)), int(rng.choice([30, 60, 180])))
        labels = rng.integers(0, CLASSES - 1, len(truth))
        near = np.repeat(truth, 2, axis=0)
        near += rng.normal(0, 0.06, near.shape) * np.tile(near[:, 2:] - near[:, :2], 2)
        near = near.round() if whole else near
        found = np.concatenate([near, drawn(rng, int(rng.integers(0, extra)), 140)])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        names = np.where(rng.random(len(found)) < 0.8, np.resize(np.repeat(labels, 2), len(found)) if len(truth) else 0, 2)
        pairs.append((boxes(found, names, rng.random(len(found)).round(1)), boxes(truth, labels)))
    return pairs


def judged(pairs: list[Pair], *, by_class: bool = True) -> COCOeval:
    """What COCO's code makes of them."""
    annotations: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image, (prediction, reference) in enumerate(pairs, start=1):
        for held, into in ((reference, annotations), (prediction, found)):
            scores = [0.0] * len(held) if held.scores is None else held.scores.tolist()
            for (x0, y0, x1, y1), label, score in zip(held.boxes.tolist(), held.labels.tolist(), scores, strict=True):
                one = {"id": len(into) + 1, "image_id": image, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}
                into.append({**one, "area": (x1 - x0) * (y1 - y0), "iscrowd": 0})
    truth = COCO()
    truth.dataset = {
        "images": [{"id": place + 1} for place in range(len(pairs))],
        "categories": [{"id": label} for label in range(CLASSES)],
        "annotations": annotations,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        result = COCOeval(truth, truth.loadRes(found), "bbox")
        result.params.useCats = int(by_class)
        result.evaluate()
        result.accumulate()
        if by_class:
            result.summarize()
    return result


def defined(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, np.nan, values)


@pytest.mark.parametrize("seed", range(6))
def test_every_class_size_and_threshold_is_coco_s(seed: int) -> None:
    pairs = images(seed, whole=seed % 2 == 0)
    expected = judged(pairs)
    parts = [match(found, truth, areas=RANGES) for found, truth in pairs]
    for label in range(CLASSES):
        ranking = Ranking.of(parts, label)
        assert ranking is not None
        # COCO: (T, 101, K, R, M) and (T, K, R, M), with -1 where nothing is to be found.
        precision = defined(expected.eval["precision"][:, :, label, :, 2]).mean(1).T
        np.testing.assert_allclose(ranking.average_precision(), precision, atol=1e-9)
        for place, most in enumerate((1, 10, 100)):
            np.testing.assert_allclose(ranking.recall(most), defined(expected.eval["recall"][:, label, :, place]).T, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_summary_is_coco_s(seed: int) -> None:
    pairs = images(seed)
    expected = judged(pairs).stats
    parts = [match(found, truth, areas=RANGES) for found, truth in pairs]
    rankings = [ranking for label in range(CLASSES) if (ranking := Ranking.of(parts, label))]
    by_size = mean_over([ranking.average_precision() for ranking in rankings])
    ar = [mean_over([ranking.recall(most) for ranking in rankings]).mean(1) for most in (1, 10, 100)]
    got = [by_size[0].mean(), by_size[0, 0], by_size[0, 5], *by_size[1:].mean(1), *(each[0] for each in ar), *ar[2][1:]]
    assert all(0.02 < value < 0.99 for value in got)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    metric = AveragePrecision()
    own = metric.total([metric.case(found, Sample(Case("a", "a"), Image(torch.zeros(1, 9, 9)), truth)) for found, truth in pairs])
    assert own == pytest.approx({"ap": expected[0], "ap50": expected[1]}, abs=1e-9)


def test_classes_together_and_more_boxes_than_count() -> None:
    pairs = []
    for found, truth in images(7, extra=150):
        # Of equal scores, COCO's code then takes those of the first class first.
        order = found.labels.argsort(stable=True)
        assert found.scores is not None
        pairs.append((Boxes(found.boxes[order], found.labels[order], found.scores[order]), truth))
    expected = judged(pairs, by_class=False)
    alike = [(Boxes(p.boxes, p.labels * 0, p.scores), Boxes(t.boxes, t.labels * 0)) for p, t in pairs]
    assert max(len(prediction) for prediction, _ in alike) > 100
    parts = [match(found, truth, areas=RANGES) for found, truth in alike]
    ranking = Ranking.of(parts, 0)
    assert ranking is not None and max(len(part[0].scores) for part in parts) == 100
    np.testing.assert_allclose(ranking.average_precision(), defined(expected.eval["precision"][:, :, 0, :, 2]).mean(1).T, atol=1e-9)


def test_an_overlap_at_the_threshold_is_judged_as_there() -> None:
    truth = boxes([[0, 0, 10, 10]], [0])
    for height in (5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0):
        pair = (boxes([[0, 0, 10, height]], [0], [0.9]), truth)
        found = np.concatenate([each["dtMatches"][:, 0] > 0 for each in judged([pair]).evalImgs[:1]])
        assert (match(*pair)[0].outcomes[0, :, 0] == 1).tolist() == found.tolist()


def test_curves_count_only_what_is_of_their_size() -> None:
    large, small = [0, 0, 100, 100], [10, 10, 20, 20]
    found = boxes([small, large, [200, 200, 210, 210]], [0, 0, 0], [0.9, 0.8, 0.7])
    ranking = Ranking.of([match(found, boxes([large], [0]), areas=(ANY_SIZE, COCO_SIZES["large"], COCO_SIZES["small"]))], 0)
    assert ranking is not None
    reached, precision = ranking.curve(0, 0)
    assert reached.tolist() == [0, 1, 1] and precision.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    # Small boxes that found nothing do not spoil the figures of large lesions.
    assert [values.tolist() for values in ranking.curve(1, 0)] == [[1], [1]]
    assert np.isnan(ranking.curve(2, 0)[0]).all() and len(ranking.curve(2, 0)[0]) == 2


def test_a_class_that_nobody_has_gives_no_ranking() -> None:
    assert Ranking.of([match(boxes([], [], []), boxes([], []))], 0) is None

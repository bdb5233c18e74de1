"""Figures of boxes: COCO's held against COCO's own code, the others counted by hand or by brute force."""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from medai.api import build
from medai.errors import UsageError
from medai.tasks import Boxes, Case, Image, Sample

Pair = tuple[Boxes, Boxes]
NAMES = ("benign", "malignant", "normal")
"""The last has no lesion in any image."""


def boxes(rows: Any, labels: Any = None, scores: Any = None) -> Boxes:
    held = torch.as_tensor(np.asarray(rows), dtype=torch.float32).reshape(-1, 4)
    names = torch.zeros(len(held), dtype=torch.int64) if labels is None else torch.as_tensor(np.asarray(labels, np.int64))
    return Boxes(held, names, None if scores is None else torch.as_tensor(scores).float())


def parts_of(metric: Any, pairs: Sequence[Pair]) -> list[Any]:
    return [metric.case(found, Sample(Case("a", "a"), Image(torch.zeros(1, 320, 320)), truth)) for found, truth in pairs]


def figures(name: str, pairs: Sequence[Pair], **options: Any) -> dict[str, float]:
    metric = build(f"breast/{name}", **options)
    return dict(metric.total(parts_of(metric, pairs)))


def images(seed: int, *, count: int = 16, extra: int = 6, whole: bool = True) -> list[Pair]:
    """Images of 320 pixels with 0 to 3 lesions, boxes near them, some of another class, and boxes anywhere; scores and, of whole pixels,
    overlaps are tied."""
    rng, pairs = np.random.default_rng(seed), []
    for _ in range(count):
        truth = _drawn(rng, int(rng.integers(0, 4)), int(rng.choice([34, 100, 200])))
        labels = rng.integers(0, 2, len(truth))
        near = np.repeat(truth, 2, axis=0)
        near += rng.normal(0, 0.07, near.shape) * np.tile(near[:, 2:] - near[:, :2], 2)
        found = np.concatenate([near.round() if whole else near, _drawn(rng, int(rng.integers(0, extra)), 150)])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        names = rng.integers(0, 3, len(found))
        names[: len(near)] = np.where(rng.random(len(near)) < 0.8, np.repeat(labels, 2), names[: len(near)])
        pairs.append((boxes(found, names, rng.random(len(found)).round(1 if whole else 6)), boxes(truth, labels)))
    return pairs


def _drawn(rng: np.random.Generator, count: int, most: int) -> np.ndarray:
    corner = rng.integers(0, 150, (count, 2))
    return np.concatenate([corner, corner + rng.integers(10, most, (count, 2))], 1).astype(np.float64)


def judged(pairs: Sequence[Pair], *, by_class: bool = True, ious: Sequence[float] = (), most: int = 100) -> COCOeval:
    """COCO's code on the same boxes."""
    held: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for image, pair in enumerate(pairs, start=1):
        for into, each in zip(held.values(), pair, strict=True):
            scores = [0.0] * len(each) if each.scores is None else each.scores.tolist()
            for (x0, y0, x1, y1), label, score in zip(each.boxes.tolist(), each.labels.tolist(), scores, strict=True):
                one = {"id": len(into) + 1, "image_id": image, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score}
                into.append({**one, "area": (x1 - x0) * (y1 - y0), "iscrowd": 0})
    truth = COCO()
    truth.dataset = {
        "images": [{"id": place + 1} for place in range(len(pairs))],
        "categories": [{"id": label} for label in range(len(NAMES))],
        "annotations": held[False],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        result = COCOeval(truth, truth.loadRes(held[True]), "bbox")
        result.params.useCats, result.params.maxDets = int(by_class), [1, 10, most]
        result.params.iouThrs = np.asarray(ious) if ious else result.params.iouThrs
        result.evaluate()
        result.accumulate()
    return result


def mean(values: np.ndarray) -> float:
    """COCO's mean: -1 stands for what is not defined."""
    kept = values[values > -1]
    return float(kept.mean()) if len(kept) else math.nan


def coco_s(pairs: Sequence[Pair]) -> dict[str, float]:
    """What `breast/ap` should give, read from COCO's arrays: precision (T, 101, K, areas, most), recall (T, K, areas, most)."""
    found = judged(pairs).eval
    precision, recall = found["precision"][..., 2], found["recall"][..., 1]
    expected = {"ap": mean(precision[:, :, :, 0]), "ap50": mean(precision[0, :, :, 0]), "ap75": mean(precision[5, :, :, 0])}
    expected |= {"ar10": mean(recall[:, :, 0]), "recall@iou0.1": mean(judged(pairs, ious=[0.1 + 1e-12]).eval["recall"][0, :, 0, 2])}
    for place, size in enumerate(("small", "medium", "large"), start=1):
        expected |= {f"ap-{size}": mean(precision[:, :, :, place]), f"ar10-{size}": mean(recall[:, :, place])}
    for label, name in enumerate(NAMES):
        expected |= {f"ap-{name}": mean(precision[:, :, label, 0]), f"ap50-{name}": mean(precision[0, :, label, 0])}
        expected |= {f"ap75-{name}": mean(precision[5, :, label, 0]), f"ar10-{name}": mean(recall[:, label, 0])}
    return expected


class TestCocoFigures:
    @pytest.mark.parametrize("seed", range(8))
    def test_they_are_those_of_coco_s_code(self, seed: int) -> None:
        pairs = images(seed, extra=(6, 150)[seed == 7], whole=seed % 2 == 0)
        got, expected = figures("ap", pairs, classes=NAMES), coco_s(pairs)
        assert got.keys() == expected.keys() and got == pytest.approx(expected, abs=1e-6, nan_ok=True)
        # Random cases that say something.
        assert all(0 < got[name] < 1 for name in ("ap", "ap50", "ap75", "ar10", "ap-large", "ap-malignant"))
        assert math.isnan(got["ap-normal"])

    def test_more_boxes_than_count_take_part_in_the_random_cases(self) -> None:
        assert max(len(found) for found, _ in images(7, extra=150)) > 100

    def test_ar10_is_not_the_recall_that_the_study_prints(self) -> None:
        # An overlap of 0.45: found at IoU > 0.1, never at COCO's.
        pair = (boxes([[0, 0, 10, 4.5]], scores=[0.01]), boxes([[0, 0, 10, 10]]))
        assert figures("ap", [pair], by=()) == {"ap": 0, "ap50": 0, "ap75": 0, "ar10": 0, "recall@iou0.1": 1}

    def test_recall_is_at_more_than_a_tenth(self) -> None:
        truth = boxes([[0, 0, 10, 10]])
        at, above = (figures("ap", [(boxes([[0, 0, 10, side]], scores=[0.5]), truth)])["recall@iou0.1"] for side in (1.0, 1.01))
        assert (at, above) == (0, 1)

    def test_the_eleventh_box_of_a_class_is_too_late_for_ar10(self) -> None:
        found = boxes([[100, 100, 110, 110]] * 10 + [[0, 0, 10, 10]], scores=np.linspace(0.9, 0.1, 11))
        got = figures("ap", [(found, boxes([[0, 0, 10, 10]]))])
        assert got["ar10"] == 0 and got["ap50"] == pytest.approx(1 / 11)

    def test_classes_go_by_their_names_or_numbers_and_one_class_alone_is_the_mean(self) -> None:
        pairs = images(0)
        assert {"ap-0", "ap-1"} <= figures("ap", pairs).keys() and "ap-2" not in figures("ap", pairs)
        assert "ap-0" not in figures("ap", [(found, Boxes(truth.boxes, truth.labels * 0)) for found, truth in pairs])
        assert list(figures("ap", pairs, by=())) == ["ap", "ap50", "ap75", "ar10", "recall@iou0.1"]

    def test_nothing_to_find_is_nan(self) -> None:
        for pairs in ([], [(boxes([], scores=[]), boxes([]))], [(boxes([[0, 0, 5, 5]], scores=[0.9]), boxes([]))]):
            assert all(math.isnan(value) for value in figures("ap", pairs, classes=NAMES).values())

    def test_a_thousand_resamples_of_a_hundred_images_take_seconds(self) -> None:
        metric = build("breast/ap", classes=NAMES)
        parts = parts_of(metric, images(3, count=100, extra=80))
        began = time.process_time()
        for _ in range(20):
            metric.total(parts)
        assert (time.process_time() - began) * 50 < 10


class TestAtOneConfidence:
    PAIRS = (
        # One found, twice; one of the other class at its place; one below the confidence; one missed.
        (
            boxes([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60], [80, 80, 90, 90]], [0, 0, 1, 0], [0.9, 0.8, 0.7, 0.4]),
            boxes([[0, 0, 10, 10], [50, 50, 60, 60], [80, 80, 90, 90]], [0, 0, 1]),
        ),
        (boxes([[5, 5, 9, 9]], [1], [0.5]), boxes([])),
    )

    def test_true_false_and_missed(self) -> None:
        # TP 1; FP: the second box, the one of the other class, the one in an empty image; FN: two lesions.
        got = figures("precision-recall", self.PAIRS, classes=NAMES[:2])
        assert got["precision"] == 1 / 4 and got["recall"] == 1 / 3 and got["f1"] == 2 / 7 and got["tp-per-image"] == 1 / 2
        assert got["precision-benign"] == 1 / 2 and got["recall-benign"] == 1 / 2
        assert got["precision-malignant"] == 0 and got["recall-malignant"] == 0
        assert figures("tp-fp-fn", self.PAIRS) == {
            "fp-per-image": 3 / 2, "fn-per-image": 2 / 2, "fp-per-image-0": 1 / 2, "fn-per-image-0": 1 / 2,
            "fp-per-image-1": 1.0, "fn-per-image-1": 1 / 2,
        }  # fmt: skip

    def test_a_lesion_that_no_box_comes_near_is_missed(self) -> None:
        # As the study prints it, a missed lesion would be a box of overlap 0: here there is none at all.
        pair = (boxes([], scores=[]), boxes([[0, 0, 9, 9]]))
        assert figures("tp-fp-fn", [pair]) == {"fp-per-image": 0, "fn-per-image": 1}
        got = figures("precision-recall", [pair])
        assert got["recall"] == 0 and math.isnan(got["precision"])

    @pytest.mark.parametrize("iou", [0.5, 0.75])
    @pytest.mark.parametrize("confidence", [0.3, 0.5])
    def test_the_counts_are_those_of_coco_s_matching(self, confidence: float, iou: float) -> None:
        pairs = images(11)
        sure = []
        for found, truth in pairs:
            assert found.scores is not None
            kept = found.scores >= confidence
            sure.append((Boxes(found.boxes[kept], found.labels[kept], found.scores[kept]), truth))
        found = judged(sure, ious=[iou])
        held = [each for each in found.evalImgs if each is not None and each["aRng"] == [0, 1e10]]
        true, count = sum(int((each["dtMatches"] > 0).sum()) for each in held), sum(len(each["dtIds"]) for each in held)
        lesions = sum(len(truth) for _, truth in pairs)
        got = figures("precision-recall", pairs, confidence=confidence, iou=iou)
        assert got["precision"] == pytest.approx(true / count) and got["recall"] == pytest.approx(true / lesions) and 0 < true < lesions

    def test_overlap_of_lesions(self) -> None:
        found = boxes([[0, 0, 10, 5], [0, 0, 10, 8], [0, 0, 10, 10]], [0, 0, 1], [0.9, 0.6, 0.8])
        truth = boxes([[0, 0, 10, 10], [30, 30, 40, 40]], [0, 0])
        assert figures("iou-box", [(found, truth), (boxes([], scores=[]), boxes([]))]) == {"iou": 0.4}
        assert figures("iou-box", [(found, truth)], confidence=0.7) == {"iou": 0.25}
        assert math.isnan(figures("iou-box", [(found, boxes([]))])["iou"])

    @pytest.mark.parametrize("name", ["precision-recall", "tp-fp-fn", "iou-box", "froc"])
    def test_what_is_no_fraction_is_refused(self, name: str) -> None:
        with pytest.raises(UsageError, match=r"= 50.0: not between 0 and 1"):
            build(f"breast/{name}", **{"iou" if name == "froc" else "confidence": 50.0})


class TestFroc:
    def test_by_brute_force_on_coco_s_matches(self) -> None:
        for seed in range(4):
            # COCO's code takes equal scores of an image by class, which decides which of two boxes is the second one.
            pairs = [(Boxes(f.boxes, f.labels * 0, f.scores), Boxes(t.boxes, t.labels * 0)) for f, t in images(20 + seed, extra=9)]
            held = [each for each in judged(pairs, ious=[0.5]).evalImgs if each is not None and each["aRng"] == [0, 1e10]]
            hits, scores = (np.concatenate([np.ravel(each[name]) for each in held]) for name in ("dtMatches", "dtScores"))
            lesions = sum(len(truth) for _, truth in pairs)
            expected = []
            for level in (0.125, 0.25, 0.5, 1, 2, 4, 8):
                read = [0.0]
                for least in np.unique(scores):
                    kept = scores >= least
                    if (hits[kept] == 0).sum() <= level * len(pairs):
                        read.append((hits[kept] > 0).sum() / lesions)
                expected.append(max(read))
            got = figures("froc", pairs)
            assert got.pop("froc") == pytest.approx(np.mean(expected)) and list(got.values()) == pytest.approx(expected)
            assert expected[0] < expected[3] < expected[6] <= 1

    def test_classes_do_not_count_unless_asked(self) -> None:
        pair = (boxes([[0, 0, 10, 10]], [1], [0.9]), boxes([[0, 0, 10, 10]], [0]))
        assert figures("froc", [pair])["froc"] == 1
        assert figures("froc", [pair], label=0)["froc"] == 0 and math.isnan(figures("froc", [pair], label=1)["froc"])
        with pytest.raises(UsageError, match="count from 0"):
            build("breast/froc", label=-1)

    def test_boxes_of_one_score_come_in_together(self) -> None:
        # At 0.9 there are a lesion and three false boxes: no threshold has the one without the others.
        false = [[20.0 * place, 50, 20 * place + 9, 60] for place in range(3)]
        pair = (boxes([[0, 0, 10, 10], *false], scores=[0.9] * 4), boxes([[0, 0, 10, 10]]))
        got = figures("froc", [pair])
        assert [got[f"froc-{level}"] for level in ("1", "2", "4")] == [0, 0, 1]

    def test_nothing_to_find_is_nan(self) -> None:
        for pairs in ([], [(boxes([[0, 0, 5, 5]], scores=[0.9]), boxes([]))]):
            assert all(math.isnan(value) for value in figures("froc", pairs).values())


class TestCurves:
    def test_a_line_for_each_class_with_lesions_by_its_name_and_colour(self) -> None:
        metric = build("breast/ap")
        figure = metric.draw(parts_of(metric, images(0)), {"classes": NAMES, "colours": {"malignant": "red", "benign": "green"}})
        (axes,) = figure.axes
        lines = {line.get_label(): line for line in axes.get_lines() if not line.get_label().startswith("_")}
        got = figures("ap", images(0), classes=NAMES)
        assert [label.split(",")[0] for label in lines] == [f"{name}: AP50 {got[f'ap50-{name}']:.3f}" for name in NAMES[:2]]
        assert [line.get_color() for line in lines.values()] == ["green", "red"]
        for line in lines.values():
            # What AP integrates never rises with recall.
            assert (np.diff(line.get_ydata()) <= 0).all() and (np.diff(line.get_xdata()) >= 0).all()

    def test_a_class_that_was_never_found_has_a_line_at_zero(self) -> None:
        metric = build("breast/ap")
        figure = metric.draw(parts_of(metric, [(boxes([], scores=[]), boxes([[0, 0, 9, 9]]))]), {})
        assert [line.get_label() for line in figure.axes[0].get_lines()][-1] == "0: AP50 0.000, 1 lesion"
        figure.canvas.draw()

    def test_sensitivities_are_marked_where_they_are_read_off(self) -> None:
        metric, pairs = build("breast/froc"), images(20)
        figure = metric.draw(parts_of(metric, pairs), {})
        marks = next(line for line in figure.axes[0].get_lines() if line.get_marker() == "o")
        got = figures("froc", pairs)
        assert dict(zip(marks.get_xdata(), marks.get_ydata(), strict=True)) == {
            float(name.removeprefix("froc-")): value for name, value in got.items() if name != "froc"
        }
        assert f"mean {got['froc']:.3f}" in figure.axes[0].get_title()

    @pytest.mark.parametrize("name", ["ap", "froc"])
    def test_without_a_lesion_there_is_no_picture(self, name: str) -> None:
        metric = build(f"breast/{name}")
        assert metric.draw(parts_of(metric, [(boxes([[0, 0, 5, 5]], scores=[0.9]), boxes([]))]), {}) is None
        assert metric.draw([], {}) is None

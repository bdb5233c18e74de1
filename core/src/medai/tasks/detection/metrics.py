"""Average precision as COCO defines it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from medai.errors import PluginError
from medai.tasks._records import Sample
from medai.tasks.detection.types import Boxes
from medai.tasks.inputs import Image

Array = np.ndarray[Any, Any]

_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Matches:
    """What one image's boxes found.

    Attributes:
        labels: int64 (N,), the classes of the predicted boxes that count, by falling score within a class.
        scores: float64 (N,).
        hits: bool (N, 10), whether a box found a reference at IoU 0.50, 0.55 ... 0.95.
        wanted: how many reference boxes each class has.
    """

    labels: Array
    scores: Array
    hits: Array
    wanted: Mapping[int, int]


class AveragePrecision:
    """COCO's average precision: precision interpolated at 101 recalls, the mean over classes and over IoU 0.50 to 0.95 in steps of 0.05.

    In an image, at most `most` boxes of a class count, best scores first; each takes the free reference box of its class that it
    overlaps most. Classes without a reference box in any image are left out. After Lin et al. 2014 and the COCO evaluation code, area
    range "all", without crowd regions.

    Boxes of equal score rank in the order of the images, as there.

    Args:
        most: boxes of a class that count in an image.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, most: int = 100) -> None:
        self._most = most

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> Matches:
        """The image's boxes, matched."""
        if sample.reference is None:
            raise PluginError(f"case {sample.case.id} has no boxes to compare with")
        if prediction.scores is None:
            raise PluginError(f"the prediction of case {sample.case.id} has no scores")
        found, truth = prediction.boxes.double().numpy(), sample.reference.boxes.double().numpy()
        labels, true_labels = prediction.labels.numpy(), sample.reference.labels.numpy()
        scores = prediction.scores.double().numpy()
        kept, hits = [np.zeros(0, np.int64)], [np.zeros((0, len(_THRESHOLDS)), bool)]
        for label in np.unique(labels):
            places = np.flatnonzero(labels == label)
            best = places[np.argsort(-scores[places], kind="stable")][: self._most]
            kept.append(best)
            hits.append(_match(_overlaps(found[best], truth[true_labels == label])))
        order = np.concatenate(kept)
        names, counts = np.unique(true_labels, return_counts=True)
        return Matches(labels[order], scores[order], np.concatenate(hits), dict(zip(names.tolist(), counts.tolist(), strict=True)))

    def total(self, parts: Sequence[Matches]) -> Mapping[str, float]:
        """`ap` (the mean over IoU 0.50 to 0.95) and `ap50`, from 0 to 1; NaN where no image has a reference box."""
        classes = sorted({label for part in parts for label in part.wanted})
        if not classes:
            return {"ap": math.nan, "ap50": math.nan}
        by_class = np.stack([_of_class(parts, label) for label in classes])
        return {"ap": float(by_class.mean()), "ap50": float(by_class[:, 0].mean())}


def _overlaps(first: Array, second: Array) -> Array:
    """Intersection over union of every pair, (N, M); 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clip(0).prod(2)
    union = _areas(first)[:, None] + _areas(second)[None] - shared
    result: Array = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def _areas(boxes: Array) -> Array:
    areas: Array = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return areas


def _match(overlaps: Array) -> Array:
    """Which boxes (rows, best score first) find a reference (columns) at each threshold, bool (N, 10)."""
    hits = np.zeros((len(overlaps), len(_THRESHOLDS)), bool)
    if overlaps.shape[1] == 0:
        return hits
    free = np.ones((len(_THRESHOLDS), overlaps.shape[1]), bool)
    levels = np.arange(len(_THRESHOLDS))
    for row, overlap in enumerate(overlaps):
        left = np.where(free, overlap, -1.0)
        # COCO's loop keeps the last of equally good references.
        best = left.shape[1] - 1 - left[:, ::-1].argmax(1)
        hits[row] = left[levels, best] >= _THRESHOLDS - 1e-10
        free[levels[hits[row]], best[hits[row]]] = False
    return hits


def _of_class(parts: Sequence[Matches], label: int) -> Array:
    """One class's average precision at each threshold, (10,)."""
    scores = np.concatenate([part.scores[part.labels == label] for part in parts])
    hits = np.concatenate([part.hits[part.labels == label] for part in parts])[np.argsort(-scores, kind="stable")]
    wanted = sum(part.wanted.get(label, 0) for part in parts)
    if len(hits) == 0:
        return np.zeros(len(_THRESHOLDS))
    true = hits.cumsum(0)
    precision = true / np.arange(1, len(hits) + 1)[:, None]
    # The best precision at this recall or a higher one.
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return np.array([_at_recalls(true[:, level] / wanted, precision[:, level]) for level in range(len(_THRESHOLDS))])


def _at_recalls(recall: Array, precision: Array) -> float:
    places = np.searchsorted(recall, _RECALLS, side="left")
    reached = places < len(recall)
    return float(precision[places[reached]].sum() / len(_RECALLS))

"""Which boxes of an image find a reference box, by the rules of COCO's evaluation code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from medai.tasks.detection.types import Boxes

Array = np.ndarray[Any, Any]
Range = tuple[float, float]
"""Smallest and largest area, in square pixels; both belong to it."""

COCO_IOUS: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
ANY_SIZE: Range = (0.0, 1e10)
COCO_SIZES: Mapping[str, Range] = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}

FOUND, NOTHING, NOT_COUNTED = 1, 0, -1
_TOP = 1 - 1e-10
"""COCO's highest threshold, so that an overlap of 1 that rounding spoilt is one."""


@dataclass(frozen=True)
class Matches:
    """What the boxes of one class found in an image.

    Attributes:
        scores: float64 (N,), falling.
        outcomes: int8 (R, T, N) by range of areas and threshold of IoU: 1 where a box found a reference box of the range, 0 where it found
            none, -1 where it does not count, because the one that it found is of another size, or it found none and is itself.
        wanted: int64 (R,), how many reference boxes are in each range.
    """

    scores: Array
    outcomes: Array
    wanted: Array


def match(
    prediction: Boxes, reference: Boxes, *, ious: Sequence[float] = COCO_IOUS, areas: Sequence[Range] = (ANY_SIZE,), most: int = 100
) -> dict[int, Matches]:
    """The matches of each class that predicted or reference boxes have.

    At most `most` boxes of a class count, best scores first. Each takes the free reference box of its class that it overlaps most, by an
    IoU of at least the threshold; one of the range before others. Areas are width times height in pixels of the image that was predicted
    on. After Lin et al. 2014 and the COCO evaluation code, without crowd regions.
    """
    assert prediction.scores is not None
    found, truth = prediction.boxes.double().numpy(), reference.boxes.double().numpy()
    labels, true_labels = prediction.labels.numpy(), reference.labels.numpy()
    scores, least, ranges = prediction.scores.double().numpy(), np.asarray(ious, np.float64), np.asarray(areas, np.float64)
    result = {}
    for label in np.union1d(labels, true_labels).tolist():
        places = np.flatnonzero(labels == label)
        best = places[np.argsort(-scores[places], kind="stable")][:most]
        result[int(label)] = _of_class(found[best], scores[best], truth[true_labels == label], least, ranges)
    return result


def overlaps(first: Array, second: Array) -> Array:
    """Intersection over union of every pair of boxes (N, 4) and (M, 4), (N, M); 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clip(0).prod(2)
    union = _areas(first)[:, None] + _areas(second)[None] - shared
    result: Array = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def assign(overlap: Array, ious: Array, outside: Array) -> Array:
    """The reference (column) that each box (row, best score first) takes, int64 (R, T, N), -1 for none; `outside`, bool (R, M), are
    those that are taken only where no other is left."""
    count, references = overlap.shape
    ranges, levels = len(outside), len(ious)
    taken = np.full((ranges, levels, count), -1)
    if references == 0:
        return taken
    free, least = np.ones((ranges, levels, references), bool), np.minimum(ious, _TOP)[:, None]
    for row, reached in enumerate(overlap):
        able = free & (reached >= least)
        within = able & ~outside[:, None]
        able = np.where(within.any(2, keepdims=True), within, able)
        # COCO's loop keeps the last of equally good references.
        best = references - 1 - np.where(able, reached, -1.0)[..., ::-1].argmax(2)
        hits = able.any(2)
        taken[hits, row] = best[hits]
        free[(*np.nonzero(hits), best[hits])] = False
    return taken


def _of_class(found: Array, scores: Array, truth: Array, ious: Array, ranges: Array) -> Matches:
    outside, foreign = (_outside(_areas(boxes), ranges) for boxes in (truth, found))
    taken = assign(overlaps(found, truth), ious, outside)
    rows = np.arange(len(ranges))[:, None, None]
    # Of a box that found nothing, what stands in the last column is not looked at.
    spoilt = outside[rows, taken] if len(truth) else np.zeros(taken.shape, bool)
    outcomes = np.where(taken >= 0, np.where(spoilt, NOT_COUNTED, FOUND), np.where(foreign[:, None], NOT_COUNTED, NOTHING))
    return Matches(scores, outcomes.astype(np.int8), (~outside).sum(1))


def _outside(areas: Array, ranges: Array) -> Array:
    result: Array = (areas[None] < ranges[:, :1]) | (areas[None] > ranges[:, 1:])
    return result


def _areas(boxes: Array) -> Array:
    areas: Array = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return areas

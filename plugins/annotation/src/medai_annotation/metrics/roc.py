"""How well scores tell images with an annotation from those without."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
"""float64 (N,): a score of each image."""


def area(with_it: Array, without: Array) -> float:
    """Area under the ROC curve: how often an image with an annotation has a higher score than one without, equal ones half; NaN where
    there are none of either."""
    if not (len(with_it) and len(without)):
        return math.nan
    held = np.sort(without)
    below = np.searchsorted(held, with_it, side="left") + np.searchsorted(held, with_it, side="right")
    return float(below.mean() / (2 * len(without)))


def curve(with_it: Array, without: Array) -> tuple[Array, Array]:
    """The share of false alarms and the sensitivity (K,) at each score from the highest on, both rising from 0 to 1."""
    cuts = np.concatenate([[np.inf], np.unique(np.concatenate([with_it, without]))[::-1]])
    false_alarms, sensitivity = ((scores >= cuts[:, None]).mean(axis=1) for scores in (without, with_it))
    return false_alarms, sensitivity


def share(told: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """The share of images that are told so; NaN of none."""
    return float(told.mean()) if told.size else math.nan


def youden(with_it: Array, without: Array) -> float | None:
    """The cut at which sensitivity and specificity sum up to most (Youden 1950), half-way between the scores that it parts; None where all
    images have one score."""
    scores = np.unique(np.concatenate([with_it, without]))
    if len(scores) < 2:
        return None
    cuts = (scores[:-1] + scores[1:]) / 2
    gains = (with_it >= cuts[:, None]).mean(axis=1) + (without < cuts[:, None]).mean(axis=1)
    return float(cuts[gains.argmax()])

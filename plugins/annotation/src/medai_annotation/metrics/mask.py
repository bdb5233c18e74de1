"""The mask by subtraction: where a model took something off its input, held against where something lay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from medai.tasks import Image, Sample
from medai_annotation.masks import HALF_GREY, changed
from medai_annotation.metrics.averages import averages, compared
from medai_annotation.metrics.pictures import draw_overlap
from medai_annotation.metrics.thresholds import DEFAULT, levels, require_threshold

Array = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Overlap:
    """Pixels of one image.

    Attributes:
        hits: int64 (K,): of the mask and of the truth, at each threshold.
        found: int64 (K,): of the mask, at each threshold.
        wanted: of the truth.
        pixels: in all.
    """

    hits: Counts
    found: Counts
    wanted: int
    pixels: int


class SubtractionMask:
    """`dice`, `iou` and `pixel-accuracy` of the mask by subtraction, each the mean over images (section 4.1.1 of the study).

    The mask is where input and prediction differ by more than a threshold, the truth where input and reference differ by more than half
    a grey level of 8 bits, in the channel that differs most. Of an image on which nothing lay, Dice and IoU are not defined, and it is
    left out of their means; its pixel accuracy counts.

    The study does not say its threshold. Without one, that of 64 between half a grey level and half the range is chosen whose mean Dice
    on the validation cases is the best; where there are none, it is 0.1.

    Args:
        threshold: a difference of images of 0..1; None: it is chosen.
        curve: whether the mean Dice and IoU at all thresholds are drawn.
        variance: whether the variances over images are given too, `dice-variance` and so on.

    Raises:
        UsageError: the threshold is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, threshold: float | None = None, curve: bool = False, variance: bool = False) -> None:
        require_threshold("threshold", threshold)
        self._given, self._threshold = threshold, DEFAULT if threshold is None else threshold
        self._levels = levels(self._threshold)
        self._place = int(np.searchsorted(self._levels, self._threshold))
        self._curve, self._variance = curve, variance

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> Overlap:
        """The pixels of one image, counted at all thresholds.

        Raises:
            DataError: it has no reference, is no picture of 0..1, or the shapes differ.
        """
        given, answer, clean = compared(prediction, sample)
        truth = (changed(given, clean).double() > HALF_GREY).numpy()
        # How many thresholds a pixel is above.
        above = np.searchsorted(self._levels, changed(given, answer).double().numpy())
        return Overlap(self._counted(above[truth]), self._counted(above), int(truth.sum()), truth.size)

    def total(self, parts: Sequence[Overlap]) -> Mapping[str, float]:
        """The means over images, and the variances where they are asked for; NaN where none is defined."""
        hits, found = (np.array([getattr(part, name)[self._place] for part in parts], dtype=np.float64) for name in ("hits", "found"))
        wanted, pixels = (np.array([getattr(part, name) for part in parts], dtype=np.float64) for name in ("wanted", "pixels"))
        dice, iou = _overlaps(hits, found, wanted)
        accuracy = (pixels - found - wanted + 2 * hits) / pixels
        figures: dict[str, float] = {}
        for name, values in (("dice", dice), ("iou", iou), ("pixel-accuracy", accuracy)):
            figures |= averages(name, values.tolist(), self._variance)
        return figures

    def settled(self, parts: Sequence[Overlap]) -> Mapping[str, Any]:
        """The threshold of the best mean Dice; nothing where one is given, or no image has anything on it."""
        dice, _ = self._curves(parts)
        if self._given is not None or not np.isfinite(dice).any():
            return {}
        return {"threshold": float(self._levels[int(dice.argmax())])}

    def draw(self, parts: Sequence[Overlap], options: Mapping[str, Any]) -> Figure | None:
        """Mean Dice and IoU over the threshold, with that of the figures marked; None where it is not asked for or not defined."""
        dice, iou = self._curves(parts)
        if not self._curve or not np.isfinite(dice).any():
            return None
        return draw_overlap(self._levels, dice, iou, self._threshold)

    def _counted(self, above: Counts) -> Counts:
        """Pixels above each threshold, of how many each is above."""
        counts = np.bincount(above.ravel(), minlength=len(self._levels) + 1)
        found: Counts = counts.sum() - counts.cumsum()[:-1]
        return found

    def _curves(self, parts: Sequence[Overlap]) -> tuple[Array, Array]:
        """Mean Dice and IoU at each threshold, (K,), over the images on which something lay; NaN where there are none."""
        marked = [part for part in parts if part.wanted]
        if not marked:
            return np.full(len(self._levels), math.nan), np.full(len(self._levels), math.nan)
        hits, found = (np.stack([getattr(part, name) for part in marked]).astype(np.float64) for name in ("hits", "found"))
        dice, iou = _overlaps(hits, found, np.array([[float(part.wanted)] for part in marked]))
        return dice.mean(axis=0), iou.mean(axis=0)


def _overlaps(hits: Array, found: Array, wanted: Array) -> tuple[Array, Array]:
    """Dice and IoU; NaN where nothing is wanted."""
    asked = np.where(wanted > 0, wanted, math.nan)
    return 2 * hits / (found + asked), hits / (found + asked - hits)

"""Whether an image bears an annotation: how many pixels of the mask by subtraction are left when its specks are gone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from medai.errors import UsageError
from medai.tasks import Image, Sample
from medai_annotation.masks import HALF_GREY, changed, without_specks
from medai_annotation.metrics.averages import compared
from medai_annotation.metrics.pictures import draw_roc
from medai_annotation.metrics.roc import Array, area, curve, share, youden
from medai_annotation.metrics.thresholds import DEFAULT, levels, require_threshold

Counts = np.ndarray[Any, np.dtype[np.int64]]

SPECK = 5
"""Pixels from which on a part of a mask is no speck."""

DEFAULT_PIXELS = 16
"""White pixels from which on an image is taken to bear an annotation, where no number was chosen on validation cases."""

# Each costs a search for specks in the whole image.
_THRESHOLDS = 16


@dataclass(frozen=True)
class Whites:
    """One image: white pixels left at each threshold, int64 (K,), and whether an annotation was there."""

    left: Counts
    present: bool


class WhitePixelPresence:
    """The study's score of presence, the number of white pixels left in the mask by subtraction after a filter, held against whether
    there was an annotation: `presence-auc`, and `presence-sensitivity` and `presence-specificity` of images with at least so many.

    Neither its threshold, its filter nor its figures does the study say (sections 1 and 3). Here the filter takes away parts of the mask
    of few pixels, of which also those that touch at a corner are one. An annotation was there if input and reference differ anywhere by
    more than half a grey level of 8 bits. On the validation cases that threshold of 16 is chosen that tells best with from without (the
    area under the ROC curve, the middle one of equals), and the number of pixels at which sensitivity and specificity sum up to most
    (Youden 1950), half-way between the counts that it parts; where there are none, they are 0.1 and 16.
    The number holds for images of the size that it was chosen on: an annotation of the same share of a larger image has more pixels.

    Args:
        presence_threshold: a difference of images of 0..1; None: it is chosen.
        presence_pixels: white pixels from which on an annotation is there, whatever the size of the image; None: they are chosen.
        speck: parts of the mask of fewer pixels are taken away; 1: none.

    Raises:
        UsageError: the threshold is not between 0 and 1, or a number of pixels not above 0.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, presence_threshold: float | None = None, presence_pixels: int | None = None, speck: int = SPECK) -> None:
        require_threshold("presence_threshold", presence_threshold)
        for name, value in (("presence_pixels", presence_pixels), ("speck", speck)):
            if value is not None and value < 1:
                raise UsageError(f"{name} = {value}: a number of pixels above 0 is wanted")
        self._threshold, self._pixels, self._speck = presence_threshold, presence_pixels, speck
        self._levels = levels(DEFAULT, _THRESHOLDS) if presence_threshold is None else np.array([presence_threshold])
        self._place = int(np.searchsorted(self._levels, DEFAULT if presence_threshold is None else presence_threshold))

    def case(self, prediction: Image, sample: Sample[Image, Image]) -> Whites:
        """White pixels of one image at each threshold.

        Raises:
            DataError: it has no reference, is no picture of 0..1, or the shapes differ.
        """
        given, answer, clean = compared(prediction, sample)
        apart = changed(given, answer).double().numpy()
        left = [int(without_specks(apart > level, self._speck).sum()) for level in self._levels]
        return Whites(np.array(left, dtype=np.int64), bool((changed(given, clean).double() > HALF_GREY).any()))

    def total(self, parts: Sequence[Whites]) -> Mapping[str, float]:
        """The figures of several images; NaN of those that there are no images for, with or without an annotation."""
        with_it, without = self._scores(parts)
        least = DEFAULT_PIXELS if self._pixels is None else self._pixels
        return {
            "presence-auc": area(with_it, without),
            "presence-sensitivity": share(with_it >= least),
            "presence-specificity": share(without < least),
        }

    def settled(self, parts: Sequence[Whites]) -> Mapping[str, Any]:
        """The threshold and the number of pixels, those that were not given; nothing where all or no images bear an annotation."""
        areas = np.array([area(*self._scores(parts, place)) for place in range(len(self._levels))])
        if np.isnan(areas).any():
            return {}
        best = np.flatnonzero(areas == areas.max())
        place = int(best[(len(best) - 1) // 2])
        chosen: dict[str, Any] = {} if self._threshold is not None else {"presence_threshold": float(self._levels[place])}
        cut = youden(*self._scores(parts, place))
        # Counts are whole: the least that lies above the cut.
        return chosen if self._pixels is not None or cut is None else chosen | {"presence_pixels": math.floor(cut) + 1}

    def draw(self, parts: Sequence[Whites], options: Mapping[str, Any]) -> Figure | None:
        """The ROC curve, with the number of pixels of the figures marked; None where all or no images bear an annotation."""
        with_it, without = self._scores(parts)
        if not (len(with_it) and len(without)):
            return None
        figures = self.total(parts)
        marked = 1 - figures["presence-specificity"], figures["presence-sensitivity"]
        threshold, least = self._levels[self._place], DEFAULT_PIXELS if self._pixels is None else self._pixels
        title = f"AUC {figures['presence-auc']:.3f}\n{len(with_it)} images with an annotation, {len(without)} without"
        curves = {"": curve(with_it, without)}
        return draw_roc(curves, f"Presence of an annotation: {title}", (f"{least} pixels above {threshold:.3g}", marked))

    def _scores(self, parts: Sequence[Whites], place: int | None = None) -> tuple[Array, Array]:
        """White pixels of the images with an annotation and of those without, at a threshold; None: that of the figures."""
        where = self._place if place is None else place
        found = [np.array([part.left[where] for part in parts if part.present == present], dtype=np.float64) for present in (True, False)]
        return found[0], found[1]

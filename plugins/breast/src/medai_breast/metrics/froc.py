"""Lesions found against false boxes per image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from matplotlib.figure import Figure

from medai.errors import UsageError
from medai.tasks import Boxes, Image, Sample
from medai.tasks.detection.matching import FOUND, Array, match
from medai.tasks.detection.metrics import reference_for
from medai_breast.metrics.curves import draw_free_response
from medai_breast.metrics.naming import name_of, require_fraction

LEVELS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False boxes per image at which sensitivity is read off."""


@dataclass(frozen=True)
class Told:
    """Scores of an image's boxes that find a lesion and of those that find none, float64, and how many lesions it has."""

    true: Array
    false: Array
    lesions: int


class Froc:
    """Free-response ROC: the sensitivity for lesions at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false boxes per image, `froc-0.125` to `froc-8`, and
    their mean `froc`; NaN where there is no lesion.

    Each is the largest share of lesions that a threshold of confidence finds with at most so many false boxes per image, in steps, not
    interpolated. A box finds the free lesion that it overlaps most, best scores first; a second one on the same lesion is false. Classes
    do not count, because a lesion that is called benign was found all the same; with `label`, one class stands alone.

    Args:
        iou: the overlap by which a box finds a lesion.
        label: the class whose lesions are looked for by its own boxes; None: all.

    Raises:
        UsageError: the overlap is not between 0 and 1, or the class is negative.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, iou: float = 0.5, label: int | None = None) -> None:
        require_fraction("iou", iou)
        if label is not None and label < 0:
            raise UsageError(f"label = {label}: classes count from 0")
        self._iou, self._label = iou, label

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> Told:
        """The image's boxes, told apart.

        Raises:
            PluginError: the case has no reference, or the prediction no scores.
        """
        found, truth = prediction, reference_for(prediction, sample)
        if self._label is None:
            found, truth = _of_one_class(found), _of_one_class(truth)
        matches = match(found, truth, ious=(self._iou,), most=len(found)).get(self._label or 0)
        if matches is None:
            return Told(np.zeros(0), np.zeros(0), 0)
        hits = matches.outcomes[0, 0] == FOUND
        return Told(matches.scores[hits], matches.scores[~hits], int(matches.wanted[0]))

    def total(self, parts: Sequence[Told]) -> Mapping[str, float]:
        """The figures of several images together."""
        per_image, sensitivity = free_response(parts)
        read = sensitivity[np.searchsorted(per_image, LEVELS, side="right") - 1].tolist()
        return {"froc": math.fsum(read) / len(read)} | {f"froc-{level:g}": value for level, value in zip(LEVELS, read, strict=True)}

    def draw(self, parts: Sequence[Told], options: Mapping[str, Any]) -> Figure | None:
        """Sensitivity over false boxes per image; None where there is no lesion.

        Options:
            classes: names of the classes.
        """
        lesions = sum(part.lesions for part in parts)
        if not lesions:
            return None
        of = "" if self._label is None else f" of class {name_of(self._label, tuple(options.get('classes', ())))}"
        title = f"{lesions} lesions{of} in {len(parts)} images, found by an IoU of {self._iou:g} or more"
        return draw_free_response(*free_response(parts), LEVELS, title)


def free_response(parts: Sequence[Told]) -> tuple[Array, Array]:
    """False boxes per image, rising, and the sensitivity there, float64 (N + 1,): without any box, and from each score upwards."""
    true, false = (np.sort(np.concatenate([np.zeros(0), *(getattr(part, side) for part in parts)])) for side in ("true", "false"))
    # Boxes of one score come in together, because no threshold tells them apart.
    scores = np.unique(np.concatenate([true, false]))[::-1]
    found, spoilt = (np.concatenate([[0], len(held) - np.searchsorted(held, scores)]) for held in (true, false))
    return spoilt / max(len(parts), 1), found / (sum(part.lesions for part in parts) or math.nan)


def _of_one_class(held: Boxes) -> Boxes:
    return Boxes(held.boxes, torch.zeros_like(held.labels), held.scores)

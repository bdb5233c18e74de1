"""Boxes at one confidence: true, false and missed, and how well they lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from medai.tasks import Boxes, Image, Sample
from medai.tasks.detection.matching import FOUND, match, overlaps
from medai.tasks.detection.metrics import reference_for
from medai_breast.metrics.naming import labels_of, name_of, ratio, require_fraction, sure


@dataclass(frozen=True)
class Counts:
    """Boxes of one class that found a lesion (TP), boxes that found none (FP), and lesions that no box found (FN)."""

    true: int
    false: int
    missed: int


class _AtConfidence:
    """What its subclasses make figures of."""

    def __init__(self, confidence: float = 0.5, iou: float = 0.5, classes: tuple[str, ...] = ()) -> None:
        require_fraction("confidence", confidence)
        require_fraction("iou", iou)
        self._confidence, self._iou, self._classes = confidence, iou, classes

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> Mapping[int, Counts]:
        """The counts of each class.

        Raises:
            PluginError: the case has no reference, or the prediction no scores.
        """
        reference, counts = reference_for(prediction, sample), {}
        found = sure(prediction, self._confidence)
        for label, matches in match(found, reference, ious=(self._iou,), most=len(found)).items():
            true = int((matches.outcomes == FOUND).sum())
            counts[label] = Counts(true, len(matches.scores) - true, int(matches.wanted[0]) - true)
        return counts

    def _counts(self, parts: Sequence[Mapping[int, Counts]]) -> dict[str, Counts]:
        """By what stands behind a figure's name: nothing for all classes together, and each of several."""
        found = {
            f"-{name_of(label, self._classes)}": _sum(part[label] for part in parts if label in part)
            for label in labels_of(parts, self._classes)
        }
        return {"": _sum(found.values()), **(found if len(found) > 1 else {})}


class PrecisionRecall(_AtConfidence):
    """`precision` = TP / (TP + FP), `recall` = TP / (TP + FN) (eq. 2 and 3), their harmonic mean `f1`, and `tp-per-image`, of boxes of at
    least one confidence; the first three by class too, as `precision-NAME`. NaN where there is nothing to divide by.

    A box is true (TP) where it overlaps a free lesion of its class by an IoU of at least `iou`, best scores first, else false (FP); a
    second one on the same lesion is false. A lesion without a true box is missed (FN). The study prints FN as boxes with an IoU of 0, by
    which a lesion that no box comes near would not count, and says nothing of an IoU of exactly the threshold.

    Args:
        confidence: lowest score of a box that counts.
        iou: the overlap that makes it true.
        classes: their names, for the figures' names; default, their numbers.

    Raises:
        UsageError: confidence or overlap is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "higher"

    def total(self, parts: Sequence[Mapping[int, Counts]]) -> Mapping[str, float]:
        """The figures of several images together."""
        counts = self._counts(parts)
        figures = {
            f"{name}{tail}": value
            for tail, each in counts.items()
            for name, value in (
                ("precision", ratio(each.true, each.true + each.false)),
                ("recall", ratio(each.true, each.true + each.missed)),
                ("f1", ratio(2 * each.true, 2 * each.true + each.false + each.missed)),
            )
        }
        return figures | {"tp-per-image": ratio(counts[""].true, len(parts))}


class FalseAndMissed(_AtConfidence):
    """`fp-per-image` and `fn-per-image`: boxes that find no lesion, and lesions that no box finds, per image, of boxes of at least one
    confidence; by class too, as `fp-per-image-NAME`. NaN of no image. Counted as by `breast/precision-recall`, which has the TP.

    Args:
        confidence: lowest score of a box that counts.
        iou: the overlap that makes it true.
        classes: their names, for the figures' names; default, their numbers.

    Raises:
        UsageError: confidence or overlap is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "lower"

    def total(self, parts: Sequence[Mapping[int, Counts]]) -> Mapping[str, float]:
        """The figures of several images together."""
        return {
            f"{name}{tail}": ratio(count, len(parts))
            for tail, each in self._counts(parts).items()
            for name, count in (("fp-per-image", each.false), ("fn-per-image", each.missed))
        }


class BoxIou:
    """`iou`: intersection over union (eq. 1) of a lesion with the box of its class that overlaps it most, among those of at least one
    confidence; 0 where none does. The mean over lesions, NaN where there is none.

    Args:
        confidence: lowest score of a box that counts.

    Raises:
        UsageError: it is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, confidence: float = 0.5) -> None:
        require_fraction("confidence", confidence)
        self._confidence = confidence

    def case(self, prediction: Boxes, sample: Sample[Image, Boxes]) -> tuple[float, ...]:
        """The overlap of each lesion.

        Raises:
            PluginError: the case has no reference, or the prediction no scores.
        """
        reference, found = reference_for(prediction, sample), sure(prediction, self._confidence)
        shared = overlaps(found.boxes.double().numpy(), reference.boxes.double().numpy())
        alike = found.labels.numpy()[:, None] == reference.labels.numpy()[None]
        return tuple(np.where(alike, shared, 0.0).max(0, initial=0.0).tolist())

    def total(self, parts: Sequence[tuple[float, ...]]) -> Mapping[str, float]:
        """The mean over the lesions of several images."""
        held = [value for part in parts for value in part]
        return {"iou": ratio(math.fsum(held), len(held))}


def _sum(counts: Iterable[Counts]) -> Counts:
    held = list(counts)
    return Counts(sum(each.true for each in held), sum(each.false for each in held), sum(each.missed for each in held))

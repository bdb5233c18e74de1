"""Dice and intersection over union, from counts of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch

from medai.tasks._records import Sample
from medai.tasks.inputs import Image
from medai.tasks.segmentation.comparing import mean, named, reference_of
from medai.tasks.segmentation.types import Mask

Counts = Mapping[int, tuple[int, int, int]]
"""Of each class that a case has: pixels in both masks, in the prediction and in the reference."""


class _Overlap:
    """A figure of how much of two masks is shared, for each class but the background and as the mean over them."""

    better: Literal["higher", "lower"] = "higher"
    name = ""

    def __init__(self, average: Literal["cases", "pooled"] = "cases", classes: tuple[str, ...] = (), label: str = "") -> None:
        self._average = average
        self._classes = classes
        self._figure = f"{label}-{self.name}" if label else self.name

    def case(self, prediction: Mask, sample: Sample[Image, Mask]) -> Counts:
        """The pixels of each class.

        Raises:
            DataError: the case has no reference, or one of another shape.
        """
        found, truth = prediction.labels, reference_of(sample, prediction)
        classes = int(max(found.max(), truth.max())) + 1
        # Without the background, which is most of a volume and would take most of the time.
        both = torch.bincount(truth[(found == truth) & (truth > 0)], minlength=classes).tolist()
        sizes = (torch.bincount(labels.flatten(), minlength=classes).tolist() for labels in (found, truth))
        counts = enumerate(zip(both, *sizes, strict=True))
        return {index: each for index, each in counts if index > 0 and (each[1] or each[2])}

    def total(self, parts: Sequence[Counts]) -> Mapping[str, float]:
        """The mean over classes, and each class's figure with its name behind a hyphen, from 0 to 1; NaN where not defined."""
        found = {index for part in parts for index in part} | set(range(1, len(self._classes)))
        by_class = {index: self._of_class([part[index] for part in parts if index in part]) for index in sorted(found)}
        return named(self._figure, by_class, self._classes)

    def _of_class(self, counts: Sequence[tuple[int, int, int]]) -> float:
        if self._average == "cases" or not counts:
            return mean(self._ratio(*each) for each in counts)
        return self._ratio(*(sum(column) for column in zip(*counts, strict=True)))

    def _ratio(self, both: int, found: int, truth: int) -> float:
        raise NotImplementedError


class Dice(_Overlap):
    """Dice's coefficient: twice what the masks share over the sum of their sizes.

    There is a figure for each class but the background (`dice-1`), and their mean (`dice`). A class that neither mask of a case has says
    nothing of the case, which is left out of the class's mean; a class that only one of them has counts as 0.

    Args:
        average: `cases`, the mean of the cases' own figures, or `pooled`, the pixels of all cases counted together.
        classes: names of the classes, the background's first, for the figures' names; default, their numbers. A class that is named
            has a figure even where no case has it; of two names, the mean stands alone.
        label: put before the figures' names with a hyphen, so that one metric may be used twice.
    """

    name = "dice"

    def _ratio(self, both: int, found: int, truth: int) -> float:
        return 2 * both / (found + truth)


class Iou(_Overlap):
    """Intersection over union (Jaccard's index): what the masks share over what at least one of them has.

    There is a figure for each class but the background (`iou-1`), and their mean (`iou`). A class that neither mask of a case has says
    nothing of the case, which is left out of the class's mean; a class that only one of them has counts as 0.

    Args:
        average: `cases`, the mean of the cases' own figures, or `pooled`, the pixels of all cases counted together.
        classes: names of the classes, the background's first, for the figures' names; default, their numbers. A class that is named
            has a figure even where no case has it; of two names, the mean stands alone.
        label: put before the figures' names with a hyphen, so that one metric may be used twice.
    """

    name = "iou"

    def _ratio(self, both: int, found: int, truth: int) -> float:
        return both / (found + truth - both)

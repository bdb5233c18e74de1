"""How far the surfaces of two masks lie apart, in millimetres."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from medai.tasks._records import Sample
from medai.tasks.inputs import Image
from medai.tasks.segmentation.comparing import mean, named, reference_of
from medai.tasks.segmentation.types import Mask

Array = np.ndarray[Any, Any]
Box = tuple[slice, ...]
Distances = Mapping[int, tuple[float, float]]
"""Of each class that a case has: the 95th percentile and the mean of the distances."""


class SurfaceDistance:
    """Distances between the surfaces of reference and prediction: the 95 % Hausdorff distance (`hd95`) and the mean (`assd`).

    In millimetres where the image has a spacing, else in pixels. A surface is the pixels of a class that touch one of another class,
    or the image's edge, by a side (of a voxel, a face). From each pixel of one surface the distance to the nearest of the other is
    taken, in both directions: `hd95` is the larger of the two 95th percentiles, `assd` the mean over all of them.

    There is a figure for each class but the background (`hd95-1`), and their mean (`hd95`); of several cases, the mean over cases. A
    class that neither mask has leaves the case out; one that only one of them has is as far off as the image's diagonal is long, or
    missing a structure would cost nothing.

    Args:
        classes: names of the classes, the background's first, for the figures' names; default, their numbers.
        label: put before the figures' names with a hyphen, so that one metric may be used twice.
    """

    better: Literal["higher", "lower"] = "lower"

    def __init__(self, classes: tuple[str, ...] = (), label: str = "") -> None:
        self._classes = classes
        self._label = f"{label}-" if label else ""

    def case(self, prediction: Mask, sample: Sample[Image, Mask]) -> Distances:
        """The distances of each class.

        Raises:
            DataError: the case has no reference, or one of another shape.
        """
        found, truth = prediction.labels.numpy(), reference_of(sample, prediction).numpy()
        spacing = _spacing(sample, truth.ndim)
        furthest = math.hypot(*(size * step for size, step in zip(truth.shape, spacing, strict=True)))
        boxes, true_boxes = _boxes(found), _boxes(truth)
        distances = {}
        for index in sorted(boxes.keys() | true_boxes.keys()):
            if index not in boxes or index not in true_boxes:
                distances[index] = (furthest, furthest)
                continue
            # Both surfaces lie in the box around the two; distances need not be known elsewhere.
            box = _around(boxes[index], true_boxes[index])
            distances[index] = _between(found[box] == index, truth[box] == index, spacing)
        return distances

    def total(self, parts: Sequence[Distances]) -> Mapping[str, float]:
        """`hd95` and `assd`: the mean over classes, and of each class with its name behind a hyphen; NaN where not defined."""
        classes = sorted({index for part in parts for index in part} | set(range(1, len(self._classes))))
        figures: dict[str, float] = {}
        for place, figure in enumerate(("hd95", "assd")):
            by_class = {index: mean(part[index][place] for part in parts if index in part) for index in classes}
            figures |= named(self._label + figure, by_class, self._classes)
        return figures


def _spacing(sample: Sample[Image, Mask], axes: int) -> tuple[float, ...]:
    spacing = () if sample.origin is None else sample.origin.spacing
    return spacing if len(spacing) == axes else (1.0,) * axes


def _boxes(labels: Array) -> dict[int, Box]:
    """The box around each class that there is."""
    return {index: box for index, box in enumerate(ndimage.find_objects(labels), start=1) if box is not None}


def _around(first: Box, second: Box) -> Box:
    return tuple(slice(min(one.start, two.start), max(one.stop, two.stop)) for one, two in zip(first, second, strict=True))


def _between(first: Array, second: Array, spacing: Sequence[float]) -> tuple[float, float]:
    first, second = _surface(first), _surface(second)
    there = ndimage.distance_transform_edt(~second, spacing)[first]
    back = ndimage.distance_transform_edt(~first, spacing)[second]
    return float(max(np.percentile(there, 95), np.percentile(back, 95))), float(np.concatenate([there, back]).mean())


def _surface(inside: Array) -> Array:
    surface: Array = inside & ~ndimage.binary_erosion(inside)
    return surface

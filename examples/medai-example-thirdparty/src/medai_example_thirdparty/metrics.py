"""Metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from medai.tasks import Image, Mask, Sample
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt

Counts = tuple[int, int, int, int]
"""Boundary pixels predicted, those of them near the reference's; boundary pixels of the reference, those of them near the predicted."""


class BoundaryF1:
    """F1 of boundary pixels of all foreground: one counts as found if the other boundary is within `tolerance` pixels. Cases are pooled.

    Args:
        tolerance: pixels, from centre to centre.
    """

    better: Literal["higher", "lower"] = "higher"

    def __init__(self, tolerance: float = 1.5) -> None:
        self.tolerance = tolerance

    def case(self, prediction: Mask, sample: Sample[Image, Mask]) -> Counts:
        """One case's counts."""
        assert sample.reference is not None
        ours, theirs = _boundary(prediction), _boundary(sample.reference)
        return int(ours.sum()), self._near(ours, theirs), int(theirs.sum()), self._near(theirs, ours)

    def total(self, parts: Sequence[Counts]) -> Mapping[str, float]:
        """`boundary_f1`; NaN where neither side has a boundary."""
        predicted, right, referred, found = (sum(part[place] for part in parts) for place in range(4))
        if not predicted and not referred:
            return {"boundary_f1": math.nan}
        precision, recall = right / max(predicted, 1), found / max(referred, 1)
        return {"boundary_f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0}

    def _near(self, these: NDArray[np.bool_], others: NDArray[np.bool_]) -> int:
        if not others.any():
            return 0
        return int((distance_transform_edt(~others)[these] <= self.tolerance).sum())


def _boundary(mask: Mask) -> NDArray[np.bool_]:
    """Pixels of the foreground with a neighbour outside it; what lies beyond the picture is no neighbour."""
    inside = mask.labels.numpy() > 0
    edge: NDArray[np.bool_] = inside & ~binary_erosion(inside, border_value=1)
    return edge

"""How soon a training has converged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy import ndimage

from medai.errors import UsageError

_TAIL = 0.2
"""The share of the losses, the last, that the training ends with."""

_REACH = 0.025
"""The share of the losses to each side that a running median goes over."""

_FEWEST = 10
"""Losses from which on they make a curve."""

_PLACE = frozenset({"kind", "step", "epoch"})


class ConvergenceSteps:
    """`convergence-steps`: after how many steps the training loss has converged, as `steps_to_convergence` says, of the sum of the losses.

    The study reads it off its curves (section 4.4, Figure 3) and gives no rule. Losses are logged as means of some steps: the figure is
    no finer than what lies between two lines of the journal.

    Args:
        within: how near to its final level the loss has to come and stay, as a share of its way down.

    Raises:
        UsageError: the share is not between 0 and 1.
    """

    better: Literal["higher", "lower"] = "lower"

    def __init__(self, within: float = 0.05) -> None:
        if not 0 < within < 1:
            raise UsageError(f"within = {within}: a share is wanted, between 0 and 1")
        self._within = within

    def measure(self, journal: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
        """The figure of one training; NaN where its journal has fewer than ten lines of training, or its loss did not fall.

        Of the journal, whose lines have `kind`, `step`, `epoch` and losses by name, those of the kind `train` count.
        """
        steps, sums = [], []
        for line in journal:
            losses = [value for name, value in line.items() if name not in _PLACE]
            # A loss that was not finite is logged as null.
            if line["kind"] == "train" and None not in losses:
                steps.append(int(line["step"]))
                sums.append(math.fsum(losses))
        return {"convergence-steps": steps_to_convergence(steps, sums, self._within)}


def steps_to_convergence(steps: Sequence[int], losses: Sequence[float], within: float = 0.05) -> float:
    """The first step from which on the loss stays near its final level: at most `within` of its way down above it, or no higher than it
    still swings at the end.

    The loss is its running median over a twentieth of the values, which takes single bad batches away and moves no fall; that it is
    higher again for no longer than a twentieth is a swing too. The end is the last fifth of the values, the final level their median,
    the way down that from the first value to there. A loss that did not fall, or has fewer than ten values, gives NaN; one that still
    falls at the end, a step near the last fifth.

    Args:
        steps: rising, (N,).
        losses: at each of the steps, (N,).
        within: a share of the way down.
    """
    values = np.asarray(losses, dtype=np.float64)
    if len(values) < _FEWEST:
        return math.nan
    width, end = 2 * round(_REACH * len(values)) + 1, -round(_TAIL * len(values))
    smooth = ndimage.median_filter(values, size=width, mode="nearest")
    level = float(np.median(values[end:]))
    way = float(values[0]) - level
    if not way > 0:
        return math.nan
    above = smooth > max(level + within * way, float(smooth[end:].max()))
    falls = np.logical_and.accumulate(above)
    relapses = ndimage.binary_opening(above, np.ones(width + 1, dtype=bool))
    return float(steps[int(np.flatnonzero(np.append(True, falls | relapses))[-1])])

"""Pictures of the metrics: overlap over the threshold, the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Array = np.ndarray[Any, np.dtype[np.float64]]

# Okabe and Ito's colours, which the colour-blind can tell apart.
_BLUE, _RED, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


def draw_overlap(levels: Array, dice: Array, iou: Array, threshold: float) -> Figure:
    """Mean Dice and IoU (K,) over thresholds (K,) on a logarithmic axis, with the threshold of the figures marked."""
    figure = Figure(figsize=(4.9, 3.6), layout="constrained")
    axes = figure.add_subplot()
    read = float(np.interp(threshold, levels, dice))
    axes.axvline(threshold, color=_GREY, linewidth=1, linestyle="--")
    for name, values, colour in (("Dice", dice, _BLUE), ("IoU", iou, _RED)):
        axes.plot(levels, values, color=colour, linewidth=1.8, label=f"{name}, at most {values.max():.3f}")
    axes.plot([threshold], [read], "o", color=_BLUE, markersize=5)
    axes.set_xscale("log")
    axes.set(xlabel="threshold of the difference from the input", ylabel="mean over images", ylim=(0, 1.02))
    axes.set_title(f"Mask by subtraction: Dice {read:.3f} at {threshold:.3g}")
    _finish(axes)
    return figure


def draw_roc(curves: Mapping[str, tuple[Array, Array]], title: str, marked: tuple[str, tuple[float, float]] | None = None) -> Figure:
    """By their names, curves of sensitivity over the share of false alarms, (N,) each and rising from 0, and a point by its name."""
    figure = Figure(figsize=(4.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle="--")
    for (name, (false_alarms, sensitivity)), colour in zip(curves.items(), (_BLUE, _RED, _GREEN), strict=False):
        axes.plot(false_alarms, sensitivity, color=colour, linewidth=1.8, label=name or None)
    if marked is not None:
        name, point = marked
        axes.plot(*([value] for value in point), "o", color=_RED, markersize=6, label=name)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_title(title)
    _finish(axes)
    return figure


def _finish(axes: Axes) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    axes.title.set_fontsize(10)
    axes.legend(fontsize=8, loc="best")

"""Pictures of the metrics: precision over recall, lesions found over false boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from medai.tasks.detection.matching import Array

# Okabe and Ito's colours, which the colour-blind can tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True)
class Curve:
    """One class's recall and precision, float64 (N,), best scores first, its average precision and how many lesions it has."""

    name: str
    recall: Array
    precision: Array
    average: float
    lesions: int


def draw_precision_recall(curves: Sequence[Curve], colours: Mapping[str, str]) -> Figure:
    """A line for each class: as it is measured, faint, and as average precision takes it, the best at that recall or a higher one."""
    figure = Figure(figsize=(4.9, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for place, curve in enumerate(curves):
        colour = colours.get(curve.name, _COLOURS[place % len(_COLOURS)])
        said = f"{curve.name}: AP50 {curve.average:.3f}, {curve.lesions} lesion{'' if curve.lesions == 1 else 's'}"
        best = np.maximum.accumulate(curve.precision[::-1])[::-1]
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=0.8, alpha=0.45)
        top = best[:1] if len(best) else [0.0]
        axes.step(np.concatenate([[0.0], curve.recall]), np.concatenate([top, best]), color=colour, linewidth=1.8, label=said)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02), title="Precision and recall at IoU 0.5")
    _finish(axes)
    axes.legend(fontsize=8, loc="lower left")
    return figure


def draw_free_response(per_image: Array, sensitivity: Array, levels: Sequence[float], title: str) -> Figure:
    """Sensitivity in steps over false boxes per image on a logarithmic axis, with the levels marked at which it is read off."""
    figure = Figure(figsize=(4.9, 4.2), layout="constrained")
    axes = figure.add_subplot()
    read = sensitivity[np.searchsorted(per_image, levels, side="right") - 1]
    ends = (levels[0] / 1.3, levels[-1] * 1.3)
    # The axis has no zero: what holds without a false box begins at its left end.
    across = np.concatenate([per_image.clip(ends[0]), [max(ends[1], per_image[-1])]])
    axes.step(across, np.concatenate([sensitivity, sensitivity[-1:]]), where="post", color=_COLOURS[0], linewidth=1.8)
    axes.plot(levels, read, "o", color=_COLOURS[0], markersize=5)
    for level, value in zip(levels, read, strict=True):
        axes.annotate(f"{value:.2f}", (level, value), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(levels)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value >= 1 else f"1/{1 / value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(
        xlabel="false boxes per image", ylabel="sensitivity", xlim=ends, ylim=(0, 1.08), title=f"FROC, mean {read.mean():.3f}\n{title}"
    )
    _finish(axes)
    return figure


def _finish(axes: Axes) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    axes.title.set_fontsize(10)

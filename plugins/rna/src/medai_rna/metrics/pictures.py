"""Pictures of the metrics: F1 over the length of sequences, and by family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

# Okabe and Ito's colours, which the colour-blind can tell apart.
_BLUE, _RED = "#0072B2", "#D55E00"


def draw_lengths(lengths: Sequence[int], f1: Sequence[float], pooled: float) -> Figure:
    """F1 of each sequence over its length in bases, and that of all pairs pooled as a line."""
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(lengths, f1, "o", color=_BLUE, markersize=4, alpha=0.6, label=f"{len(f1)} sequences")
    if np.isfinite(pooled):
        axes.axhline(pooled, color=_RED, linewidth=1.2, linestyle="--", label=f"pooled {pooled:.3f}")
    if max(lengths) > 4 * min(lengths):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="length (nt)", ylabel="F1", ylim=(-0.03, 1.03))
    axes.set_title("F1 over the length of sequences")
    _finish(axes)
    axes.legend(fontsize=8)
    return figure


def draw_families(by_family: Mapping[str, Sequence[float]], macro: float) -> Figure:
    """F1 of each sequence in its family's row, the family's mean as a bar, and the mean over families as a line, if there is one."""
    names = sorted(by_family, key=lambda name: float(np.mean(by_family[name])))
    figure = Figure(figsize=(5.8, 1.1 + 0.32 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    for row, name in enumerate(names):
        values = np.asarray(by_family[name])
        jitter = np.random.default_rng(row).uniform(-0.22, 0.22, len(values))
        axes.plot(values, row + jitter, "o", color=_BLUE, markersize=3, alpha=0.4)
        axes.plot([values.mean()] * 2, [row - 0.36, row + 0.36], color=_BLUE, linewidth=2.5)
    if known := np.isfinite(macro):
        axes.axvline(macro, color=_RED, linewidth=1.2, linestyle="--", label=f"mean over families {macro:.3f}")
    axes.set_yticks(range(len(names)), [f"{name} ({len(by_family[name])})" for name in names])
    axes.set(xlabel="F1", xlim=(-0.03, 1.03), ylim=(-0.6, len(names) - 0.4))
    axes.set_title("F1 by family, with how many sequences")
    _finish(axes)
    if known:
        figure.legend(fontsize=8, loc="outside lower center", frameon=False)
    return figure


def _finish(axes: Axes) -> None:
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    axes.title.set_fontsize(10)

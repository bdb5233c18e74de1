"""How base pairs are drawn: arcs over the sequence for what is known, below it for what was predicted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from medai.tasks._records import Sample
from medai.tasks.inputs import Sequence as Letters
from medai.tasks.pairing.types import Pairs

Pair = tuple[int, int]

# Okabe and Ito's colours, which the colour-blind can tell apart.
_COLOURS = {"right": "#0072B2", "wrong": "#D55E00", "missed": "#CC79A7", "predicted": "#0072B2"}
_STYLES: dict[str, Literal["-", "--"]] = {"right": "-", "wrong": "-", "missed": "--", "predicted": "-"}
_LETTERS = 120
_STEPS = 60
"""Straight pieces of an arc."""


def draw(sample: Sample[Letters, Pairs], prediction: Pairs) -> Figure:
    """Pairs as arcs: right, wrong and missed ones in colours of their own, with how many there are of each; without a reference, those
    predicted alone."""
    letters, reference = sample.inputs.letters, sample.reference
    known, found = set(reference.pairs if reference else ()), set(prediction.pairs)
    arcs = {
        "right": (sorted(known & found), sorted(known & found)),
        "wrong": ([], sorted(found - known)),
        "missed": (sorted(known - found), []),
    }
    if reference is None:
        arcs = {"predicted": (sorted(found), [])}
    figure = Figure(figsize=(min(12.0, max(4.0, 1.5 + len(letters) / 8)), 2.6 if reference is None else 4.2), layout="constrained")
    axes = figure.subplots()
    for kind, (above, below) in arcs.items():
        for pairs, side in ((above, 1), (below, -1)):
            _arcs(axes, pairs, kind, side, thin=len(letters) > _LETTERS)
    reach = max([j - i for pairs in arcs.values() for pair in pairs for i, j in pair], default=4) / 2
    _baseline(axes, letters)
    axes.set(xlim=(0.5, len(letters) + 0.5), ylim=(-1.15 * reach if reference is not None else -0.15 * reach, 1.08 * reach))
    counts = {kind: max(map(len, pairs)) for kind, pairs in arcs.items()}
    lines = [
        Line2D([], [], color=_COLOURS[kind], linestyle=_STYLES[kind], linewidth=2, label=f"{kind} {count}")
        for kind, count in counts.items()
    ]
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), fontsize=8, frameon=False)
    title = f"{sample.case.id} ({len(letters)} nt)"
    axes.set_title(title if reference is None else f"{title}: reference above, prediction below", fontsize=9)
    return figure


def _arcs(axes: Axes, pairs: Sequence[Pair], kind: str, side: int, *, thin: bool) -> None:
    """Half circles over positions from 1, at one side of the line."""
    if not pairs:
        return
    ends = np.array(pairs, dtype=np.float64) + 1
    turn = np.linspace(0, np.pi, _STEPS)
    middle, radius = ends.mean(1)[:, None], np.diff(ends, axis=1) / 2
    lines = np.stack([middle - radius * np.cos(turn), side * radius * np.sin(turn)], axis=2)
    axes.add_collection(LineCollection(list(lines), colors=_COLOURS[kind], linestyles=_STYLES[kind], linewidths=0.8 if thin else 1.4))


def _baseline(axes: Axes, letters: str) -> None:
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=0)
    if len(letters) <= _LETTERS:
        for place, letter in enumerate(letters, 1):
            box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
            axes.text(place, 0, letter, ha="center", va="center", fontsize=7, family="monospace", bbox=box, zorder=3)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=7)
    axes.yaxis.set_visible(False)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)

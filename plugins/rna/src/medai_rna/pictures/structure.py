"""A secondary structure drawn as a plane figure, its pairs in colours of right, wrong and missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure

from medai.tasks import Pairs
from medai_rna.pictures.colours import COLOURS, GREY, PALE, STYLES, TINTS, Pair, Verdict, handles, verdicts
from medai_rna.pictures.layout import layout

_LETTERS = 250
"""Bases up to which each is drawn with its letter."""
_RADIUS = 0.42
_UNIT, _SMALLEST, _MARGIN = 0.2, 2.2, 0.7
"""Inches of a step of the backbone, of a picture's sides, and of what stands above and below it."""


class Drawn(NamedTuple):
    """What is drawn of a sequence.

    Attributes:
        title: stands above.
        letters: the sequence.
        prediction: of its length.
        reference: of its length; None: it is not known.
    """

    title: str
    letters: str
    prediction: Pairs
    reference: Pairs | None = None


def draw_structures(items: Sequence[Drawn], by: Literal["radial", "viennarna"] = "radial", largest: float = 9.0) -> Figure:
    """Predicted structures, one below the other; where the known one is given, it is at the left. Pairs that a layout cannot hold, of
    pseudoknots and multiplets, are straight lines across it.

    Args:
        items: one or more.
        by: as `layout`.
        largest: inches that a structure may be wide or high.

    Raises:
        EnvironmentFault: as `layout`.
    """
    shown = [[structure for structure in (item.reference, item.prediction) if structure is not None] for item in items]
    places = [[layout(structure, by) for structure in row] for row in shown]
    sizes = [[_size(points, largest) for points in row] for row in places]
    heights = [max(size[1] for size in row) + _MARGIN for row in sizes]
    figure = Figure(figsize=(max(sum(size[0] for size in row) for row in sizes), sum(heights)), layout="constrained")
    rows = figure.subfigures(len(items), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, item, structures, points, row in zip(rows, items, shown, places, sizes, strict=True):
        said = verdicts(item.prediction, item.reference)
        panels = part.subplots(1, len(structures), squeeze=False, width_ratios=[size[0] for size in row])[0]
        for axes, structure, own in zip(panels, structures, points, strict=True):
            paint(axes, item.letters, own, {pair: said[pair] for pair in structure.pairs})
        if item.reference is not None:
            panels[0].set_title("reference", fontsize=9)
            panels[1].set_title("prediction", fontsize=9)
        part.suptitle(item.title, fontsize=10)
        if said:
            part.legend(handles=handles(said), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _size(places: np.ndarray, largest: float) -> np.ndarray:
    """Inches, wide and high."""
    span = np.ptp(places, axis=0) if len(places) else np.zeros(2)
    size = (span + 4) * _UNIT
    return np.maximum(size * min(1.0, largest / float(size.max())), _SMALLEST)


def paint(axes: Axes, letters: str, places: np.ndarray, pairs: Mapping[Pair, Verdict]) -> None:
    """Draw bases at their places, float64 (N, 2), with the backbone, pairs in their colours, and the number of every tenth base."""
    axes.set_aspect("equal", anchor="N")
    axes.axis("off")
    if not len(places):
        return
    small = len(letters) > _LETTERS
    low, high = places.min(0) - 1.5, places.max(0) + 1.5
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.add_collection(LineCollection([places], colors="#999999", linewidths=0.8, zorder=1))
    for kind in COLOURS:
        lines = [places[list(pair)] for pair, said in pairs.items() if said == kind]
        width = 1.0 if small else 1.8
        axes.add_collection(LineCollection(lines, colors=COLOURS[kind], linestyles=STYLES[kind], linewidths=width, zorder=2))
    fills = [PALE] * len(letters)
    for pair, kind in pairs.items():
        for end in pair:
            fills[end] = TINTS[kind]
    if small:
        _numbers(axes, places, 50)
        return
    size = [2 * _RADIUS] * len(letters)
    discs = EllipseCollection(
        size, size, [0] * len(letters), units="xy", offsets=places, offset_transform=axes.transData, facecolors=fills, zorder=3
    )
    discs.set(edgecolor="#777777", linewidth=0.5)
    axes.add_collection(discs)
    for (x, y), letter in zip(places, letters, strict=True):
        axes.text(x, y, letter, ha="center", va="center_baseline", fontsize=7, zorder=4)
    _numbers(axes, places, 10)


def _numbers(axes: Axes, places: np.ndarray, step: int) -> None:
    """Every `step`-th base's number, across the backbone, on the side away from the nearest bases; the ends are 5' and 3'."""
    labels = {0: "5'", len(places) - 1: "3'"} | {place - 1: str(place) for place in range(step, len(places) - 1, step)}
    for place, label in labels.items():
        along = places[min(place + 1, len(places) - 1)] - places[max(place - 1, 0)]
        across = np.array([along[1], -along[0]]) / max(float(np.hypot(*along)), 1e-9)
        away = places[place] - places
        distance = np.hypot(*away.T)
        near = (distance > 0) & (distance < 4)
        push = (away[near] / distance[near, None] ** 4).sum(0)
        # On a straight line nothing pushes: it stands below.
        side = float(np.sign(push @ across)) if abs(push @ across) > 1e-6 else float(np.copysign(1.0, -across[1]))
        x, y = places[place] + (
            1.05 * side * across if label.isdigit() else -along / max(float(np.hypot(*along)), 1e-9) * (1 if place == 0 else -1)
        )
        axes.text(x, y, label, ha="center", va="center", fontsize=6, color=GREY, zorder=4)

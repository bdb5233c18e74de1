"""The matrix of pairs: probabilities above the diagonal, structures below it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.pictures.colours import COLOURS, HOLLOW, handles, verdicts

LEAST = 1e-3
"""Probabilities below it are too small a square to be seen."""


def draw_matrix(probabilities: np.ndarray, prediction: Pairs, reference: Pairs | None = None, title: str = "") -> Figure:
    """A dot plot: above the diagonal each pair is a square whose area is its probability; below it stand the pairs predicted, and those
    of the reference that were missed.

    Args:
        probabilities: float (N, N), of which i < j counts.
        prediction: of N positions.
        reference: of N positions.
        title: stands above.

    Raises:
        DataError: the shapes do not fit.
    """
    length = prediction.length
    if probabilities.shape != (length, length):
        raise DataError(f"probabilities {probabilities.shape} for a sequence of {length}")
    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0.5, length + 0.5], [0.5, length + 0.5], color="#999999", linewidth=0.6)
    first, second = np.nonzero(np.triu(probabilities, 1) >= LEAST)
    sides = np.sqrt(np.minimum(1.0, probabilities[first, second]))
    _squares(axes, second + 1, first + 1, sides, "#222222", length)
    said = verdicts(prediction, reference)
    for kind, colour in COLOURS.items():
        pairs = np.array([pair for pair, word in said.items() if word == kind], dtype=np.int64).reshape(-1, 2)
        _squares(axes, pairs[:, 0] + 1, pairs[:, 1] + 1, np.ones(len(pairs)), colour, length, hollow=kind in HOLLOW)
    axes.set(xlim=(0.5, length + 0.5), ylim=(length + 0.5, 0.5), aspect="equal")
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=7)
    axes.set_xlabel("above: probability, as area; below: structure", fontsize=8)
    axes.grid(alpha=0.2, linewidth=0.5)
    figure.suptitle(title, fontsize=10)
    if said:
        figure.legend(handles=handles(said, squares=True), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _squares(
    axes: Axes, x: np.ndarray, y: np.ndarray, sides: np.ndarray | Sequence[float], colour: str, length: int, *, hollow: bool = False
) -> None:
    """Squares around points; of long sequences they are drawn larger than a position, so that they can be seen."""
    half = np.asarray(sides)[:, None] / 2 * max(1.0, length / 150)
    corners = np.stack([np.stack([x, y], 1) + half * np.array(way) for way in ((-1, -1), (1, -1), (1, 1), (-1, 1))], axis=1)
    fill = "none" if hollow else colour
    axes.add_collection(PolyCollection(list(corners), facecolors=fill, edgecolors=colour, linewidths=0.8 if hollow else 0.0, zorder=3))

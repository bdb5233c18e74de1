"""Charts of the report, as data addresses."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

_EDGE = 0.1
"""Inches that are left around what is drawn."""


def as_data_uri(figure: Figure, dpi: int = 110, *, trim: bool = True) -> str:
    """A figure as a PNG within the page, trimmed or grown to what is drawn."""
    return "data:image/png;base64," + base64.b64encode(as_png(figure, dpi, trim=trim)).decode()


def as_png(figure: Figure, dpi: int = 110, *, trim: bool = True) -> bytes:
    """A figure as the bytes of a PNG, trimmed or grown to what is drawn."""
    buffer = io.BytesIO()
    cut = _cut(figure, dpi) if trim else None
    if cut is None:
        figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight" if trim else None, facecolor="white")
    else:
        Image.fromarray(cut).save(buffer, format="png")
    return buffer.getvalue()


def _cut(figure: Figure, dpi: int) -> Any:
    """The drawn figure, (H, W, 3) uint8, without what is empty around it; None where something stands beyond its edges.

    It is what `savefig` does with `bbox_inches="tight"`, which lays out and draws all of it a second time.
    """
    figure.set_dpi(dpi)
    figure.set_facecolor("white")
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib leaves its methods without types
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[..., :3]
    box, (height, width) = figure.get_tightbbox(canvas.get_renderer()), drawn.shape[:2]
    # In pixels, from the lower left corner.
    left, bottom, right, top = (value * dpi for value in box.extents)
    if min(left, bottom) < 0 or right > width or top > height:
        return None
    edge = round(_EDGE * dpi)
    cut = drawn[int(height - top) : math.ceil(height - bottom), int(left) : math.ceil(right)]
    return np.pad(cut, ((edge, edge), (edge, edge), (0, 0)), constant_values=255)


def curves(journal: Sequence[dict[str, Any]]) -> str | None:
    """Losses and validation figures over the steps; None when nothing was learned by steps."""
    panels = [
        (
            f"{'loss' if kind == 'train' else 'validation'}: {name}",
            [(line["step"], line[name]) for line in lines if line.get(name) is not None],
        )
        for kind in ("train", "valid")
        for lines in [[line for line in journal if line["kind"] == kind]]
        for name in (lines[0] if lines else {})
        if name not in ("kind", "step", "epoch")
    ]
    panels = [(title, points) for title, points in panels if len(points) > 1]
    if not panels:
        return None
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    # Margins in inches: a layout that measures every label takes longer than the short runs whose curves these are.
    width, height = 3.4 * columns, 2.4 * rows
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(left=0.6 / width, right=1 - 0.1 / width, bottom=0.5 / height, top=1 - 0.3 / height, wspace=0.26, hspace=0.5)
    for place, (title, points) in enumerate(panels):
        axes = figure.add_subplot(rows, columns, place + 1)
        colour = COLOURS[0] if title.startswith("loss") else COLOURS[2]
        axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.5, marker=".", markersize=4)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.ticklabel_format(axis="y", scilimits=(-3, 4))  # so that the longest label keeps within the margin
        axes.yaxis.get_offset_text().set_fontsize(7)
        axes.grid(alpha=0.3)
    return as_data_uri(figure, trim=False)


def spread(rows: Sequence[dict[str, Any]], names: Sequence[str], model: str) -> str | None:
    """Each case's figures, a column of points per predictor; lines join a case across predictors."""
    predictors = list(dict.fromkeys(row["predictor"] for row in rows if row["status"] == "ok"))
    predictors = [name for name in predictors if name != model] + [model]
    cases = list(dict.fromkeys(row["case"] for row in rows if row["status"] == "ok"))
    if len(cases) < 2 or not names:
        return None
    figure = Figure(figsize=(3.6 * len(names), 2.9), layout="constrained")
    for place, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), place + 1)
        values = {(row["predictor"], row["case"]): row[name] for row in rows if row["status"] == "ok" and isinstance(row.get(name), float)}
        for case in cases:
            line = [values.get((predictor, case), float("nan")) for predictor in predictors]
            axes.plot(range(len(predictors)), line, color="#999999", linewidth=0.6, alpha=0.6)
        for column, predictor in enumerate(predictors):
            points = [values[predictor, case] for case in cases if (predictor, case) in values]
            axes.plot([column] * len(points), points, "o", markersize=4, color=COLOURS[column % len(COLOURS)])
        axes.set_xticks(range(len(predictors)), [item.split("/")[-1] for item in predictors], fontsize=8, rotation=15)
        axes.set_xlim(-0.5, len(predictors) - 0.5)
        axes.set_title(f"{name}, each case", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3, axis="y")
    return as_data_uri(figure)

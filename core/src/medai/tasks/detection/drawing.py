"""The picture by which a person judges boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from medai.errors import UsageError
from medai.tasks._records import Sample
from medai.tasks.detection.remarks import LEAST
from medai.tasks.detection.types import Boxes
from medai.tasks.inputs import Image
from medai.tasks.planes import plane_of, steps_of, window_of

_TRUTH, _FOUND = "#2f9e44", "#f08c00"
_PANEL = 4.4  # inches
_ROOM = 0.06
"""Part of the image's height that a box's name takes: nearer to the edge it stands within the box."""
_ASIDE = 0.3
"""Part of the image's width that it takes: nearer to the edge it ends where its box does, not outside of the image."""


def draw(sample: Sample[Image, Boxes], prediction: Boxes, options: Mapping[str, Any]) -> Figure:
    """The figure, as `Detection.draw` says."""
    names, least = options.get("classes", ()), float(options.get("least", LEAST))
    scores = [1.0] * len(prediction) if prediction.scores is None else prediction.scores.tolist()
    found = [
        (score, box, label)
        for box, label, score in zip(prediction.boxes.tolist(), prediction.labels.tolist(), scores, strict=True)
        if score >= least
    ]
    colours = _colours_of(options.get("colours", {}), names)
    low, high = (float(value) for value in options.get("window") or window_of(sample.inputs))
    picture = np.clip((plane_of(sample.inputs.pixels) - low) / (high - low), 0, 1)
    rows, columns = steps_of(sample.origin)
    shape = picture.shape[0] * rows / (picture.shape[1] * columns)
    count = 1 if sample.reference is None else 2
    figure = Figure(figsize=(_PANEL * count, _PANEL * min(max(shape, 0.4), 2.5) + 0.5), layout="constrained")
    panels: list[Axes] = figure.subplots(1, count, squeeze=False)[0].tolist()
    for axes in panels:
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect=rows / columns)
        axes.axis("off")
    if sample.reference is not None:
        truth = list(zip(sample.reference.boxes.tolist(), sample.reference.labels.tolist(), strict=True))
        panels[0].set_title(f"Reference: {len(truth) or 'no'} box{'' if len(truth) == 1 else 'es'}", fontsize=11)
        for box, label in truth:
            _outline(panels[0], box, colours.get(label, _TRUTH), name_of(names, label))
            _outline(panels[1], box, colours.get(label, _TRUTH), dashed=True)
    panels[-1].set_title(_said(len(found), len(prediction), least), fontsize=11)
    # The best last, so that it lies on top.
    for score, box, label in sorted(found):
        _outline(panels[-1], box, colours.get(label, _FOUND), f"{name_of(names, label)} {score:.2f}")
    figure.suptitle(sample.case.id, fontsize=9, color="#495057")
    return figure


def name_of(names: Sequence[str], label: int) -> str:
    """A class by its name, else by its number."""
    return str(names[label]) if label < len(names) else str(label)


def _colours_of(said: Mapping[str, str], names: Sequence[str]) -> dict[int, str]:
    """Colours by class, of those classes that there are: a recipe's may be for other data.

    Raises:
        UsageError: one is no colour.
    """
    for name, colour in said.items():
        if not is_color_like(colour):
            raise UsageError(f"protocol.options.colours: {colour!r}, of {name}, is no colour of matplotlib's")
    places = {str(name): int(name) for name in said if str(name).isdecimal()} | {str(name): label for label, name in enumerate(names)}
    return {places[str(name)]: colour for name, colour in said.items() if str(name) in places}


def _said(shown: int, count: int, least: float) -> str:
    boxes = "box" if count == 1 else "boxes"
    if shown == count:
        return f"Prediction: {count or 'no'} {boxes}"
    return f"Prediction: {shown or 'none'} of {count} {boxes} with a score of {least:g} or more"


def _outline(axes: Axes, box: Sequence[float], colour: str, text: str = "", *, dashed: bool = False) -> None:
    x0, y0, x1, y1 = box
    style = "--" if dashed else "-"
    axes.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor=colour, linewidth=1.6, linestyle=style))
    if text:
        height = abs(axes.get_ylim()[0] - axes.get_ylim()[1])
        below = y0 < _ROOM * height
        patch = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
        x, side = (x1, "right") if x0 > (1 - _ASIDE) * abs(axes.get_xlim()[1] - axes.get_xlim()[0]) else (x0, "left")
        axes.text(x - 0.5, y0 - 0.5, text, color="white", fontsize=8.5, va="top" if below else "bottom", ha=side, bbox=patch)

"""The picture by which a person judges a mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from medai.tasks._records import Origin, Sample
from medai.tasks.inputs import Image
from medai.tasks.planes import flips_of, plane_of, steps_of, window_of
from medai.tasks.segmentation.types import Mask

Array = np.ndarray[Any, Any]

_TRUTH, _FOUND = "#2f9e44", "#f08c00"
_MISSED, _ADDED, _SWAPPED = "#1c7ed6", "#e03131", "#ae3ec9"
_OPACITY = 0.45
_PANEL = 3.1  # inches
_MOST_NAMES = 12


def draw(sample: Sample[Image, Mask], prediction: Mask, options: Mapping[str, Any]) -> Figure:
    """The figure, as `Segmentation.draw` says."""
    masks = {} if sample.reference is None else {"Reference": sample.reference.labels}
    masks["Prediction"] = prediction.labels
    place = _fullest(next(iter(masks.values())))
    planes = {name: plane_of(labels[None], place) for name, labels in masks.items()}
    low, high = (float(value) for value in options.get("window") or window_of(sample.inputs))
    picture = np.clip((plane_of(sample.inputs.pixels, place) - low) / (high - low), 0, 1)

    count = 1 + len(planes) + ("Reference" in planes)
    rows, columns = steps_of(sample.origin)
    shape = picture.shape[0] * rows / (picture.shape[1] * columns)
    figure = Figure(figsize=(_PANEL * count, _PANEL * min(max(shape, 0.4), 2.5) + 0.9), layout="constrained")
    panels: list[Axes] = figure.subplots(1, count, squeeze=False)[0].tolist()
    for axes in panels:
        axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _outlines(panels[0], planes)
    for axes, (name, plane) in zip(panels[1:], planes.items(), strict=False):
        _cover(axes, plane, name)
    if "Reference" in planes:
        _differences(panels[-1], planes["Reference"], planes["Prediction"])
    for axes in panels:
        _frame(axes, picture.shape, sample.origin)
    _name_classes(figure, planes, options.get("classes", ()))
    depth = "" if place is None else f"   plane {place + 1} of {sample.inputs.pixels.shape[1]}"
    unit = sample.inputs.unit if sample.inputs.unit != "0..1" else ""
    figure.suptitle(f"{sample.case.id}{depth}   window {low:g} to {high:g} {unit}", fontsize=9, color="#495057")
    return figure


def _fullest(labels: torch.Tensor) -> int | None:
    """The plane of a volume with most foreground, the middle one where there is none; None of a plane."""
    if labels.ndim == 2:
        return None
    counts = (labels > 0).flatten(1).sum(1)
    return int(counts.argmax()) if bool(counts.any()) else len(labels) // 2


def _frame(axes: Axes, shape: Sequence[int], origin: Origin | None) -> None:
    """The panel in its true proportions, the patient as radiologists look at him where the affine tells; last, for whatever is drawn
    into a panel moves its limits."""
    axes.set_xticks([])
    axes.set_yticks([])
    rows, columns = steps_of(origin)
    axes.set_aspect(rows / columns)
    rows_turned, columns_turned = flips_of(origin)
    low, high = -0.5, shape[0] - 0.5
    axes.set_ylim(*((low, high) if rows_turned else (high, low)))
    low, high = -0.5, shape[1] - 0.5
    axes.set_xlim(*((high, low) if columns_turned else (low, high)))


def _outlines(axes: Axes, planes: Mapping[str, Array]) -> None:
    for name, plane in planes.items():
        for index in np.unique(plane[plane > 0]):
            # A margin of background closes the outlines of what touches the edge.
            inside = np.pad(plane == index, 1).astype(float)
            places = [np.arange(-1, size + 1) for size in plane.shape]
            colour = _TRUTH if name == "Reference" else _FOUND
            axes.contour(places[1], places[0], inside, levels=[0.5], colors=colour, linewidths=1.1)
    axes.set_title("Reference green, prediction orange" if "Reference" in planes else "Prediction orange", fontsize=10)


def _cover(axes: Axes, plane: Array, name: str) -> None:
    _tint(axes, plane > 0, np.stack([_colour(int(index)) for index in range(int(plane.max()) + 1)])[plane])
    axes.set_title(name, fontsize=11)


def _differences(axes: Axes, truth: Array, found: Array) -> None:
    kinds = {
        "missed": ((truth > 0) & (found == 0), _MISSED),
        "added": ((truth == 0) & (found > 0), _ADDED),
        "other class": ((truth > 0) & (found > 0) & (truth != found), _SWAPPED),
    }
    for where, colour in kinds.values():
        _tint(axes, where, np.broadcast_to(_rgb(colour), (*where.shape, 3)), opacity=0.85)
    said = [Patch(color=colour, label=f"{name} {int(where.sum())} px") for name, (where, colour) in kinds.items() if where.any()]
    axes.set_title("Difference" if said else "No difference", fontsize=11)
    if said:
        axes.legend(handles=said, loc="lower left", fontsize=7, framealpha=0.8)


def _tint(axes: Axes, where: Array, colours: Array, opacity: float = _OPACITY) -> None:
    """Colours (H, W, 3) over what is drawn, at the pixels `where`."""
    over = np.concatenate([colours, (where * opacity)[..., None]], axis=2)
    axes.imshow(over, interpolation="nearest")


def _name_classes(figure: Figure, planes: Mapping[str, Array], names: Any) -> None:
    found = sorted({int(index) for plane in planes.values() for index in np.unique(plane) if index > 0})
    known = [str(names[index]) if index < len(names) else f"class {index}" for index in found]
    handles = [Patch(color=tuple(_colour(index)), label=name) for index, name in zip(found, known, strict=True)]
    if handles:
        figure.legend(handles=handles[:_MOST_NAMES], loc="outside lower center", ncols=6, fontsize=8, frameon=False)


def _colour(index: int) -> Array:
    """The colour of a class, (3,)."""
    return np.array(colormaps["tab10"]((index - 1) % 10)[:3])


def _rgb(colour: str) -> Array:
    return np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])

"""The picture by which a person judges a restored image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from medai.errors import UsageError
from medai.tasks._records import Origin, Sample
from medai.tasks.inputs import Image
from medai.tasks.planes import flips_of, plane_of, steps_of, window_of
from medai.tasks.restoration.metrics import Psnr
from medai.tasks.restoration.region import Region, busiest_region, most_changed

_MARK = "#ffd43b"
# In inches: a panel's width, what is between two, the titles above, the colour bar beside.
_PANEL, _GAP, _TITLES, _BAR = 3.1, 0.06, 0.5, 0.85


def draw(sample: Sample[Image, Image], prediction: Image, options: Mapping[str, Any]) -> Figure:
    """The figure, as `Restoration.draw` says."""
    best = sample.reference or prediction
    low, high = options.get("window") or window_of(best)
    window = (float(low), float(high))
    shown = {"Input": sample.inputs, "Prediction": prediction} | ({} if sample.reference is None else {"Reference": sample.reference})
    planes = {name: plane_of(image.pixels) for name, image in shown.items()}
    changed = options.get("roi") == "change" and planes["Input"].shape == plane_of(best.pixels).shape
    looked_at = plane_of(sample.inputs.pixels) - plane_of(best.pixels) if changed else plane_of(best.pixels)
    region = most_changed(_grey(abs(looked_at))) if changed else _region(options.get("roi"), _grey(looked_at), window)
    error = _error(planes, sample.reference is not None, window)

    count = len(planes) + (error is not None)
    height, width = plane_of(best.pixels).shape[:2]
    rows, columns = steps_of(sample.origin)
    shapes = (height * rows) / (width * columns), region[2] * rows / (region[3] * columns)
    figure, grid = _panels(count, (_PANEL * shapes[0], _PANEL * shapes[1]))
    whole = (0, 0, height, width)
    for column, (name, plane) in enumerate(planes.items()):
        fits = plane.shape[:2] == (height, width)
        for axes, part in zip(grid[:, column], (whole if fits else None, region if fits else None), strict=True):
            _show(axes, plane, part, Normalize(*window), "gray", sample.origin)
        if fits:
            _mark(grid[0, column], region)
        grid[0, column].set_title(name + _score(name, shown[name], sample, window), fontsize=11)
    if error is not None:
        _show_error(figure, grid[:, -1], error, (whole, region), window, sample)
    unit = f" {best.unit}" if best.unit != "0..1" else ""
    said = f"{sample.case.id}   window {low:g} to {high:g}{unit}"
    figure.suptitle(said, y=1 - _GAP / figure.get_figheight(), va="top", fontsize=9, color="#495057")
    return figure


def _panels(count: int, heights: tuple[float, float]) -> tuple[Figure, Any]:
    """A figure of two rows of panels, (2, count), with room for titles above and a colour bar at the right.

    Each in its place, in inches: a layout that measures all that is written takes longer than the pictures do.
    """
    wide, high = _PANEL * count + _GAP * count + _BAR, sum(heights) + 3 * _GAP + _TITLES
    figure = Figure(figsize=(wide, high))
    FigureCanvasAgg(figure)
    bottoms = (heights[1] + 2 * _GAP, _GAP)
    places = [
        [(_GAP + column * (_PANEL + _GAP), bottom, _PANEL, height) for column in range(count)]
        for bottom, height in zip(bottoms, heights, strict=True)
    ]
    grid = [[figure.add_axes((x / wide, y / high, w / wide, h / high)) for x, y, w, h in row] for row in places]
    return figure, np.array(grid, dtype=object)


def _region(given: Any, plane: Any, window: tuple[float, float]) -> Region:
    if given is None or given == "change":
        return busiest_region(plane, window)
    row, column, height, width = (int(value) for value in given)
    if min(row, column) < 0 or min(height, width) < 1 or row + height > plane.shape[0] or column + width > plane.shape[1]:
        raise UsageError(f"roi {tuple(given)} leaves an image of {plane.shape[0]} x {plane.shape[1]}")
    return row, column, height, width


def _show_error(figure: Figure, column: Any, error: Any, parts: tuple[Region, Region], window: tuple[float, float], sample: Any) -> None:
    """The signed difference, with a colour bar of its own."""
    # A percentile, so that a few edges do not turn all others white; a hundredth of the window where there is next to no error.
    limit = max(float(np.percentile(np.abs(error), 99.5)), (window[1] - window[0]) / 100)
    scale = Normalize(-limit, limit)
    for axes, part in zip(column, parts, strict=True):
        _show(axes, error, part, scale, "RdBu_r", sample.origin)
    _mark(column[0], parts[1], "#212529")
    labelled = sample.reference is not None
    column[0].set_title("Error (prediction - reference)" if labelled else "Change (prediction - input)", fontsize=11)
    unit = (sample.reference or sample.inputs).unit
    top, bottom = column[0].get_position(), column[1].get_position()
    step, height = _GAP / figure.get_figwidth(), top.y1 - bottom.y0
    beside = figure.add_axes((bottom.x1 + 2 * step, bottom.y0 + 0.02 * height, 2 * step, 0.96 * height))
    bar = figure.colorbar(ScalarMappable(scale, "RdBu_r"), cax=beside, extend="both")
    bar.set_label(unit if unit and unit != "0..1" else "difference", fontsize=9)
    bar.ax.tick_params(labelsize=8)


def _show(axes: Axes, plane: Any, part: Region | None, scale: Normalize, colours: str, origin: Origin | None) -> None:
    """A part of a plane in its true proportions, the patient as radiologists look at him where the affine tells."""
    axes.set_xticks([])
    axes.set_yticks([])
    rows, columns = steps_of(origin)
    row, column, height, width = part or (0, 0, *plane.shape[:2])
    edges = (column - 0.5, column + width - 0.5, row + height - 0.5, row - 0.5)
    cut = plane[row : row + height, column : column + width]
    pixels = np.clip(scale(cut), 0, 1) if plane.ndim == 3 else cut
    # Enlarged pixels are shown as they are: interpolation would smooth the very noise that is to be judged.
    axes.imshow(pixels, cmap=colours, norm=scale if plane.ndim == 2 else None, extent=edges, aspect=rows / columns, interpolation="nearest")
    rows_turned, columns_turned = flips_of(origin)
    if rows_turned:
        axes.invert_yaxis()
    if columns_turned:
        axes.invert_xaxis()


def _mark(axes: Axes, region: Region, colour: str = _MARK) -> None:
    row, column, height, width = region
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor=colour, linewidth=1.2))


def _score(name: str, image: Image, sample: Sample[Image, Image], window: tuple[float, float]) -> str:
    if sample.reference is None or name == "Reference" or image.pixels.shape != sample.reference.pixels.shape:
        return ""
    return f"   {Psnr(window=window).case(image, sample):.2f} dB"


def _error(planes: Mapping[str, Any], labelled: bool, window: tuple[float, float]) -> Any:
    """Prediction minus reference, or minus input without one, as seen in the window (as the PSNR is); the mean over colours; None where
    the shapes differ."""
    first, second = planes["Prediction"], planes["Reference" if labelled else "Input"]
    return _grey(np.clip(first, *window) - np.clip(second, *window)) if first.shape == second.shape else None


def _grey(plane: Any) -> Any:
    return plane.mean(axis=2) if plane.ndim == 3 else plane

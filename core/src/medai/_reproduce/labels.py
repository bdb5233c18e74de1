"""Names beside the points of a chart, where they hide neither one another nor other points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

Named = tuple[float, float, str]
"""A point in the axes' own numbers, and its name."""

_SIDES = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 0), (-1, 1), (-1, -1))
_FAR = (6, 14, 24, 36)
"""Points from the mark, nearest first."""
_MARK = 5.0  # pixels around a point's middle
_ACROSS, _UP = {1: "left", 0: "center", -1: "right"}, {1: "bottom", 0: "center", -1: "top"}


def name_points(axes: Axes, points: Sequence[Named]) -> None:
    """Write each name beside its point; from further away, with a line to it. All else must have been drawn before."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # which lays everything out
    renderer, room = canvas.get_renderer(), axes.get_window_extent()  # type: ignore[no-untyped-call]
    middles = [axes.transData.transform((x, y)) for x, y, _ in points]
    taken = [Bbox.from_extents(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in middles]
    for point in points:
        tried: list[tuple[float, Annotation, Bbox]] = []
        for label in _candidates(axes, point):
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # of the words, without the line
            hidden = sum(_shared(box, other) for other in taken) + _area(box) - _shared(box, room)
            tried.append((hidden, label, box))
            if hidden == 0:
                break
        _, chosen, box = min(tried, key=lambda item: item[0])
        for _, label, _ in tried:
            if label is not chosen:
                label.remove()
        taken.append(box)


def _candidates(axes: Axes, point: Named) -> Iterator[Annotation]:
    x, y, name = point
    for far in _FAR:
        for across, up in _SIDES:
            label = axes.annotate(
                name,
                (x, y),
                xytext=(far * across, far * up),
                textcoords="offset points",
                ha=_ACROSS[across],
                va=_UP[up],
                fontsize=8,
                arrowprops={"arrowstyle": "-", "color": "#868e96", "linewidth": 0.6, "shrinkB": 3} if far > _FAR[0] else None,
            )
            # What does not count in the layout leaves the points where they were.
            label.set_in_layout(False)
            yield label


def _shared(first: Bbox, second: Bbox) -> float:
    both = Bbox.intersection(first, second)
    return 0.0 if both is None else _area(both)


def _area(box: Bbox) -> float:
    return float(box.width * box.height)

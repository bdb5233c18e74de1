"""Charts of a rebuilt table, as PNG files beside it and within the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from medai._report.charts import COLOURS
from medai._reproduce.gather import Result
from medai._reproduce.labels import Named, name_points
from medai._results.folder import RunFolder
from medai.api import Chart

_REPORTED, _MEASURED = COLOURS[4], COLOURS[0]
_WIDE = 4
_WIDE_SPAN = 20
_SUBS, _FEW_SUBS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), (1.0, 2.0, 5.0)
"""Of each power of ten, the multiples that an axis shows: of less than one, and of a few."""


def columns_chart(results: Sequence[Result]) -> Figure | None:
    """A panel for each column: what is reported, and what was measured with its interval, row by row; None where nothing was."""
    columns = [name for name in dict.fromkeys(result.cell.column for result in results) if any(_has(result, name) for result in results)]
    if not columns:
        return None
    rows = list(dict.fromkeys(result.cell.row for result in results))
    wide = min(_WIDE, len(columns))
    high = -(-len(columns) // wide)
    figure = Figure(figsize=(1.4 + 2.9 * wide, high * (0.9 + 0.27 * len(rows))), layout="constrained")
    for place, column in enumerate(columns):
        axes = figure.add_subplot(high, wide, place + 1)
        for result in results:
            if result.cell.column == column:
                _point(axes, rows.index(result.cell.row), result)
        if _is_wide(axes):
            _on_log_scale(axes)
        axes.set_yticks(range(len(rows)), rows if place % wide == 0 else [""] * len(rows), fontsize=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_title(column, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.3, axis="x")
    figure.legend(*_legend(axes), loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def drawn(chart: Chart, results: Sequence[Result], root: Path) -> Figure | None:
    """A figure that the table asks for: bars, points against another column, or curves of the trainings whose folders are in `root`;
    None where nothing was measured."""
    results = [result for result in results if not chart.rows or result.cell.row in chart.rows]
    cells = {(result.cell.row, result.cell.column): result for result in results}
    rows = sorted(dict.fromkeys(result.cell.row for result in results), key=lambda row: chart.rows.index(row) if chart.rows else 0)
    if chart.of == "training":
        return _training(chart, rows, results, root)
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    points = _points(axes, chart, rows, cells) if chart.against else []
    if not points and (chart.against or not _bars(axes, chart, rows, cells)):
        return None
    axes.set_ylabel(chart.label or ", ".join(chart.columns), fontsize=9)
    axes.tick_params(labelsize=8, which="both")
    axes.grid(alpha=0.3, axis="both" if points else "y")
    axes.set_axisbelow(True)
    figure.legend(*_legend(axes), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    name_points(axes, points)
    return figure


def _training(chart: Chart, rows: Sequence[str], results: Sequence[Result], root: Path) -> Figure | None:
    """A curve for each row and seed, of one colour for a row."""
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        folders = dict.fromkeys(folder for result in results if result.cell.row == row for folder in result.folders)
        for folder in folders:
            points = _losses(RunFolder(root / folder))
            if points:
                # More rows than colours are told apart by the line too.
                style = ("-", "--", ":", "-.")[place // len(COLOURS) % 4]
                axes.plot(*zip(*points, strict=True), style, color=COLOURS[place % len(COLOURS)], label=row, linewidth=1.2)
    if not axes.get_lines():
        return None
    axes.set_xlabel("step", fontsize=9)
    axes.set_ylabel(chart.label or "training loss", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3)
    figure.legend(*_legend(axes), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _losses(run: RunFolder) -> list[tuple[int, float]]:
    """Steps and training losses, summed where there are several; lines with a loss that was not finite are passed over."""
    found = []
    for line in run.read_journal():
        values = [value for name, value in line.items() if name not in ("kind", "step", "epoch")]
        if line["kind"] == "train" and None not in values:
            found.append((int(line["step"]), math.fsum(values)))
    return found


def _points(axes: Any, chart: Chart, rows: Sequence[str], cells: dict[tuple[str, str], Result]) -> list[Named]:
    """Draw a point for each row, one reported and one measured, which a line joins; give them with the names that they are to have, one for
    each row, because a second one would say nothing new."""
    named: dict[str, Named] = {}
    for row in rows:
        places = []
        for label, mark, colour, of in (("reported", "D", _REPORTED, _reported), ("measured", "o", _MEASURED, _measured)):
            across, value = (of(cells.get((row, column))) for column in (chart.against, chart.columns[0]))
            if across is not None and value is not None:
                axes.plot(across, value, mark, color=colour, label=label, markersize=5)
                places.append((across, value))
                named[row] = (across, value, row)
        if len(places) > 1:
            axes.plot(*zip(*places, strict=True), color="#adb5bd", linewidth=0.7, zorder=0)
    axes.margins(x=0.16, y=0.08)  # names stand beside points, those of the outermost too
    _on_log_scale(axes)
    axes.set_xlabel(chart.against, fontsize=9)
    return list(named.values())


def _on_log_scale(axes: Any) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=_SUBS if high / low < 10 else _FEW_SUBS if high / low < 1000 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 10 else f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _is_wide(axes: Any) -> bool:
    """Whether the points of a panel lie so far apart that the small ones would all be one on a straight axis, as parameters do."""
    values = [float(value) for line in axes.get_lines() for value in line.get_xdata()]
    return min(values) > 0 and max(values) > _WIDE_SPAN * min(values)


def _bars(axes: Any, chart: Chart, rows: Sequence[str], cells: dict[tuple[str, str], Result]) -> bool:
    width = 0.8 / len(chart.columns)
    lowest: list[float] = []
    for place, column in enumerate(chart.columns):
        values = [_measured(cells.get((row, column))) for row in rows]
        spots = [number + (place - (len(chart.columns) - 1) / 2) * width for number in range(len(rows))]
        kept = [(spot, value) for spot, value in zip(spots, values, strict=True) if value is not None]
        if kept:
            axes.bar([spot for spot, _ in kept], [value for _, value in kept], width, label=column, color=COLOURS[place % len(COLOURS)])
            lowest += [value for _, value in kept]
    if lowest:
        # From zero, all bars would look alike; the axis says where it begins. Below zero only where a bar is.
        bottom = min(lowest) - 0.25 * (max(lowest) - min(lowest) or 1.0)
        axes.set_ylim(bottom=bottom if min(lowest) < 0 else max(0.0, bottom))
    axes.set_xticks(range(len(rows)), rows, rotation=30, ha="right", rotation_mode="anchor", fontsize=8)
    return bool(lowest)


def _point(axes: Any, place: int, result: Result) -> None:
    if result.cell.reported is not None:
        axes.plot(result.cell.reported, place, "D", color=_REPORTED, markersize=5, label="reported")
    if result.value is None:
        return
    if result.low is not None and result.high is not None:
        axes.hlines(place, result.low, result.high, color=_MEASURED, linewidth=1.5)
    axes.plot(result.value, place, "o", color=_MEASURED, markersize=5, label="measured", fillstyle="none" if result.guest else "full")


def _legend(axes: Any) -> tuple[list[Any], list[str]]:
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    return list(once.values()), list(once)


def _has(result: Result, column: str) -> bool:
    return result.cell.column == column and result.value is not None


def _reported(result: Result | None) -> float | None:
    return None if result is None else result.cell.reported


def _measured(result: Result | None) -> float | None:
    return None if result is None else result.value

"""Points of a table: one named by each row, with names that can be read."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from medai._reproduce.charts import columns_chart, drawn
from medai._reproduce.gather import Result
from medai.api import Cell, Chart

HERE = Path()

# As the breast study prints them, two of them a hair's breadth apart.
PRINTED = {
    "Faster R-CNN-res50": (0.584, 13.62), "RetinaNet-res50": (0.849, 17.42), "SSD-res34": (0.813, 31.4), "SSD-vgg16": (0.791, 29.52),
    "YOLOF-res50": (0.823, 23.3), "YOLOV3-darknet53": (0.769, 19.55), "YOLOV3-res34": (0.791, 25.52), "CornerNet-res50": (0.535, 11.42),
    "FCOS-res50": (0.841, 18.4), "TTFNet": (0.349, 38.11), "YOLOX-m": (0.578, 26.14),
}  # fmt: skip
CHART = Chart(title="AP against FPS", columns=("AP",), against="FPS")


def results(measured: float | None = None) -> list[Result]:
    """A result for each cell; `measured` of what is printed, but for AP, of which it is the square."""
    found = []
    for row, printed in PRINTED.items():
        for column, value in zip(("AP", "FPS"), printed, strict=True):
            result = Result(Cell(row=row, column=column, reported=value, recipe="a/b", metric=column.lower()), guest=False)
            if measured is not None:
                result.value = value**2 if column == "AP" else value * measured
            found.append(result)
    return found


def labels_of(figure: Figure) -> list[Annotation]:
    return [child for child in figure.axes[0].get_children() if isinstance(child, Annotation)]


@pytest.mark.parametrize("measured", [None, 0.2, 0.9])
def test_every_row_has_its_name_once_where_it_can_be_read(measured: float | None) -> None:
    figure = drawn(CHART, results(measured), HERE)
    assert figure is not None
    labels = labels_of(figure)
    assert sorted(label.get_text() for label in labels) == sorted(PRINTED)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    words = {label.get_text(): Text.get_window_extent(label, renderer) for label in labels}
    room = figure.axes[0].get_window_extent()
    assert all(room.x0 <= box.x0 and box.x1 <= room.x1 for box in words.values())
    assert not [(one, two) for (one, a), (two, b) in itertools.combinations(words.items(), 2) if a.overlaps(b)]


def test_a_point_is_named_by_what_was_measured_and_joined_to_what_is_reported() -> None:
    figure = drawn(CHART, results(0.2), HERE)
    assert figure is not None
    places = {label.get_text(): label.xy for label in labels_of(figure)}
    assert places["TTFNet"] == pytest.approx((38.11 * 0.2, 0.349**2))
    lines = [line for line in figure.axes[0].get_lines() if np.size(line.get_xdata()) == 2]
    assert len(lines) == len(PRINTED)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["reported", "measured"]


@pytest.mark.parametrize(
    ("chart", "label"),
    [
        (CHART, "AP"),
        (Chart(title="AP against FPS", columns=("AP",), against="FPS", label="AP (share)"), "AP (share)"),
        (Chart(title="Bars", columns=("AP", "FPS")), "AP, FPS"),
        (Chart(title="Bars", columns=("AP",), label="PSNR (dB)"), "PSNR (dB)"),
    ],
)
def test_the_vertical_axis_says_what_stands_on_it(chart: Chart, label: str) -> None:
    figure = drawn(chart, results(0.9), HERE)
    assert figure is not None
    assert figure.axes[0].get_ylabel() == label


def test_the_axis_says_plain_numbers() -> None:
    figure = drawn(CHART, results(), HERE)
    assert figure is not None
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    ticks = [tick for tick in figure.axes[0].xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert [tick.label1.get_text() for tick in ticks] == ["10", "15", "20", "30", "40"]


def test_panels_of_counts_that_lie_far_apart_are_on_a_log_scale() -> None:
    found = []
    for row, (count, psnr) in {"Small": (49_818, 27.1), "Large": (14_047_458, 32.5)}.items():
        for column, value in (("Params", count), ("PSNR", psnr)):
            found.append(Result(Cell(row=row, column=column, reported=value, recipe="a/b", metric="m"), guest=False, value=value))
    figure = columns_chart(found)
    assert figure is not None
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "linear"]
    figure.draw_without_rendering()
    assert "1,000,000" in [tick.label1.get_text() for tick in figure.axes[0].xaxis.get_major_ticks()]


def test_without_both_figures_there_is_no_chart() -> None:
    assert drawn(CHART, [result for result in results() if result.cell.column == "AP"], HERE) is None


@pytest.mark.parametrize(("values", "bottom"), [((0.0, 0.04), 0.0), ((0.0, 0.0), 0.0), ((30.0, 34.0), 29.0), ((-2.0, 2.0), -3.0)])
def test_bars_begin_below_zero_only_where_one_is(values: tuple[float, float], bottom: float) -> None:
    found = [Result(Cell(row=row, column="AP", reported=None, recipe="a/b", metric="ap"), guest=False) for row in "ab"]
    for result, value in zip(found, values, strict=True):
        result.value = value
    figure = drawn(Chart(title="AP", columns=("AP",)), found, HERE)
    assert figure is not None and figure.axes[0].get_ylim()[0] == pytest.approx(bottom)


def test_curves_of_the_training_are_of_the_rows_asked_for(tmp_path: Path) -> None:
    for number, row in enumerate(("a", "b", "c")):
        folder = tmp_path / row
        folder.mkdir()
        lines = [{"kind": "train", "step": step, "epoch": 0, "l1": 1 / step, "l2": number} for step in (1, 2, 4)]
        lines += [{"kind": "train", "step": 5, "epoch": 0, "l1": None, "l2": 0}, {"kind": "valid", "step": 4, "epoch": 0, "psnr": 30}]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = []
    for row in ("a", "b", "c"):
        for column in ("x", "y"):
            result = Result(Cell(row=row, column=column, reported=None, recipe="a/b", metric=column), guest=False)
            result.folders = [row]
            found.append(result)
    figure = drawn(Chart(title="t", of="training", rows=("c", "a")), found, tmp_path)
    assert figure is not None
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.get_lines()] == ["c", "a"]
    assert [list(map(float, line.get_ydata())) for line in axes.get_lines()] == [[3.0, 2.5, 2.25], [1.0, 0.5, 0.25]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "training loss")
    assert drawn(Chart(title="t", of="training"), found, tmp_path / "elsewhere") is None

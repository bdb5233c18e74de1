"""The study's tables. This module is light. Every figure in `reported/` is the paper's; none was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from medai.api import Cell, Chart, Slot, Table, read_reported, use
from medai_breast.recipes import BUS, DATA, DRAWN

_STUDY = "Wang et al., AI Medicine 1(1), 2024, 5, doi:10.53941/aim.2024.100005"
_FILES = Path(__file__).with_name("reported")
_RECIPES = {
    "Faster R-CNN-res50": "faster-rcnn-res50",
    "RetinaNet-res50": "retinanet-res50",
    "SSD-res34": "ssd-res34",
    "SSD-vgg16": "ssd-vgg16",
    "YOLOF-res50": "yolof-res50",
    "YOLOV3-darknet53": "yolov3-darknet53",
    "YOLOV3-res34": "yolov3-res34",
    "CornerNet-res50": "cornernet-res50",
    "FCOS-res50": "fcos-res50",
    "TTFNet": "ttfnet",
    "YOLOX-m": "yolox-m",
}
"""The recipe of each printed row."""
_BESIDE = {"YOLO11-m": "yolo11-m", "RT-DETR-l": "rtdetr-l"}
"""Rows that the paper does not have; they need medai-breast[ultralytics]."""
_METRICS = {"AP": "ap", "AP50": "ap50", "AP75": "ap75", "AR10": "ar10", "FPS": "fps"}
_MACHINE = "another machine: which one, the paper does not say"
_LOST = "not legible in the copy of the paper that the figures were taken from"

_MIXED = Slot(folder=use("breast/bus-busi-mixed"), embedded=DRAWN)


def _cells(table: str, data: Mapping[str, str], test: str = "") -> tuple[Cell, ...]:
    printed = []
    for figure in read_reported(_FILES / f"{table}.csv"):
        metric = _METRICS[figure.column]
        printed.append(
            Cell(
                row=figure.row,
                column=figure.column,
                reported=figure.value,
                recipe=f"breast/{_RECIPES[figure.row]}",
                metric=metric,
                data=data,
                test=test,
                incomparable=_MACHINE if metric == "fps" else "",
                note=_LOST if figure.value is None else "",
            )
        )
    first = [cell for cell in printed if cell.row == printed[0].row]
    beside = [
        replace(cell, row=row, recipe=f"breast/{recipe}", reported=None, note="", incomparable="")
        for row, recipe in _BESIDE.items()
        for cell in first
    ]
    return (*printed, *beside)


def _charts(number: int) -> tuple[Chart, ...]:
    return (
        Chart(title=f"What each network reaches (the paper's Figure {number}a)", columns=("AP", "AP50", "AP75", "AR10")),
        Chart(title=f"AP against images per second (the paper's Figure {number}b)", columns=("AP",), against="FPS"),
    )


def _table(number: int, title: str, cells: tuple[Cell, ...], implements: tuple[str, ...], data: Mapping[str, Slot], note: str) -> Table:
    """A table of the study; a method of the user's own is trained as its FCOS is."""
    return Table(
        name=f"table-{number}",
        title=title,
        task="detection",
        cells=cells,
        source=f"{_STUDY}, Table {number}",
        implements=(f"table-{number}", *implements),
        data=data,
        protocol="paper",
        guest="breast/fcos-res50",
        note=note,
        charts=_charts(number + 2),
    )


_TERMS = "AP is COCO's, AR10 its average recall of ten boxes; FPS is of one image of 320 x 320 at a time, decoding and suppression included"

TABLE_2 = _table(
    2,
    "Detection on BUS and BUSI mixed: AP, AP50, AP75, AR10 and images per second",
    _cells("table-2", {"images": "mixed"}),
    ("experiment-mixed", "training-setup", "augmentation"),
    {"mixed": _MIXED},
    _TERMS,
)
TABLE_3 = _table(
    3,
    "Detection on BUSI: AP, AP50, AP75, AR10 and images per second",
    _cells("table-3", {"images": "busi"}),
    ("experiment-busi", "display-convention"),
    {"busi": DATA["images"]},
    _TERMS,
)
TABLE_4 = _table(
    4,
    "Trained on BUSI, tested on BUS: AP, AP50, AP75, AR10 and images per second",
    _cells("table-4", {"images": "busi"}, test="bus"),
    ("experiment-generalisation",),
    {"busi": DATA["images"], "bus": BUS},
    f"{_TERMS}; the printed FPS are half of those of Tables 2 and 3, for the same networks and without a reason",
)

TABLES = (TABLE_2, TABLE_3, TABLE_4)

"""The study's tables. This module is light. Every figure in `reported/` is the paper's; none was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from medai.api import Cell, Chart, Reported, Table, read_reported
from medai_ldct.recipes import AAPM, PIGLET, PIGLET_DOSES

_STUDY = "Zhao et al., AI Medicine 1(1), 2024, 7, doi:10.53941/aim.2024.100007"
_FILES = Path(__file__).with_name("reported")
_PEAK = 400.0
"""Width of the window -160..240 HU: the undenoised rows of Table 7 satisfy PSNR = 20 log10(400 / RMSE), not the printed 2^n - 1."""
_RECIPES = {
    "LDCT": "ldct/ldct-input-row",
    "REDCNN": "ldct/redcnn",
    "EDCNN": "ldct/edcnn",
    "QAE": "ldct/qae",
    "OCTNet": "ldct/octnet",
    "UNet": "ldct/unet",
    "WGAN": "ldct/wgan-vgg",
    "CTformer": "ldct/ctformer",
}
"""The recipe of each printed row."""
_BESIDE = {"LDCT": _RECIPES["LDCT"], "non-local means": "ldct/non-local-means", "wavelets": "ldct/wavelets"}
"""Rows that the paper does not have, or not in every table: what learns nothing, tuned on the training patients."""
_METRICS = {"PSNR": "psnr", "SSIM": "ssim", "RMSE": "rmse"}
_UNSTATED = "the paper does not state the dose that networks were trained at on the Piglet data"
_NO_DOSE = "the paper's Piglet input (25.0054 dB) is no dose of its Table 7"


def _cells(table: str, cell_of: Callable[[Reported], Cell], *, beside: bool = True) -> tuple[Cell, ...]:
    """The printed cells, and those of the rows beside them, which report nothing."""
    printed = [cell_of(figure) for figure in read_reported(_FILES / f"{table}.csv")]
    first, rows = [cell for cell in printed if cell.row == printed[0].row], {cell.row for cell in printed}
    lacking = {row: recipe for row, recipe in _BESIDE.items() if beside and row not in rows}
    more = [replace(cell, row=row, recipe=recipe, reported=None, note="") for row, recipe in lacking.items() for cell in first]
    return tuple(_with_contradictions([*printed, *more]))


def _with_contradictions(cells: list[Cell]) -> Iterator[Cell]:
    """Say so beside a PSNR that is too low for its RMSE: a mean of slices cannot be below 20 log10(peak / mean RMSE)."""
    figures = {(cell.row, cell.column): cell.reported for cell in cells}
    for cell in cells:
        stem, _, name = cell.column.rpartition(" ")
        psnr, rmse = (figures.get((cell.row, f"{stem} {each}".strip())) for each in ("PSNR", "RMSE"))
        least = 20 * math.log10(_PEAK / rmse) if rmse else -math.inf
        # Printed to four digits.
        if psnr is not None and name in ("PSNR", "RMSE") and psnr < least - 0.001:
            yield replace(cell, note=f"PSNR {psnr} is below 20 log10(400 / {rmse}) = {least:.2f} dB, which no mean of slices can be")
        else:
            yield cell


def _on_aapm(prefix: str = "", groups: tuple[str, ...] = ()) -> Callable[[Reported], Cell]:
    def cell(figure: Reported) -> Cell:
        metric = prefix + _METRICS[figure.column]
        return Cell(
            row=figure.row, column=figure.column, reported=figure.value, recipe=_RECIPES[figure.row], metric=metric,
            data={"ct": "aapm"}, groups=groups,
        )  # fmt: skip

    return cell


def _across(figure: Reported) -> Cell:
    """`train AAPM, test Piglet: PSNR`."""
    places, _, name = figure.column.partition(": ")
    trained, tested = (word.split()[1].lower() for word in places.split(", "))
    return Cell(
        row=figure.row, column=figure.column, reported=figure.value, recipe=_RECIPES[figure.row], metric=_METRICS[name],
        data={"ct": trained}, test="" if tested == trained else tested,
        incomparable=f"{_UNSTATED}, and {_NO_DOSE}" if "piglet" in (trained, tested) else "",
    )  # fmt: skip


def _at_doses(figure: Reported) -> Cell:
    """`50% dose: PSNR`."""
    dose, _, name = figure.column.partition(": ")
    tested = f"piglet:{dose.partition('%')[0]}"
    return Cell(
        row=figure.row, column=figure.column, reported=figure.value, recipe=_RECIPES[figure.row], metric=_METRICS[name],
        data={"ct": "piglet"}, test=tested, incomparable="" if figure.row == "LDCT" else _UNSTATED,
    )  # fmt: skip


_WGAN_COUNT = "34,071,842 = generator 56,097 + critic 13,991,361 + frozen VGG-19 features 20,024,384, which only the loss has"
_OF_MODEL = {"Params": "params", "MACs (G)": "macs", "CPU time (ms)": "cpu-time", "GPU time (ms)": "gpu-time"}


def _efficiency(figure: Reported) -> Cell:
    data, _, column = figure.column.rpartition(": ")
    recipe = _RECIPES[figure.row]
    if column == "Avg-PSNR":
        return Cell(
            row=figure.row, column=figure.column, reported=figure.value, recipe=recipe, metric="psnr",
            data={"ct": "aapm"}, averaged_with=({"ct": "piglet"},),
            incomparable="which PSNRs the paper averages is not stated, and no two of its tables give this mean",
        )  # fmt: skip
    why = {
        "macs": "no one input size gives the printed column: ours are of a slice of 512 x 512",
        "cpu-time": "another processor; and one slice of 512 x 512 is printed with two times that differ by the data set",
        "gpu-time": "another processor; and one slice of 512 x 512 is printed with two times that differ by the data set",
    }
    metric = _OF_MODEL[column]
    return Cell(
        row=figure.row, column=figure.column, reported=figure.value, recipe=recipe, metric=metric,
        data={"ct": data.lower()} if data else {}, incomparable=why.get(metric, "") or _otherwise_counted(figure.row, metric),
    )  # fmt: skip


def _parameters(figure: Reported) -> Cell:
    return Cell(
        row=figure.row, column=figure.column, reported=figure.value, recipe=_RECIPES[figure.row], metric="params",
        incomparable=_otherwise_counted(figure.row, "params"),
    )  # fmt: skip


def _otherwise_counted(row: str, metric: str) -> str:
    return _WGAN_COUNT if (row, metric) == ("WGAN", "params") else ""


def _roi_averages() -> Iterator[Cell]:
    """Figures 2 and 3 of the paper, whose bars have no numbers."""
    for row, recipe in list(_RECIPES.items())[1:]:
        for name in ("PSNR", "SSIM"):
            for data in ("AAPM", "Piglet"):
                yield Cell(
                    row=row, column=f"{data}: {name} of the region", reported=None, recipe=recipe, metric=f"roi-{name.lower()}",
                    data={"ct": data.lower()},
                )  # fmt: skip


def _table(name: str, title: str, cells: tuple[Cell, ...], printed: str, **more: Any) -> Table:
    """A table of the study; a method of the user's own is trained as its U-Net is."""
    return Table(
        name=name, title=title, task="restoration", cells=cells, source=f"{_STUDY}, {printed}", protocol="paper", guest="ldct/unet", **more
    )


_BOTH = {"aapm": AAPM, "piglet": PIGLET}

TABLE_3 = _table(
    name="table-3",
    title="Trainable parameters of the networks",
    cells=_cells("table-3", _parameters, beside=False),
    printed="Table 3",
    implements=("table-3",),
)

TABLE_4 = _table(
    name="table-4",
    title="Performance on the AAPM data, patient L506: PSNR in dB at peak 400, RMSE in HU, window -160..240 HU",
    cells=_cells("table-4", _on_aapm(groups=("L506",))),
    printed="Table 4",
    implements=("table-4", "experiment-1-aapm", "training-setup", "data-preprocessing"),
    data={"aapm": AAPM},
    note="one test patient, so no interval over patients; the text of section 3.3.1 gives EDCNN an SSIM of 0.9009",
)

TABLE_5 = _table(
    name="table-5",
    title="A region of interest (the aorta) on the AAPM data, patient L506: PSNR in dB at peak 400, RMSE in HU",
    cells=_cells("table-5", _on_aapm("roi-", ("L506",))),
    printed="Table 5",
    implements=("table-5",),
    data={"aapm": AAPM},
    note="printed of one image, whose number and region the paper does not give: ours is the mean over the slices, of the declared region",
)

TABLE_6 = _table(
    name="table-6",
    title="Trained on one data set, tested on both: PSNR in dB at peak 400, window -160..240 HU",
    cells=_cells("table-6", _across),
    printed="Table 6",
    implements=("table-6", "experiment-2-cross-dataset"),
    data=_BOTH,
    note="as printed, networks trained on Piglet are worse on AAPM than the undenoised input",
)

TABLE_7 = _table(
    name="table-7",
    title="Trained on Piglet at a quarter of the dose, tested at four doses: PSNR in dB at peak 400, RMSE in HU",
    cells=_cells("table-7", _at_doses),
    printed="Table 7",
    implements=("table-7", "experiment-3-dose-levels", "radiation-dose-to-noise", "fbp-reconstruction", "poisson-noise-simulation"),
    data={"piglet": PIGLET, **PIGLET_DOSES},
    note="one subject: all doses of a slice stand in the same part of the split",
)

TABLE_8 = _table(
    name="table-8",
    title="Parameters, multiply-accumulates and time for a slice of 512 x 512, and the mean PSNR of both data sets",
    cells=_cells("table-8", _efficiency, beside=False),
    printed="Table 8",
    implements=("table-8", "experiment-4-efficiency"),
    data=_BOTH,
    charts=tuple(
        Chart(
            title=f"Mean PSNR against time on the {place} (the paper's Figure 5)",
            columns=("Avg-PSNR",),
            against=f"AAPM: {place} time (ms)",
            label="mean PSNR (dB)",
        )
        for place in ("CPU", "GPU")
    ),
)

FIGURES_2_3 = _table(
    name="figures-2-3",
    title="Mean PSNR and SSIM of the region of interest on both data sets",
    cells=tuple(_roi_averages()),
    printed="Figures 2 and 3, whose bars bear no numbers",
    data=_BOTH,
    charts=tuple(
        Chart(
            title=f"{name} of the region (the paper's Figure {number})",
            columns=tuple(f"{data}: {name} of the region" for data in ("AAPM", "Piglet")),
            label=label,
        )
        for number, name, label in ((2, "PSNR", "PSNR (dB)"), (3, "SSIM", "SSIM"))
    ),
)

TABLES = (TABLE_3, TABLE_4, TABLE_5, TABLE_6, TABLE_7, TABLE_8, FIGURES_2_3)

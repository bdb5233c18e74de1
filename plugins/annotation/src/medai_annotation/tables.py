"""The study's tables. This module is light. Every figure in `reported/` is the paper's; none was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from medai.api import Cell, Chart, Claim, Reported, Slot, Spread, Table, read_reported
from medai_annotation.kinds import Kind
from medai_annotation.recipes import slot

_STUDY = "Zhang et al., AI Medicine 1(1), 2024, 4, doi:10.53941/aim.2024.100004"
_FILES = Path(__file__).with_name("reported")
_METRICS = {"Dice": "dice", "IoU": "iou", "PA": "pixel-accuracy", "SSIM": "ssim", "PSNR_HVS_M": "psnr-hvs-m"}
_RECIPES = {
    "FCN_101": "fcn-101",
    "DeepLab V3": "deeplabv3",
    "LinkNet": "linknet",
    "MANet": "manet",
    "U-Net++": "unet-plus-plus",
    "MultiResUNet": "multiresunet",
    "Costumed U-Net": "costumed-unet",
}
_TARGETS = {"N2C": "clean", "N2N": "noisy"}
_LOSSES = {
    "L1": "l1",
    "Huber": "huber",
    "Smooth L1": "smooth-l1",
    "L2": "l2",
    "L1 + L2": "l1-plus-l2",
    "Huber + L2": "huber-plus-l2",
    "Smooth L1 + L2": "smooth-l1-plus-l2",
    "All Loss Sum": "all-loss-sum",
}
DATA: Mapping[str, Slot] = {kind: slot(kind) for kind in ("body-marker", "radial-line", "vascular-flow")}
"""The study's three sets. One folder of clean images serves all."""
_NOT_ITS_OWN = "the study's images are a hospital's own, and its size, split and threshold of the mask are not stated"


def _by_scheme(kind: Kind) -> Callable[[Reported], Cell]:
    """`Costumed U-Net, N2N SMN`: the network, the scheme and, where it is not linear, the normalisation."""

    def cell(figure: Reported) -> Cell:
        network, _, mode = figure.row.partition(", ")
        scheme, _, normalisation = mode.partition(" ")
        overrides: dict[str, object] = {
            "train.views.0.target": _TARGETS[scheme],
            "model.normalisation": normalisation.lower() or "linear",
        }
        if kind != "body-marker":
            overrides |= {"train.views.0.use": f"annotation/{kind}", "protocol.options.annotation": kind}
        return _cell(figure, _RECIPES[network], kind, overrides)

    return cell


def _by_loss(figure: Reported) -> Cell:
    return _cell(figure, "costumed-unet", "body-marker", {"loss.use": f"annotation/{_LOSSES[figure.row]}"})


def _cell(figure: Reported, recipe: str, kind: Kind, overrides: Mapping[str, object]) -> Cell:
    return Cell(
        row=figure.row,
        column=figure.column,
        reported=figure.value,
        spread=None if figure.spread is None else Spread(value=figure.spread, kind="variance"),
        recipe=f"annotation/{recipe}",
        overrides=overrides,
        data={"images": kind},
        metric=_METRICS[figure.column],
        note=figure.note,
        incomparable=_NOT_ITS_OWN,
    )


def _table(number: int, title: str, cell_of: Callable[[Reported], Cell], kind: Kind, *implements: str, **more: Any) -> Table:
    cells = tuple(cell_of(figure) for figure in read_reported(_FILES / f"table-{number}.csv"))
    columns = dict.fromkeys(cell.column for cell in cells)
    bars = (Chart(title=f"{name} of each row", columns=(name,), label=_LABELS.get(name, name)) for name in columns)
    return Table(
        name=f"table-{number}",
        title=title,
        task="restoration",
        cells=cells,
        source=f"{_STUDY}, Table {number}",
        implements=(f"table-{number}", *implements),
        data={kind: DATA[kind]},
        guest="annotation/costumed-unet",
        charts=(*more.pop("charts", ()), *bars),
        claims=_claims(cells),
        **more,
    )


def _claims(cells: tuple[Cell, ...]) -> tuple[Claim, ...]:
    """What section 1 says of Noise2Noise over Noise2Clean; nothing where a table has one scheme."""
    columns, rows = dict.fromkeys(cell.column for cell in cells), dict.fromkeys(cell.row for cell in cells)
    pairs = tuple((row, row.replace("N2N", "N2C")) for row in rows if "N2N" in row)
    return tuple(Claim(text=_GAINS[name], column=name, pairs=pairs) for name in columns if pairs and name in _GAINS)


_GAINS = {
    "Dice": "a Sørensen-Dice coefficient (Dice) increase of up to 300%",
    "IoU": "an Intersection over Union (IoU) increase of up to 384%",
    "PSNR_HVS_M": "a Peak Signal to Noise Ratio Human Visual System Modified (PSNR HVS M) increase of up to 38%",
}
_LABELS = {"PSNR_HVS_M": "PSNR-HVS-M (dB)", "PA": "pixel accuracy"}
_CONVERGENCE = (
    Chart(title="Convergence with L1 and its variants (the paper's Figure 3a)", of="training", rows=("L1", "Huber", "Smooth L1")),
    Chart(
        title="Convergence with L2 and sums (the paper's Figure 3b)",
        of="training",
        rows=("L2", "L1 + L2", "Huber + L2", "Smooth L1 + L2", "All Loss Sum"),
    ),
)
_SCHEMES = "under Noise2Clean and Noise2Noise"
_VARIANCE = "behind each average the paper prints the variance over images, not the standard deviation"
_SMN = "in Table 2 FCN_101 is normalised by mean and standard deviation, in Table 3 it is not said to be"
_ALIKE = "Huber and Smooth L1 are one function at their default parameters, so that their rows differ by chance alone"

TABLES = (
    _table(
        2,
        f"Body markers: Dice, IoU and pixel accuracy of the mask, each network {_SCHEMES}",
        _by_scheme("body-marker"),
        "body-marker",
        "model-selection-experiment",
        note=f"{_VARIANCE}; {_SMN}",
    ),
    _table(
        3,
        f"Body markers: SSIM and PSNR-HVS-M, each network {_SCHEMES}",
        _by_scheme("body-marker"),
        "body-marker",
        "qualitative-comparison",
        note=f"{_VARIANCE}; {_SMN}",
    ),
    _table(
        4,
        "Body markers: Dice, IoU and pixel accuracy of the study's U-Net by the loss it learnt with",
        _by_loss,
        "body-marker",
        "loss-selection-experiment",
        note=f"{_VARIANCE}; {_ALIKE}",
        charts=_CONVERGENCE,
    ),
    _table(
        5,
        "Body markers: SSIM and PSNR-HVS-M of the study's U-Net by the loss it learnt with",
        _by_loss,
        "body-marker",
        note=f"{_VARIANCE}; {_ALIKE}",
        charts=_CONVERGENCE,
    ),
    _table(
        6,
        f"Radial lines: Dice and IoU of the mask {_SCHEMES}",
        _by_scheme("radial-line"),
        "radial-line",
        "other-annotations-experiment",
        note=_VARIANCE,
    ),
    _table(7, f"Radial lines: SSIM and PSNR-HVS-M {_SCHEMES}", _by_scheme("radial-line"), "radial-line", note=_VARIANCE),
    _table(
        8,
        f"Flow boxes: Dice, IoU and pixel accuracy {_SCHEMES}",
        _by_scheme("vascular-flow"),
        "vascular-flow",
        note=_VARIANCE,
    ),
    _table(9, f"Flow boxes: SSIM and PSNR-HVS-M {_SCHEMES}", _by_scheme("vascular-flow"), "vascular-flow", note=_VARIANCE),
)

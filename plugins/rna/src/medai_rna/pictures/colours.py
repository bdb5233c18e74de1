"""What is said of a pair, and its colour: one scheme in every picture."""

from __future__ import annotations

from typing import Literal

from matplotlib.lines import Line2D

from medai.tasks import Pairs

Pair = tuple[int, int]
Verdict = Literal["right", "wrong", "missed", "predicted"]

# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS: dict[Verdict, str] = {"right": "#0072B2", "wrong": "#D55E00", "missed": "#CC79A7", "predicted": "#0072B2"}
TINTS: dict[Verdict, str] = {"right": "#CFE3F1", "wrong": "#F9DDCB", "missed": "#F4E0EA", "predicted": "#CFE3F1"}
STYLES: dict[Verdict, Literal["-", ":"]] = {"right": "-", "wrong": "-", "missed": ":", "predicted": "-"}
HOLLOW: frozenset[Verdict] = frozenset({"missed"})
"""What a matrix draws as the outline of a square."""
GREY, PALE = "#555555", "#F2F2F2"


def verdicts(prediction: Pairs, reference: Pairs | None) -> dict[Pair, Verdict]:
    """Each pair of a prediction and of what is known: right, wrong or missed; without a reference, predicted. Missed ones come last."""
    if reference is None:
        return dict.fromkeys(prediction.pairs, "predicted")
    known, found = set(reference.pairs), set(prediction.pairs)
    said: dict[Pair, Verdict] = {pair: "right" if pair in known else "wrong" for pair in prediction.pairs}
    return said | {pair: "missed" for pair in reference.pairs if pair not in found}


def handles(said: dict[Pair, Verdict], *, squares: bool = False) -> list[Line2D]:
    """Entries of a legend, with how many pairs are of each kind: lines, or squares as a matrix has them, hollow where pairs are missed."""
    found = list(said.values())
    kinds = [kind for kind in COLOURS if kind in found]
    return [_handle(kind, f"{kind} {found.count(kind)}", squares) for kind in kinds]


def _handle(kind: Verdict, label: str, square: bool) -> Line2D:
    colour = COLOURS[kind]
    if square:
        fill = "none" if kind in HOLLOW else colour
        return Line2D([], [], linestyle="none", marker="s", markeredgecolor=colour, markerfacecolor=fill, label=label)
    return Line2D([], [], color=colour, linestyle=STYLES[kind], linewidth=2, label=label)

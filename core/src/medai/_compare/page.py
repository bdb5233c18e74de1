"""A board written down: a page for people, tables and JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

import medai
from medai._compare.board import Board, Ranking
from medai._compare.measured import Entry
from medai._compare.texts import (
    PAIR_COLUMNS,
    ROW_COLUMNS,
    interval_of_row,
    pair_records,
    relation,
    row_records,
    shown,
    shown_p,
    standing,
    title,
)
from medai._report.charts import COLOURS, as_data_uri
from medai._report.pattern import template
from medai.io import write_csv, write_json, write_text


def write_board(folder: Path, board: Board, entries: Sequence[Entry], heading: str = "Comparison") -> Path:
    """Write `report.html`, `leaderboard.csv`, `pairs.csv` and `leaderboard.json`; the page's path.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    write_json(folder / "leaderboard.json", board.as_record())
    write_csv(folder / "leaderboard.csv", ROW_COLUMNS, row_records(board))
    write_csv(folder / "pairs.csv", PAIR_COLUMNS, pair_records(board))
    page = template(
        "compare.html.j2",
        capitalised=lambda text: text[:1].upper() + text[1:],
        figure=shown,
        p=shown_p,
        interval=interval_of_row,
        standing=standing,
        title=title,
        relation=relation,
    ).render(
        board=board,
        heading=heading,
        version=medai.__version__,
        charts={ranking.figure: _chart(ranking) for ranking in board.rankings},
        runs=[_described(entry) for entry in entries],
    )
    write_text(folder / "report.html", page)
    return folder / "report.html"


def _described(entry: Entry) -> dict[str, Any]:
    records = [folder.read_record() for folder in entry.folders]
    first = records[0]
    return {
        "name": entry.name,
        "recipe": first["recipe"],
        "scale": first["scale"],
        "predictor": entry.predictor,
        "seeds": ", ".join(str(record["seed"]) for record in records),
        "data": ", ".join(f"{name} {slot['fingerprint']}" for name, slot in first["data"].items()),
        "medai": ", ".join(dict.fromkeys(record["software"]["medai"] for record in records)),
    }


def _chart(ranking: Ranking) -> str | None:
    """Each value with its interval, the best above; None where there is nothing to set beside another."""
    rows = [(row, row.value) for row in ranking.rows if row.value is not None]
    if len(rows) < 2:
        return None
    # The axes have 5 inches, whatever the names take.
    longest = max(len(row.name) for row, _ in rows)
    figure = Figure(figsize=(5.0 + 0.07 * longest, 0.9 + 0.32 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, (row, value) in enumerate(rows):
        colour = COLOURS[2] if row.best else COLOURS[0]
        if row.low is not None and row.high is not None:
            axes.hlines(place, row.low, row.high, color=colour, linewidth=1.5)
        axes.plot([value], [place], "o", color=colour, markersize=5)
    axes.set_yticks(range(len(rows)), [row.name for row, _ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(f"{ranking.figure}, {ranking.better} is better", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.3, axis="x")
    return as_data_uri(figure)

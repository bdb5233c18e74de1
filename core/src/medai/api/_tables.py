"""Tables: a printed results table as data. A figure in it is *reported*; what medai measures stands beside it, never in its place."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from medai.api._recipes import Slot


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The spread printed beside a figure, and what it is.

    Attributes:
        value: as printed, in the figure's unit.
        kind: what the paper says that it is.
    """

    value: float
    kind: Literal["standard deviation", "variance", "standard error", "interval half-width", "unstated"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One figure of a table.

    Attributes:
        row: its row, as printed.
        column: its column, as printed.
        reported: the printed figure; None where the table leaves it out.
        spread: the printed spread.
        recipe: id of the recipe that measures it.
        overrides: what that recipe is run with, as `--set` takes it.
        data: slot name to the name of one of the table's data, or to a dataset's id.
        metric: name of the figure (`psnr`), or of a metric of the model itself (`macs`), for which nothing is trained.
        note: what is known to be wrong with the print.
        test: one of the table's data, on whose test part the run is measured in place of its own.
        groups: the groups of the test part that count (`L506`); empty: all.
        averaged_with: further data, as `data`: the figure is the mean of the runs on all of them, each on its own test part.
        incomparable: why the printed figure cannot be compared with any measured one, in words; empty: it can.
    """

    row: str
    column: str
    reported: float | None
    recipe: str
    metric: str
    spread: Spread | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    test: str = ""
    groups: tuple[str, ...] = ()
    averaged_with: tuple[Mapping[str, str], ...] = ()
    incomparable: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure that is drawn of a table's columns, or of how its rows were trained.

    Attributes:
        title: its caption.
        columns: of the table; a bar for each row, or a point. None of a figure of the training.
        against: a column for the horizontal axis, which makes points of bars; empty: bars.
        label: of the vertical axis, with the unit (`PSNR (dB)`); empty: the columns' names.
        of: `columns`, or `training`: a curve of each row's training loss over the steps, of the sum where there are several losses.
        rows: those that are shown, in that order; empty: all.
    """

    title: str
    columns: tuple[str, ...] = ()
    against: str = ""
    label: str = ""
    of: Literal["columns", "training"] = "columns"
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What the paper's text says of the gains of rows, by how much their figures are higher than those of others: checked on the printed
    figures and on the measured ones.

    Attributes:
        text: as printed (`an IoU increase of up to 384%`).
        column: the column that it is about.
        pairs: rows, each with the row that it is held against.
    """

    text: str
    column: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A printed table of results.

    Attributes:
        name: lower-case words joined by hyphens, unique among the plugin's tables.
        title: its caption, one line.
        task: name or id of the task.
        cells: its figures.
        source: the paper that it stands in.
        implements: the catalogue rows that it answers.
        data: the data that its cells are about, by name; `medai reproduce TABLE --data NAME=PATH` fills one. Variants of one folder, such
            as its doses, are called `NAME:VARIANT`, and filled together.
        protocol: one of its recipes' `protocols`, under which the figures are printed; empty: the recipes' own.
        guest: id of the recipe whose training and parameters a method of the user's own gets; empty: the first that is trained.
        note: what is known of the table as a whole.
        charts: figures that are drawn of it.
        claims: what the text says of gains in it.
    """

    name: str
    title: str
    task: str
    cells: tuple[Cell, ...]
    source: str = ""
    implements: tuple[str, ...] = ()
    data: Mapping[str, Slot] = field(default_factory=dict)
    protocol: str = ""
    guest: str = ""
    note: str = ""
    charts: tuple[Chart, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A printed figure, as it stands in a file of them.

    Attributes:
        row: its row, as printed.
        column: its column, as printed.
        value: the figure; None where the print leaves it out.
        spread: the figure behind its `+-`; None where there is none.
        note: what is known to be wrong with the print.
    """

    row: str
    column: str
    value: float | None
    spread: float | None = None
    note: str = ""


def read_reported(path: Path) -> tuple[Reported, ...]:
    """The printed figures of a table, from a CSV file with the columns `row`, `column`, `reported` and, where wanted, `spread`, `note`.

    Raises:
        ValueError: a column is missing, or a figure is no number; the file and the line are named.
    """
    # By place and not by name: a plugin's tables are read each time that it is discovered.
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        lacking = {"row", "column", "reported"} - set(names)
        if lacking:
            raise ValueError(f"{path}: no column {min(lacking)!r}")
        row, column, reported = (names.index(name) for name in ("row", "column", "reported"))
        spread, note = (names.index(name) if name in names else -1 for name in ("spread", "note"))
        return tuple(
            Reported(
                row=line[row],
                column=line[column],
                value=_figure(line[reported], path, reader.line_num),
                spread=None if spread < 0 else _figure(line[spread], path, reader.line_num),
                note="" if note < 0 else line[note].strip(),
            )
            for line in _whole(reader, len(names), path)
        )


def _whole(reader: Any, width: int, path: Path) -> Iterator[list[str]]:
    for line in reader:
        if len(line) != width:
            raise ValueError(f"{path}, line {reader.line_num}: {len(line)} values for {width} columns")
        yield line


def _figure(text: str, path: Path, line: int) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}, line {line}: {text!r} is no number")
    return value

"""Tables: a printed results table as data. A figure in it is *reported*; what medai measures stands beside it, never in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


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
        data: slot name to dataset id.
        metric: name of the figure (`psnr`).
        note: what is known to be wrong with the print.
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
    """

    name: str
    title: str
    task: str
    cells: tuple[Cell, ...]
    source: str = ""
    implements: tuple[str, ...] = ()

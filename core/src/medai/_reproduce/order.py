"""What a user orders: a table, on which data, at which scale, with which methods of their own beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from medai._results.folder import safe_name
from medai.api import Use


@dataclass(frozen=True)
class Guest:
    """A method of the user's own, a row more in the table.

    Attributes:
        name: of its row.
        model: the network from a Python file, or images that another program predicted.
        trained: whether it is trained as the table's other methods; images are there already.
        folder: where the images are, a folder per test set where the table has several; None for a network.
    """

    name: str
    model: Use
    trained: bool
    folder: Path | None = None


@dataclass(frozen=True)
class Order:
    """A table to rebuild.

    Attributes:
        table: its id, `plugin/name`.
        data: `[DATASET:]PATH` by the name of one of the table's data; empty: embedded data.
        scale: of the trainings; None: `quick` on embedded data, else `paper`.
        protocol: of the recipes' protocols; None: the one that the table is printed under.
        seeds: a run of each.
        stub: a few steps on stub data in each dataset's raw layout.
        rows: of the table that are wanted; empty: all.
        guests: further rows.
    """

    table: str
    data: Mapping[str, str] = field(default_factory=dict)
    scale: str | None = None
    protocol: str | None = None
    seeds: tuple[int, ...] = (0,)
    stub: bool = False
    rows: tuple[str, ...] = ()
    guests: tuple[Guest, ...] = ()

    def stub_folder(self, root: Path) -> Path:
        """Where the table's stub data are, in the folder of all."""
        return root / "stub" / safe_name(self.table)

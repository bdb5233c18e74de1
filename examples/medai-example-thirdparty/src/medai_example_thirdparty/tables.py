"""Printed tables. This module is light. The figures are reported: they stand in the README, as its author measured them."""

from __future__ import annotations

from medai.api import Cell, Table

_PRINTED = {
    ("Otsu", "example-thirdparty/otsu"): (0.9635, 0.6204),
    ("BoundaryNet", "example-thirdparty/boundary"): (0.9936, 0.9987),
}

TABLE_1 = Table(
    name="table-1",
    title="Overlap and boundary (F1 within 1.5 pixels) on the drawn pictures, seed 0",
    task="segmentation",
    cells=tuple(
        Cell(row=row, column=column, reported=value, recipe=recipe, metric=metric)
        for (row, recipe), values in _PRINTED.items()
        for column, metric, value in zip(("Dice", "Boundary F1"), ("dice", "boundary_f1"), values, strict=True)
    ),
    source="the README of medai-example-thirdparty 0.1.0",
)

TABLES = (TABLE_1,)

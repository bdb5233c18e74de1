"""Checks of a table of reported results."""

from __future__ import annotations

import functools
from collections import Counter

from medai._discovery import registry
from medai._engine.configure import Configuration, Request, configure
from medai._engine.described import protocol_hash
from medai._engine.document import from_document, overlay, to_document
from medai._engine.evaluate import build_metrics
from medai._engine.models import build_task
from medai._words import nearest
from medai.api import Cell, Recipe, Table
from medai.errors import MedaiError
from medai_sdk.contract.check import Broken, NotApplicable, check
from medai_sdk.contract.subjects.component import ComponentSubject
from medai_sdk.contract.subjects.measured import figures
from medai_sdk.contract.subjects.situation import on_stub_data


@check(
    "table.cells-name-recipes", "every cell names a recipe that is there, of the table's task, data that it has, and overrides that apply"
)
def cells_name_recipes(subject: ComponentSubject) -> None:
    table = _table(subject)
    task = registry().find("task", table.task)
    for cell in table.cells:
        try:
            entry = registry().find("recipe", cell.recipe)
            recipe = _overridden(entry.id, cell)
            for slot, name in (pair for data in (cell.data, *cell.averaged_with) for pair in data.items()):
                if slot not in recipe.data:
                    raise Broken(f"{_of(cell)}: {entry.id} has no data slot {slot!r}{nearest(slot, recipe.data)}", "name its slots")
                if name not in table.data:
                    registry().find("dataset", name)
            if cell.test and cell.test not in table.data:
                raise Broken(f"{_of(cell)}: the table has no data {cell.test!r}{nearest(cell.test, table.data)}", "name one of its data")
            if table.protocol and table.protocol not in recipe.protocols:
                known = nearest(table.protocol, recipe.protocols)
                raise Broken(f"{_of(cell)}: {entry.id} has no protocol {table.protocol!r}{known}", "give it the table's protocol")
        except MedaiError as error:
            raise Broken(f"{_of(cell)}: {error}", "name recipes that are installed, and what they take") from error
        if registry().find("task", recipe.task) != task:
            raise Broken(f"{_of(cell)}: {entry.id} is for {recipe.task}, the table for {table.task}", "one table has one task")


@check("table.cells-name-figures", "every cell names a figure that its recipe's protocol gives")
def cells_name_figures(subject: ComponentSubject) -> None:
    for cell in _table(subject).cells:
        try:
            id = registry().find("recipe", cell.recipe).id
            if _is_of_models(cell.metric, subject.entry.plugin.name):
                continue
            known = _figures_of(id)
        except MedaiError as error:
            raise NotApplicable("a recipe that it names is not there or does not open: see table.cells-name-recipes") from error
        if cell.metric not in known:
            raise Broken(
                f"{_of(cell)}: {cell.recipe} gives no figure {cell.metric!r}{nearest(cell.metric, known)}",
                "name a figure as medai run prints it",
            )


@check("table.places-are-taken-once", "no two cells stand in one place")
def places_are_taken_once(subject: ComponentSubject) -> None:
    for (row, column), count in Counter((cell.row, cell.column) for cell in _table(subject).cells).items():
        if count > 1:
            raise Broken(f"row {row!r}, column {column!r} stands there {count} times", "give each cell the row and column that are printed")


@check("table.charts-name-columns", "every chart is of columns and rows that it has, or of its rows' training")
def charts_name_columns(subject: ComponentSubject) -> None:
    table = _table(subject)
    if not table.charts:
        raise NotApplicable("it asks for no chart")
    known = {cell.column for cell in table.cells}
    rows = {cell.row for cell in table.cells}
    for chart in table.charts:
        if chart.of == "columns" and not chart.columns:
            raise Broken(f"the chart {chart.title!r} is of no column", 'name some, or say of="training"')
        for row in chart.rows:
            if row not in rows:
                raise Broken(f"the chart {chart.title!r} is of the row {row!r}{nearest(row, rows)}", "name rows of its cells")
        for column in (*chart.columns, *((chart.against,) if chart.against else ())):
            if column not in known:
                raise Broken(f"the chart {chart.title!r} is of the column {column!r}{nearest(column, known)}", "name columns of its cells")


@check("table.reported-have-a-source", "reported figures say where they are printed")
def reported_have_a_source(subject: ComponentSubject) -> None:
    table = _table(subject)
    if all(cell.reported is None for cell in table.cells):
        raise NotApplicable("it reports no figure")
    if not table.source.strip():
        raise Broken("it reports figures, and no source", "name the paper and the table's number in `source`")


def _table(subject: ComponentSubject) -> Table:
    assert isinstance(subject.entry.spec, Table)
    return subject.entry.spec


def _overridden(id: str, cell: Cell) -> Recipe:
    own = _configured(id)
    recipe: Recipe = from_document(Recipe, overlay(own.document, to_document(cell.overrides))) if cell.overrides else own.recipe
    return recipe


@functools.cache
def _configured(id: str) -> Configuration:
    return configure(Request(id))


def _is_of_models(metric: str, plugin: str) -> bool:
    """Whether it is a metric of the model itself, by its id or as the table's own plugin calls it."""
    found = (entry for entry in registry().entries("metric") if entry.id in (metric, f"{plugin}/{metric}"))
    return any(getattr(entry.spec, "of", "") == "model" for entry in found)


_by_protocol: dict[str, tuple[str, ...]] = {}
"""The figures of each protocol, by its hash and task: many recipes have one."""


def _figures_of(id: str) -> tuple[str, ...]:
    """The names of the figures that a recipe gives on its stub data."""
    recipe = _configured(id).recipe
    task = build_task(recipe.task)
    key = f"{recipe.task} {protocol_hash(recipe.protocol, task)}"
    if key not in _by_protocol:
        _, given, _ = on_stub_data(id)
        held = [sample for sample in given if sample.reference is not None]
        metrics = build_metrics(recipe.protocol, task)
        _by_protocol[key] = tuple(name for metric in metrics for name in figures(metric, held, task.perfect(held)))
    return _by_protocol[key]


def _of(cell: Cell) -> str:
    return f"row {cell.row!r}, column {cell.column!r}"

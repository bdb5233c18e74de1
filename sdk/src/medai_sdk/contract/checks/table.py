"""Checks of a table of reported results."""

from __future__ import annotations

import functools
from collections import Counter

from medai._discovery import registry
from medai._engine.configure import Request, configure
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
            for slot, dataset in cell.data.items():
                if slot not in recipe.data:
                    raise Broken(f"{_of(cell)}: {entry.id} has no data slot {slot!r}{nearest(slot, recipe.data)}", "name its slots")
                registry().find("dataset", dataset)
        except MedaiError as error:
            raise Broken(f"{_of(cell)}: {error}", "name recipes that are installed, and what they take") from error
        if registry().find("task", recipe.task) != task:
            raise Broken(f"{_of(cell)}: {entry.id} is for {recipe.task}, the table for {table.task}", "one table has one task")


@check("table.cells-name-figures", "every cell names a figure that its recipe's protocol gives")
def cells_name_figures(subject: ComponentSubject) -> None:
    for cell in _table(subject).cells:
        try:
            known = _figures_of(registry().find("recipe", cell.recipe).id)
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
    document = configure(Request(id)).document
    recipe: Recipe = from_document(Recipe, overlay(document, to_document(cell.overrides)))
    return recipe


@functools.cache
def _figures_of(id: str) -> tuple[str, ...]:
    """The names of the figures that a recipe gives on its stub data."""
    configuration, given, _ = on_stub_data(id)
    task = build_task(configuration.recipe.task)
    held = [sample for sample in given if sample.reference is not None]
    return tuple(
        name for metric in build_metrics(configuration.recipe.protocol, task) for name in figures(metric, held, task.perfect(held))
    )


def _of(cell: Cell) -> str:
    return f"row {cell.row!r}, column {cell.column!r}"

"""Whether a table has what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from medai._discovery import registry
from medai._engine.configure import PAPER
from medai._reproduce.order import Order
from medai._words import nearest
from medai.api import Recipe, Table
from medai.errors import UsageError


def check_names(order: Order, table: Table) -> None:
    """Raise UsageError where a table has no such row, data, scale or protocol; the nearest names are given."""
    rows = list(dict.fromkeys(cell.row for cell in table.cells))
    for row in order.rows:
        if row not in rows:
            raise UsageError(f"{order.table} has no row {row!r}{nearest(row, rows)}")
    recipes = _recipes(table)
    _check_word(order.table, "scale", order.scale, [PAPER, *(name for recipe in recipes for name in recipe.scales)])
    _check_word(order.table, "protocol", order.protocol, [name for recipe in recipes for name in recipe.protocols])
    known = {name.partition(":")[0] for name in table.data} | _recipe_slots(table)
    for name in order.data:
        if name not in known:
            raise UsageError(f"{order.table} has no data {name!r}{nearest(name, known)}")
    for place, guest in enumerate(order.guests):
        if guest.name in rows or guest.name in [other.name for other in order.guests[:place]]:
            raise UsageError(f"{order.table} has a row {guest.name!r} already: call yours otherwise, --with NAME=...")


def _recipes(table: Table) -> list[Recipe]:
    """Of the table's cells, those that are installed."""
    found = []
    for id in dict.fromkeys(cell.recipe for cell in table.cells):
        with suppress(UsageError):
            found.append(registry().find("recipe", id).spec)
    return [recipe for recipe in found if isinstance(recipe, Recipe)]


def _check_word(table: str, kind: str, word: str | None, known: Iterable[str]) -> None:
    names = list(dict.fromkeys(known))
    if word and word not in names:
        raise UsageError(f"{table} has no {kind} {word!r}{nearest(word, names)}")


def _recipe_slots(table: Table) -> set[str]:
    """The slots of the recipes of cells that name no data of the table's."""
    ids = {cell.recipe for cell in table.cells if not cell.data}
    found = [registry().find("recipe", id).spec for id in sorted(ids)]
    return {name for recipe in found if isinstance(recipe, Recipe) for name in recipe.data}

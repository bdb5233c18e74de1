"""A recipe as `medai show` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from medai._cli.text import labelled, paragraph
from medai._discovery import Entry, registry
from medai._words import listed
from medai.api import Cell, Protocol, Recipe, RunRef, Table, Train, Use


def recipe_lines(entry: Entry, recipe: Recipe) -> Iterator[str]:
    """Components, data slots, training, protocol, scales, reported figures and example commands."""
    yield from labelled("model", _use(recipe.model))
    yield from labelled("loss", _use(recipe.loss) if recipe.loss else "the model's own")
    for name, slot in recipe.data.items():
        embedded = f"embedded: {_use(slot.embedded)}" if slot.embedded else "no embedded data"
        yield from labelled("data", f"{name}: {_use(slot.folder)}; yours with --data {name}=PATH; {embedded}; for {', '.join(slot.roles)}")
    for view in recipe.views:
        yield from labelled("view", _use(view))
    for name, upstream in recipe.upstream.items():
        yield from labelled("upstream", f"{name}: {upstream}")
    yield from _training(recipe.train)
    yield from _protocol(recipe.protocol, recipe.protocols)
    for baseline in recipe.baselines:
        yield from labelled("baseline", _use(baseline))
    yield from _scales(recipe)
    yield from _reported(entry)
    yield from ("", f"  medai run {entry.id}")
    yield f"  medai run {entry.id} {' '.join(f'--data {name}=PATH' for name in recipe.data)}"


def reported_cells(entry: Entry) -> Iterator[tuple[Entry, Cell]]:
    """The printed figures that this recipe measures, each with its table."""
    for table in registry().entries("table"):
        if isinstance(table.spec, Table):
            own = {entry.id, entry.spec.name} if table.plugin == entry.plugin else {entry.id}
            beside = rows_beside(table.spec)
            yield from ((table, cell) for cell in table.spec.cells if cell.recipe in own and cell.row not in beside)


def used_ids(value: object) -> set[str]:
    """The ids of all components that a recipe, or a part of it, names."""
    if isinstance(value, Use):
        return {value.id} | used_ids(value.params)
    if isinstance(value, Mapping):
        return set().union(*map(used_ids, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(used_ids, value))
    # Records of medai.api hold their fields in `__dict__`.
    return used_ids(vars(value)) if hasattr(value, "__dict__") else set()


def _training(train: Train | None) -> Iterator[str]:
    if train is None:
        yield from labelled("training", "none: the model learns nothing")
        return
    length = f"{train.steps} steps" if train.steps else f"{train.epochs} epochs" if train.epochs else "as long as the model wants"
    yield from labelled("training", f"{length}, batch {train.batch}, {train.precision}")
    for turn, optimizer in train.optimizers.items():
        yield from labelled("", f"{'optimiser' if turn == 'all' else f'optimiser of {turn}'}: {_use(optimizer)}")
    if train.schedule:
        yield from labelled("", f"schedule: {_use(train.schedule)}, by the {train.schedule_every}")
    for view in train.views:
        yield from labelled("", f"view: {_use(view)}")


def _protocol(protocol: Protocol, protocols: Iterable[str]) -> Iterator[str]:
    split = protocol.split
    parts = f"validation {_part(split.valid)}, test {_part(split.test)}, by {split.by}, seed {split.seed}"
    yield from labelled("protocol", f"split: {parts}{'; the published split where there is one' if split.published else ''}")
    if split.without:
        yield from labelled("", f"left out of every part: {listed(split.without)}")
    for metric in protocol.metrics:
        yield from labelled("", f"metric: {_use(metric)}")
    if not protocol.metrics:
        yield from labelled("", "metrics: the task's own")
    for name, value in protocol.options.items():
        yield from labelled("", f"{name} = {value!r}")
    if protocols:
        yield from labelled("", f"by name: {listed(protocols)} (--protocol)")


def _scales(recipe: Recipe) -> Iterator[str]:
    from medai._engine.document import flatten, to_document

    own = dict(flatten(to_document(recipe)))
    for name, overrides in recipe.scales.items():
        if not overrides:
            yield from ("", f"  scale {name}: nothing differs from scale paper")
            continue
        yield from ("", f"  scale {name}: what differs from scale paper")
        for path, value in flatten(to_document(overrides)):
            paper = f"  (paper: {own[path]})" if path in own else ""
            if path not in own or own[path] != value:
                yield from paragraph(f"{path} = {value}{paper}", "    ")


def _reported(entry: Entry) -> Iterator[str]:
    cells = list(reported_cells(entry))
    if cells:
        yield from ("", "  reported, not measured here")
    for table, cell in cells:
        overrides = "".join(f" --set {path}={value}" for path, value in cell.overrides.items())
        note = f"  ({cell.note})" if cell.note else ""
        yield from paragraph(f"{table.id}  {cell.row}  {cell.column}  {cell.metric} {figure_of(cell)}{overrides}{note}", "    ")


def rows_beside(table: Table) -> list[str]:
    """The rows that stand beside the printed ones: there is no figure in them, and nothing is said of one."""
    said = {cell.row for cell in table.cells if cell.reported is not None or cell.note}
    return [row for row in dict.fromkeys(cell.row for cell in table.cells) if row not in said]


def figure_of(cell: Cell) -> str:
    """The printed figure with its spread, in words."""
    spread = f" ± {cell.spread.value} ({cell.spread.kind})" if cell.spread else ""
    return "no figure" if cell.reported is None else f"{cell.reported}{spread}"


def _part(part: float | tuple[str, ...] | Literal["test"]) -> str:
    if isinstance(part, str):
        return f"the {part} part itself"
    return ", ".join(part) if isinstance(part, tuple) else f"{part:.0%}"


def _use(use: Use) -> str:
    inner = ", ".join(f"{key} = {_value(value)}" for key, value in use.params.items())
    return f"{use.id}({inner})" if inner else use.id


def _value(value: Any) -> str:
    if isinstance(value, Use):
        return _use(value)
    if isinstance(value, RunRef):
        return f"the run {value.name}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_value, value))})"
    return repr(value)

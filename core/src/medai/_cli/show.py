"""`medai show`: all that is known of an id."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from medai._cli.list_ import record_of
from medai._discovery import Entry, load_target, registry
from medai.api import Recipe, Spec, Table, Use
from medai.errors import PluginError


@click.command(short_help="Show all that is known of an id.")
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="A list of records.")
def command(id: str, as_json: bool) -> None:
    """Show every component, recipe and table called ID: what it is, source, licence, parameters, reported figures."""
    entries = registry().find_all(id)
    if as_json:
        click.echo(json.dumps([_record(entry) for entry in entries], indent=1, ensure_ascii=False))
        return
    click.echo("\n\n".join("\n".join(_text(entry)) for entry in entries))


def _record(entry: Entry) -> dict[str, Any]:
    from medai._engine.document import to_document

    record = record_of(entry)
    if isinstance(entry.spec, Spec):
        return record | {
            "target": entry.spec.target,
            "needs": list(entry.spec.needs),
            "parameters": [vars(item) for item in _parameters(entry)],
        }
    if isinstance(entry.spec, Recipe):
        record["reported"] = [
            {"table": table, "column": column, "value": value, "note": note} for table, column, value, note in _reported(entry.id)
        ]
    return record | {"content": to_document(entry.spec)}


def _text(entry: Entry) -> Iterator[str]:
    record = record_of(entry)
    yield f"{entry.kind} {entry.id}  ({entry.plugin.distribution} {entry.plugin.version})"
    yield from _wrapped("", record["summary"])
    for label, value in (("task", record["task"]), ("source", record["source"]), ("licence", record["license"])):
        if value:
            yield from _wrapped(label, value)
    if record["implements"]:
        yield from _wrapped("answers", ", ".join(record["implements"]))
    if isinstance(entry.spec, Recipe):
        yield from _recipe(entry.id, entry.spec)
    elif isinstance(entry.spec, Table):
        yield from _table(entry.spec)
    else:
        yield from _component(entry)


def _component(entry: Entry) -> Iterator[str]:
    spec = entry.spec
    assert isinstance(spec, Spec)
    if spec.needs:
        yield from _wrapped("needs", "; ".join(spec.needs))
    yield from _wrapped("devices", ", ".join(spec.devices))
    try:
        target = load_target(entry)
    except PluginError as error:
        yield from _wrapped("problem", str(error).splitlines()[0])
        return
    about = (inspect.getdoc(target) or "").split("\n\n")[0]
    if about:
        yield from ("", *textwrap.wrap(about, 78, initial_indent="  ", subsequent_indent="  "))
    found = _parameters(entry)
    yield ""
    yield "  parameters" if found else "  no parameters"
    for item in found:
        yield f"    {item.name}: {item.type or 'any'}{' (required)' if item.required else f' = {item.default}'}"


def _recipe(id: str, recipe: Recipe) -> Iterator[str]:
    yield from _wrapped("model", _use(recipe.model))
    yield from _wrapped("loss", _use(recipe.loss) if recipe.loss else "the model's own")
    if recipe.train is not None:
        train = recipe.train
        length = f"{train.steps} steps" if train.steps else f"{train.epochs} epochs"
        optimizers = "; ".join(f"{turn}: {_use(use)}" for turn, use in train.optimizers.items())
        yield from _wrapped("training", f"{length}, batch {train.batch}; {optimizers}")
    for name, slot in recipe.data.items():
        embedded = f"; embedded: {_use(slot.embedded)}" if slot.embedded else "; no embedded data"
        yield from _wrapped(f"data {name}", f"{_use(slot.folder)}{embedded}; yours with --data {name}=PATH")
    for view in recipe.views:
        yield from _wrapped("view", _use(view))
    yield from _wrapped("metrics", ", ".join(_use(use) for use in recipe.protocol.metrics) or "the task's own")
    for use in recipe.baselines:
        yield from _wrapped("baseline", _use(use))
    for name, upstream in recipe.upstream.items():
        yield from _wrapped(f"upstream {name}", upstream)
    yield from _scales(recipe)
    reported = list(_reported(id))
    if reported:
        yield from ("", "  reported by the paper, not measured here")
        for table, column, value, note in reported:
            yield from _wrapped("", f"{table}  {column}  {value}{f'  ({note})' if note else ''}", "    ")
    yield from ("", f"  medai run {id}")
    yield f"  medai run {id} " + " ".join(f"--data {name}=PATH" for name in recipe.data)


def _scales(recipe: Recipe) -> Iterator[str]:
    from medai._engine.document import flatten, to_document

    for name, overrides in recipe.scales.items():
        changes = ", ".join(f"{path} = {value}" for path, value in flatten(to_document(overrides)))
        yield from _wrapped(f"scale {name}", changes)


def _table(table: Table) -> Iterator[str]:
    yield from ("", "  reported by the paper, not measured here")
    for cell in table.cells:
        yield from _wrapped(
            "", f"{cell.row}  {cell.column}  {cell.reported}  [{cell.recipe}]{f'  ({cell.note})' if cell.note else ''}", "    "
        )


def _reported(id: str) -> Iterator[tuple[str, str, float | None, str]]:
    for entry in registry().entries("table"):
        table = entry.spec
        if isinstance(table, Table):
            for cell in table.cells:
                if cell.recipe == id:
                    yield entry.id, f"{cell.row} {cell.column}", cell.reported, cell.note


def _parameters(entry: Entry) -> list[Any]:
    from medai._engine.construct import parameters

    return parameters(load_target(entry))


def _use(use: Use) -> str:
    inner = ", ".join(f"{key} = {_use(value) if isinstance(value, Use) else value!r}" for key, value in use.params.items())
    return f"{use.id}({inner})" if inner else use.id


def _wrapped(label: str, text: str, indent: str = "  ") -> list[str]:
    first = f"{indent}{label.ljust(10)} " if label else indent
    return textwrap.wrap(
        " ".join(text.split()), 80, initial_indent=first, subsequent_indent=indent + " " * 11 if label else indent + "  "
    ) or [first]

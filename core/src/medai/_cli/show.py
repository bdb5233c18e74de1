"""`medai show`: all that is known of an id."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import click

from medai._cli.list_ import record_of
from medai._cli.recipe_text import figure_of, recipe_lines, reported_cells, rows_beside, used_ids
from medai._cli.text import labelled, paragraph
from medai._discovery import Entry, load_target, registry
from medai.api import Recipe, Spec, Table
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
    faults = []
    for place, entry in enumerate(entries):
        if place:
            click.echo()
        try:
            for line in _lines(entry):
                click.echo(line)
        except PluginError as error:
            # What its plugin says of it is shown all the same, and so is whatever else has that id.
            faults.append(str(error))
    if faults:
        raise PluginError("\n".join(faults))


def _record(entry: Entry) -> dict[str, Any]:
    from medai._engine.document import to_document

    record = record_of(entry)
    if isinstance(entry.spec, Spec):
        record |= {"target": entry.spec.target, "parameters": [vars(item) for item in _parameters(load_target(entry))]}
        return record | {field: list(getattr(entry.spec, field)) for field in ("inputs", "needs", "devices")}
    if isinstance(entry.spec, Recipe):
        record["reported"] = [
            {"table": table.id, "row": cell.row, "column": cell.column, "metric": cell.metric, "value": cell.reported, "note": cell.note}
            for table, cell in reported_cells(entry)
        ]
    return record | {"content": to_document(entry.spec)}


def _lines(entry: Entry) -> Iterator[str]:
    record = record_of(entry)
    yield f"{entry.kind} {entry.id}  ({entry.plugin.distribution} {entry.plugin.version})"
    yield from paragraph(record["summary"])
    for label, value in (("task", record["task"]), ("source", record["source"]), ("licence", record["license"])):
        if value:
            yield from labelled(label, value)
    if record["implements"]:
        yield from labelled("implements", ", ".join(record["implements"]))
    if isinstance(entry.spec, Recipe):
        yield from recipe_lines(entry, entry.spec)
    elif isinstance(entry.spec, Table):
        yield from _table(entry, entry.spec)
    else:
        yield from _component(entry, entry.spec)


def _component(entry: Entry, spec: Spec) -> Iterator[str]:
    if spec.inputs:
        yield from labelled("inputs", ", ".join(spec.inputs))
    if spec.needs:
        yield from labelled("needs", "; ".join(spec.needs))
    yield from labelled("devices", ", ".join(spec.devices))
    yield from labelled("target", spec.target)
    target = load_target(entry)
    about = (inspect.getdoc(target) or "").split("\n\n")[0]
    if about:
        yield ""
        yield from paragraph(about)
    found = _parameters(target)
    yield from ("", "  parameters" if found else "  no parameters")
    for item in found:
        yield from paragraph(f"{item.name}: {item.type or 'any'}{' (required)' if item.required else f' = {item.default}'}", "    ")
        yield from paragraph(item.summary, "      ", item=False)
    yield from ("", f"  {_example(entry)}")


def _example(entry: Entry) -> str:
    """A command that puts the component to use."""
    if entry.kind == "exporter":
        return f"medai export RUN --to {entry.id}"
    if entry.kind == "task":
        return f"medai list --task {entry.id}"
    short = [entry.spec.name] if registry().find_all(entry.spec.name) == registry().find_all(entry.id) else []
    recipes = [(found.id, found.spec) for found in registry().entries("recipe") if isinstance(found.spec, Recipe)]
    users = [(id, recipe) for id, recipe in recipes if used_ids(recipe).intersection([entry.id, *short])]
    # A model's own recipe before those that have it as a baseline.
    for id, recipe in sorted(users, key=lambda user: user[1].model.id not in (entry.id, *short)):
        own = "".join(f" --data {name}=PATH" for name, slot in recipe.data.items() if slot.folder.id in (entry.id, *short))
        return f"medai run {id}{own}"
    return f'in a recipe\'s file: {{use = "{entry.id}"}}'


def _table(entry: Entry, table: Table) -> Iterator[str]:
    yield from ("", "  reported, not measured here")
    beside = rows_beside(table)
    for cell in table.cells:
        if cell.row not in beside:
            note = f"  ({cell.note})" if cell.note else ""
            yield from paragraph(f"{cell.row}  {cell.column}  {cell.metric} {figure_of(cell)}  [{cell.recipe}]{note}", "    ")
    if beside:
        yield from ("", "  measured beside the printed rows")
    for row in beside:
        yield from paragraph(f"{row}  [{', '.join(dict.fromkeys(cell.recipe for cell in table.cells if cell.row == row))}]", "    ")


def _parameters(target: object) -> list[Any]:
    from medai._engine.construct import parameters

    return parameters(target)

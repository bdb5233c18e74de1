"""`medai list`: what the installed plugins offer."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from medai._discovery import Entry, PluginRecord, registry
from medai._words import nearest

PLURALS = {
    "recipes": "recipe",
    "models": "model",
    "datasets": "dataset",
    "losses": "loss",
    "metrics": "metric",
    "exporters": "exporter",
    "tables": "table",
    "tasks": "task",
}
PLUGINS = "plugins"


class _Kind(click.ParamType[str]):
    name = "kind"

    def convert(self, value: str, parameter: click.Parameter | None, context: click.Context | None) -> str:
        known = [*PLURALS, PLUGINS]
        if value not in known:
            self.fail(f"unknown kind {value!r}{nearest(value, known)}", parameter, context)
        return value


@click.command(short_help="List what the installed plugins offer.")
@click.argument("kind", required=False, type=_Kind(), metavar="[tasks|datasets|models|losses|metrics|exporters|recipes|tables|plugins]")
@click.option("--task", metavar="TASK", help="Only what serves this task.")
@click.option("--plugin", metavar="PLUGIN", help="Only what this plugin offers.")
@click.option("--json", "as_json", is_flag=True, help="A list of records.")
@click.option("--freeze", is_flag=True, help="The plugins as distribution==version lines.")
def command(kind: str | None, task: str | None, plugin: str | None, as_json: bool, freeze: bool) -> None:
    """List what the installed plugins offer, of one KIND or of all."""
    plugins = [record for record in registry().plugins if plugin in (None, record.name)]
    if plugin is not None and not plugins:
        known = [record.name for record in registry().plugins]
        raise click.UsageError(f"the plugin {plugin!r} is not installed{nearest(plugin, known)}")
    if freeze:
        lines = sorted({f"{record.distribution}=={record.version}" for record in plugins if record.status == "ok"})
        click.echo("\n".join(lines))
    elif kind == PLUGINS:
        _plugins(plugins, as_json)
    else:
        kinds = [PLURALS[kind]] if kind else list(PLURALS.values())
        entries = [
            entry
            for wanted in kinds
            for entry in registry().entries(wanted)
            if _serves(entry, task) and plugin in (None, entry.plugin.name)
        ]
        _entries(entries, kinds, as_json)


def record_of(entry: Entry) -> dict[str, Any]:
    """An entry as `--json` gives it."""
    spec = entry.spec
    return {
        "kind": entry.kind,
        "id": entry.id,
        "task": entry.spec.name if entry.kind == "task" else spec.task,
        "plugin": entry.plugin.name,
        "version": entry.plugin.version,
        "summary": getattr(spec, "summary", None) or getattr(spec, "title", ""),
        "implements": list(spec.implements),
        "source": spec.source,
        "license": getattr(spec, "license", ""),
    }


def _serves(entry: Entry, task: str | None) -> bool:
    if task is None:
        return True
    own = entry.spec.name if entry.kind == "task" else entry.spec.task
    return own.split("/")[-1] == registry().find("task", task).spec.name


def _entries(entries: Sequence[Entry], kinds: Iterable[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([record_of(entry) for entry in entries], indent=1, ensure_ascii=False))
        return
    plural = {kind: name for name, kind in PLURALS.items()}
    blocks = []
    for kind in kinds:
        rows = [(found["id"], found["task"], found["summary"]) for found in map(record_of, entries) if found["kind"] == kind]
        if rows:
            blocks.append(f"{plural[kind]}\n{_aligned(rows)}")
    click.echo("\n\n".join(blocks) if blocks else "nothing found; medai list plugins says what is installed")


def _plugins(plugins: Sequence[PluginRecord], as_json: bool) -> None:
    if as_json:
        keys = ("name", "distribution", "version", "status", "reason")
        click.echo(
            json.dumps(
                [{"kind": "plugin", "id": record.name, **{key: getattr(record, key) for key in keys}} for record in plugins], indent=1
            )
        )
        return
    click.echo(_aligned([(record.name, f"{record.distribution} {record.version}", record.status, record.reason) for record in plugins]))


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows in columns; on a terminal, cut to its width."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    lines = []
    for row in rows:
        cells = [cell.ljust(size) for cell, size in zip(row[:-1], widths, strict=True)]
        line = "  ".join(["", *cells, row[-1]]).rstrip()
        lines.append(line[: width - 1] + "…" if width and len(line) > width else line)
    return "\n".join(lines)

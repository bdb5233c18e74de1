"""`medai list`: what the installed plugins offer."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from medai._discovery import Entry, PluginRecord, registry
from medai._words import nearest
from medai.errors import PluginError

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
@click.option("--plugin", metavar="PLUGIN", help="Only what this plugin offers, by its name or its distribution's.")
@click.option("--json", "as_json", is_flag=True, help="A list of records.")
@click.option("--freeze", is_flag=True, help="The plugins as distribution==version lines.")
def command(kind: str | None, task: str | None, plugin: str | None, as_json: bool, freeze: bool) -> None:
    """List what the installed plugins offer, of one KIND or of all."""
    if freeze and (as_json or task or kind not in (None, PLUGINS)):
        raise click.UsageError("--freeze lists plugins, as lines")
    plugins = [record for record in registry().plugins if plugin in (None, record.name, record.distribution)]
    if plugin is not None and not plugins:
        known = [record.name for record in registry().plugins]
        raise click.UsageError(f"the plugin {plugin!r} is not installed{nearest(plugin, known)}")
    if freeze:
        click.echo("\n".join(sorted(_pinned(record) for record in plugins if record.status == "ok")))
    elif kind == PLUGINS:
        _plugins(plugins, as_json)
    else:
        _complain_of(plugin, plugins)
        wanted_task = registry().find("task", task).spec.name if task else None
        kinds = [PLURALS[kind]] if kind else list(PLURALS.values())
        entries = [
            entry
            for wanted in kinds
            for entry in registry().entries(wanted)
            if _serves(entry, wanted_task) and plugin in (None, entry.plugin.name, entry.plugin.distribution)
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


def _complain_of(plugin: str | None, records: Sequence[PluginRecord]) -> None:
    """A plugin that is asked for by name and is not well is an error, not an empty list."""
    if plugin and not any(record.status == "ok" for record in records):
        raise PluginError(f"{records[0].described}\n{records[0].traceback}".rstrip())


def _pinned(record: PluginRecord) -> str:
    """A line for an installer; a file's is a comment, as there is nothing to install."""
    is_file = record.version.startswith("sha256:")
    return f"# {record.distribution} {record.version}" if is_file else f"{record.distribution}=={record.version}"


def _serves(entry: Entry, task: str | None) -> bool:
    own = entry.spec.name if entry.kind == "task" else entry.spec.task
    # What names no task serves any.
    return task is None or own.split("/")[-1] in (task, "")


def _entries(entries: Sequence[Entry], kinds: Iterable[str], as_json: bool) -> None:
    if as_json:
        _print_json([record_of(entry) for entry in entries])
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
        # The keys of every other record too, so that a program reads both alike.
        blank = {"task": "", "summary": "", "implements": [], "source": "", "license": ""}
        _print_json(
            [
                {"kind": "plugin", "id": item.name, "plugin": item.name, **blank, **{key: getattr(item, key) for key in keys}}
                for item in plugins
            ]
        )
        return
    click.echo(_aligned([(record.name, f"{record.distribution} {record.version}", record.status, record.reason) for record in plugins]))


def _print_json(records: Sequence[dict[str, Any]]) -> None:
    import json  # a plain list goes without

    click.echo(json.dumps(records, indent=1, ensure_ascii=False))


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

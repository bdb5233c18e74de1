"""`medai plugin new`: a new plugin, and what a newer template would change in one."""

from __future__ import annotations

import json
from pathlib import Path

import click

from medai.errors import UsageError


@click.command(short_help="Make a new plugin, or show what a newer template would change in one.")
@click.argument("name", required=False)
@click.option("--task", help="The task that it serves; see medai list tasks.")
@click.option("--license", default="Apache-2.0", show_default=True, metavar="SPDX", help="Apache-2.0, MIT or BSD-3-Clause.")
@click.option("--author", default="", help="For the metadata and the licence.")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path(), metavar="FOLDER", help="Where the plugin's folder is made. [default: .]"
)
@click.option("--diff", "differs", is_flag=True, help="NAME is a generated plugin's folder (default .): what would change in it?")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def new(
    context: click.Context, name: str | None, task: str | None, license: str, author: str, into: Path, differs: bool, as_json: bool
) -> None:
    """Make a distribution NAME (medai-acme) with one component of each kind, tests, and all that it takes to publish it.

    With --diff, show as a unified diff what the template of today would change in a plugin that an earlier one made; the exit code is 1
    where there is something.
    """
    if differs:
        _compare(context, Path(name or "."), as_json)
        return
    if not name or not task:
        raise UsageError("a name and a task are wanted: medai plugin new medai-acme --task restoration")
    from medai_sdk.scaffold import new_plugin

    folder = new_plugin(name, task, license=license, author=author, into=into)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "name": folder.name, "files": files}, indent=1))
        return
    click.echo(f"{folder}: {len(files)} files; next")
    for line in (f"cd {folder}", "pip install -e '.[test]'", "pytest", f"medai run {folder.name.removeprefix('medai-')}/example"):
        click.echo(f"  {line}")


def _compare(context: click.Context, folder: Path, as_json: bool) -> None:
    from medai_sdk.scaffold import compare

    found = compare(folder)
    if as_json:
        click.echo(json.dumps(found.as_record(), indent=1))
    else:
        # On stderr, so that what is on stdout is a patch.
        click.echo(found.says + ("" if found.changes else "; there is nothing to change"), err=True)
        for change in found.changes:
            click.echo(change.says, err=True)
            click.echo(change.diff, nl=False)
    if found.changes:
        context.exit(1)

"""`medai plugin api`: what the installed medai has lost and gained since a version that an author wrote against."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from medai.errors import UsageError


@click.command(short_help="Show what differs between the installed medai and a recorded version.")
@click.option("--against", metavar="VERSION|FILE", help="A version (0.1), or a file of --write. [default: the oldest recorded]")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
@click.option(
    "--write", "target", type=click.Path(path_type=Path, dir_okay=False), help="Write what is public now there, into a folder that exists."
)
@click.pass_context
def api(context: click.Context, against: str | None, as_json: bool, target: Path | None) -> None:
    """Compare the public interface of the installed medai, and of this kit, with that of an earlier version: names, parameters, fields,
    hooks, options, exit codes, the keys of files, the checks of the contract.

    The exit code is 1 where something breaks code that was written before. It takes some seconds: a small recipe is run.
    """
    from medai import __version__
    from medai.io import write_text
    from medai_sdk.surface import difference, present, record_of, recorded_versions
    from medai_sdk.surface.records import minor, text_of

    # Before the interface is looked at, which takes seconds; and a folder that is made would hide a slip of the pen.
    if target is not None and not os.path.isdir(target.parent):
        raise UsageError(f"{target}: there is no folder {target.parent}")
    against = against or recorded_versions()[0]
    recorded = record_of(against)
    now = present()
    found = difference(recorded, now, released=os.path.isfile(against) or minor(against) != minor(__version__))
    if target is not None:
        write_text(target, text_of(now))
    if as_json:
        click.echo(json.dumps({"medai": __version__, "against": against, **found.as_record()}, indent=1))
    else:
        lines = [f"medai {__version__} against {against}: breaks {len(found.breaks)}, new {len(found.added)}"]
        lines += [f"breaks      {line}" for line in found.breaks]
        lines += [f"gone        {line}" for line in found.gone]
        lines += [f"deprecated  {line}" for line in found.going]
        lines += [f"new         {line}" for line in found.added]
        click.echo("\n".join(lines))
    if found.breaks:
        context.exit(1)

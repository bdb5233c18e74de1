"""The command line: `medai COMMAND`. A command's module is imported when the command is called."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

import medai
from medai._discovery import configure, discovered
from medai._words import nearest
from medai.errors import MedaiError

COMMANDS = {
    "list": ("medai._cli.list_:command", "List what the installed plugins offer."),
    "show": ("medai._cli.show:command", "Show all that is known of an id."),
    "run": ("medai._cli.run:command", "Run a recipe on embedded data or on yours."),
    "evaluate": ("medai._cli.evaluate:command", "Measure a run on its test cases or on other data."),
    "predict": ("medai._cli.predict:command", "Answer unlabelled input with a run."),
    "export": ("medai._cli.export:command", "Export a run's model or predictions."),
    "doctor": ("medai._cli.doctor:command", "Say what is installed, and what is wrong with it."),
}
_GROUP = "medai.commands.v1"


class _Commands(click.Group):
    """A group whose commands come from the table above and from the entry-point group, imported when called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(_plugged())]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            place, _, attribute = COMMANDS[name][0].partition(":")
            found: click.Command = getattr(importlib.import_module(place), attribute)
            return found
        plugged = _plugged()
        if name in plugged:
            command: click.Command = plugged[name].load()
            return command
        raise click.UsageError(f"unknown command {name!r}{nearest(name, self.list_commands(context))}", context)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, from their one line here: help imports none of them."""
        rows = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        rows += [(name, f"From {entry.value.split('.')[0]}.") for name, entry in sorted(_plugged().items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(medai.__version__, prog_name="medai")
@click.option("--no-plugins", is_flag=True, help="Load no plugin but the core's own components.")
@click.option(
    "--plugin", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="Load a plugin from a file; repeatable."
)
@click.option("--traceback", "trace", is_flag=True, help="Show where an error was raised.")
@click.pass_context
def cli(context: click.Context, no_plugins: bool, files: tuple[Path, ...], trace: bool) -> None:
    """Medical-AI methods as plugins: find them, run them, compare what they reach."""
    configure(no_plugins=no_plugins, files=files)
    context.obj = {"traceback": trace}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the code of the error's class."""
    sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: list[str]) -> int:
    try:
        cli.main(arguments, prog_name="medai", standalone_mode=False)
        sys.stdout.flush()
        code = 0
    except MedaiError as error:
        if "--traceback" in arguments:
            traceback.print_exc()
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    _warn_of_broken_plugins(arguments)
    return code


def _warn_of_broken_plugins(arguments: list[str]) -> None:
    found = discovered()
    if found is None or "doctor" in arguments[:1]:
        return
    for record in found.plugins:
        if record.status in ("failed", "incompatible"):
            whole = f"{record.distribution} {record.version}"
            click.echo(f"warning: plugin {record.name} ({whole}) is {record.status}: {record.reason}; see medai doctor", err=True)


def _plugged() -> dict[str, Any]:
    from importlib_metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=_GROUP)}

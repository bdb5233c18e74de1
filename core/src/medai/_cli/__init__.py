"""The command line: `medai COMMAND`. A command's module is imported when the command is called."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from pathlib import Path

import click

import medai
from medai._deprecated import show_warnings, today_options
from medai._discovery import configure, discovered
from medai._discovery.commands import load_command, plugged_commands
from medai._memory import ran_out_of_memory
from medai._words import listed, nearest
from medai.errors import EnvironmentFault, MedaiError, MemoryFault, PluginError

COMMANDS = {
    "list": ("medai._cli.list_:command", "List what the installed plugins offer."),
    "show": ("medai._cli.show:command", "Show all that is known of an id."),
    "run": ("medai._cli.run:command", "Run a recipe on embedded data or on yours."),
    "evaluate": ("medai._cli.evaluate:command", "Measure a run on its test cases or on other data."),
    "compare": ("medai._cli.compare:command", "Rank runs by their figures, and say which tie."),
    "reproduce": ("medai._cli.reproduce:command", "Rebuild a printed table: reported beside measured."),
    "predict": ("medai._cli.predict:command", "Answer unlabelled input with a run."),
    "export": ("medai._cli.export:command", "Export a run's model or predictions."),
    "bench": ("medai._cli.bench:command", "Measure parameters, MACs, time and memory of models."),
    "weights": ("medai._cli.weights:command", "Convert files of weights, or look into them."),
    "doctor": ("medai._cli.doctor:command", "Say what is installed, and what is wrong with it."),
}


class _Commands(click.Group):
    """A group whose commands come from the table above and from the entry-point group, imported when called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [*COMMANDS, *(name for name in sorted(plugged_commands()) if name not in COMMANDS)]

    def resolve_command(self, context: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As every group, with the command's options by their names of today."""
        name, command, rest = super().resolve_command(context, args)
        return name, command, today_options(f"medai {name}", rest)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            place, _, attribute = COMMANDS[name][0].partition(":")
            found: click.Command = getattr(importlib.import_module(place), attribute)
            return found
        plugged = plugged_commands()
        if name not in plugged:
            raise click.UsageError(f"unknown command {name!r}{nearest(name, self.list_commands(context))}", context)
        command = load_command(plugged[name])
        if not isinstance(command, click.Command):
            raise PluginError(f"command {name} ({plugged[name][0].distribution}): {plugged[name][0].value} is no click command")
        return command

    def invoke(self, context: click.Context) -> None:
        """As every group, but what a command returns is not its exit code."""
        try:
            super().invoke(context)
        except BrokenPipeError:
            _discard_stdout()

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, from their one line here: help imports none of them."""
        rows = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        plugged = sorted(plugged_commands().items())
        rows += [(name, f"From {listed(offer.distribution for offer in offers)}.") for name, offers in plugged if name not in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(medai.__version__, prog_name="medai")
@click.option("--no-plugins", is_flag=True, help="Load no plugin but the core's own components.")
@click.option(
    "--plugin",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Load a plugin from a file; repeatable.",
)
@click.option("--traceback", is_flag=True, expose_value=False, help="Show where an error was raised.")
def cli(no_plugins: bool, files: tuple[Path, ...]) -> None:
    """Medical-AI methods as plugins: find them, run them, compare what they reach."""
    configure(no_plugins=no_plugins, files=files)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with the code of the error's class."""
    # Whoever calls this from a program has filters of warnings, and a way to show them, of their own.
    with warnings.catch_warnings():
        show_warnings(lambda line: click.echo(line, err=True))
        code = _run(sys.argv[1:] if arguments is None else arguments)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        # Without its own handling of errors, click gives the code of an `Exit`.
        code = int(cli.main(arguments, prog_name="medai", standalone_mode=False) or 0)
        _flush()
    except MedaiError as error:
        if "--traceback" in arguments:
            import traceback

            traceback.print_exc()
        # Notes name files, which the error itself may not: run folders keep it.
        click.echo("\n  ".join([f"error: {error}", *getattr(error, "__notes__", ())]), err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except OSError as error:
        click.echo(f"error: {error}", err=True)
        _discard_stdout()
        code = EnvironmentFault.exit_code
    except (MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        click.echo(f"error: too little memory: {error}", err=True)
        code = MemoryFault.exit_code
    if "doctor" not in arguments and code != PluginError.exit_code:
        _warn_of_broken_plugins()
    return code


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()


def _discard_stdout() -> None:
    """Whoever read our output has gone, and wants no more: no complaint, now or when Python flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _warn_of_broken_plugins() -> None:
    found = discovered()
    for record in found.plugins if found else ():
        if record.broken:
            click.echo(f"warning: {record.described}; see medai doctor", err=True)

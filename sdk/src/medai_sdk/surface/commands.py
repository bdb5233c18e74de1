"""The command line as data: commands, their options, exit codes."""

from __future__ import annotations

import click

from medai_sdk.surface.describe import REQUIRED, Surface


def commands() -> Surface:
    """medai's own commands and `medai plugin`'s, by what one types."""
    from medai._cli import COMMANDS, cli
    from medai_sdk.cli import plugin

    context = click.Context(cli)
    held = {name: cli.get_command(context, name) for name in COMMANDS} | {"plugin": plugin}
    found: dict[str, click.Command] = {"medai": cli}
    for name, command in held.items():
        if command is not None:
            found[f"medai {name}"] = command
            found |= {f"medai {name} {inner}": each for inner, each in getattr(command, "commands", {}).items()}
    return {name: _options(command) for name, command in found.items()}


def _options(command: click.Command) -> Surface:
    found: Surface = {}
    for parameter in command.params:
        name, *others = sorted([*parameter.opts, *parameter.secondary_opts], key=len, reverse=True)
        found |= {name: _option(parameter), **dict.fromkeys(others, f"the same as {name}")}
    return found


def _option(parameter: click.Parameter) -> str:
    if parameter.required:
        return REQUIRED
    kind = "argument" if isinstance(parameter, click.Argument) else "flag" if getattr(parameter, "is_flag", False) else "option"
    return f"{kind}, repeatable" if parameter.multiple or parameter.nargs == -1 else kind


def exit_codes() -> Surface:
    """The exit code of each class of error."""
    import medai.errors

    held = {name: getattr(medai.errors, name) for name in medai.errors.__all__}
    return {name: error.exit_code for name, error in held.items() if issubclass(error, medai.errors.MedaiError)}

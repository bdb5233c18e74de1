"""`medai plugin`: for authors of plugins."""

from __future__ import annotations

import json

import click

from medai_sdk.cli_api import api
from medai_sdk.cli_new import new


@click.group(short_help="For authors of plugins: a new one, and the contract.")
def plugin() -> None:
    """Make a plugin, and hold it to medai's contract."""


plugin.add_command(new)
plugin.add_command(api)


@plugin.command(short_help="Hold a plugin to the contract.")
@click.argument("name", required=False)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A check, a kind such as model (all that is checked of models), or an id such as acme/net; repeatable. "
    "Of ids, any; of checks and kinds, any; with both, what is of one of the ids and of one of the others.",
)
@click.option(
    "--seconds",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="That one check may take, or an import; libraries may take 60.",
)
@click.option("--list", "as_list", is_flag=True, help="List the checks and what each wants, and check nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report, or the list, as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Each check, also those that passed or do not apply, and tracebacks.")
def check(name: str | None, only: tuple[str, ...], seconds: float, as_list: bool, as_json: bool, verbose: bool) -> None:
    """Run the contract's checks on the installed plugin NAME: on stub data, on the CPU, without a network.

    NAME is the distribution's (medai-acme), the plugin's (acme), or the folder of its project. Exit codes: 0 the contract is kept,
    6 it is broken, 2 there is no such plugin or check, 7 the process that checks cannot be started.
    """
    from medai.errors import PluginError
    from medai_sdk.contract.isolation.progress import Progress
    from medai_sdk.contract.isolation.supervise import check_plugin
    from medai_sdk.contract.text import listing_of, summary_of, why_nothing

    if as_list:
        click.echo(listing_of(only, as_json=as_json))
        return
    if name is None:
        raise click.UsageError("which plugin? NAME is medai-acme, acme, or the folder of its project")
    progress = Progress(quiet=as_json, verbose=verbose)
    try:
        report = check_plugin(name, only=only, seconds=seconds, heard=progress.heard, begun=progress.begun)
    finally:
        progress.clear()
    click.echo(json.dumps(report.as_record(), indent=1) if as_json else summary_of(report))
    if not report.ran:
        raise PluginError(f"nothing of {report.distribution} was checked{why_nothing(report, only)}")
    if not report.ok:
        raise PluginError(f"{report.distribution} does not keep the contract")

"""`medai plugin`: for authors of plugins."""

from __future__ import annotations

import json

import click

from medai_sdk.contract.outcome import Outcome


@click.group(short_help="For authors of plugins: a new one, and the contract.")
def plugin() -> None:
    """Make a plugin, and hold it to medai's contract."""


@plugin.command(short_help="Hold a plugin to the contract.")
@click.argument("name")
@click.option("--only", multiple=True, metavar="CHECK", help="A check's name, or a kind such as model; repeatable.")
@click.option("--seconds", default=120.0, show_default=True, type=click.FloatRange(min=1), help="That one check may take.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Each check, also those that passed.")
def check(name: str, only: tuple[str, ...], seconds: float, as_json: bool, verbose: bool) -> None:
    """Run the contract's checks on the installed plugin NAME (medai-acme, or acme): on stub data, on the CPU, without a network.

    Exit code 6 when the contract is broken.
    """
    from medai.errors import PluginError
    from medai_sdk.contract.supervise import check_plugin
    from medai_sdk.contract.text import line_of, summary_of

    def tell(outcome: Outcome) -> None:
        for line in line_of(outcome, verbose=verbose):
            click.echo(line)

    report = check_plugin(name, only=only, seconds=seconds, heard=None if as_json else tell)
    click.echo(json.dumps(report.as_record(), indent=1) if as_json else summary_of(report))
    if not report.ok:
        raise PluginError(f"{report.distribution} does not keep the contract")

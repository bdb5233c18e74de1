"""`medai export`: write a run's model or predictions for use elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from medai._imports import importing


@click.command(short_help="Export a run's model or predictions.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "exporter", required=True, metavar="ID", help="An exporter: medai list exporters.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The folder for the files; default RUN/exports/ID.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the exporter; repeatable.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.001,
    show_default=True,
    help="How far a figure may move, as a share of itself (of 0.1 where it is smaller).",
)
@click.option("--device", default="cpu", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
def command(run: Path, exporter: str, out: Path | None, assignments: tuple[str, ...], tolerance: float, device: str) -> None:
    """Export RUN's trained model, or the predictions of its test cases, as the exporter says.

    An exported model is opened again and measured on RUN's test cases, beside RUN's own model. A figure may move by TOLERANCE of
    itself, at least by TOLERANCE of 0.1: at 0.001, 34.2 dB by 0.034 dB and an accuracy of 0.9 by 0.0009. An export that moves one
    further, or that cannot be opened, is refused (exit code 6) and leaves no file. RUN's run.json keeps the figures of every export.
    """
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._engine.export import export_run
        from medai._engine.exporters import parameters_of
        from medai._engine.gate import Refused
        from medai._results.folder import safe_name

    listener, parameters = ConsoleListener(), parameters_of(assignments)
    folder = out or run / "exports" / safe_name(exporter)
    try:
        done = export_run(run, exporter, folder, device, listener, parameters=parameters, tolerance=tolerance)
    except Refused as refused:
        _show(refused.gate.as_record())
        raise
    finally:
        listener.close()
    if done.gate is not None:
        _show(done.gate.as_record())
    for path in done.files:
        click.echo(path)


def _show(gate: Mapping[str, Any]) -> None:
    """The figures before and after, a row each."""
    if not gate["figures"]:
        return
    rows = [("", "run", "exported", "change", "allowed")]
    for found in gate["figures"]:
        values = (f"{found['run']:.4f}", f"{found['exported']:.4f}", f"{found['change']:+.2g}", f"{found['allowed']:.2g}")
        rows.append((found["figure"], *values))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    largest = gate["largest_difference"]
    beside = "" if largest is None else f"; largest difference of two predictions {largest:.2g}"
    click.echo(f"{gate['cases']} test cases{beside}")
    for limit in gate["limits"]:
        click.echo(limit)
    click.echo()

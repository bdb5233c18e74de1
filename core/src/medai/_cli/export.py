"""`medai export`: write a run's model or predictions for use elsewhere."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Export a run's model or predictions.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "exporter", required=True, metavar="ID", help="An exporter: medai list exporters.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Where the files go; default RUN/exports.")
@click.option("--device", default="cpu", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
def command(run: Path, exporter: str, out: Path | None, device: str) -> None:
    """Export RUN's trained model, or the predictions of its test cases, as the exporter says."""
    from medai._engine.apply import export_run
    from medai._results.folder import safe_name

    for path in export_run(run, exporter, out or run / "exports" / safe_name(exporter), device):
        click.echo(path)

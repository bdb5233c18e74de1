"""`medai predict`: answer unlabelled input with a finished run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Answer unlabelled input with a run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where the predictions go.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option("--workers", type=click.IntRange(min=0), default=0, show_default=True, help="Loader processes.")
def command(run: Path, inputs: tuple[Path, ...], out: Path, device: str, workers: int) -> None:
    """Answer INPUTS (files or folders) with RUN, a file each, and list them in predictions.csv."""
    from medai._cli.console import ConsoleListener
    from medai._engine.apply import predict_files
    from medai.errors import DataError

    listener = ConsoleListener()
    try:
        written, lost = predict_files(run, inputs, out, device, listener, workers=workers)
    finally:
        listener.close()
    for path in written:
        click.echo(path)
    if lost:
        raise DataError(
            f"{lost} of {lost + len(written)} cases could not be used; {out / 'predictions.csv'} says why, the others are written"
        )

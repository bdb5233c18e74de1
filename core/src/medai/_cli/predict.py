"""`medai predict`: answer unlabelled input with a finished run."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Answer unlabelled input with a run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where the predictions go.")
@click.option("--to", "exporter", metavar="ID", help="An exporter of predictions that writes them: medai list exporters.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the exporter; repeatable.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option("--workers", type=click.IntRange(min=0), default=0, show_default=True, help="Loader processes.")
def command(
    run: Path, inputs: tuple[Path, ...], out: Path, exporter: str | None, assignments: tuple[str, ...], device: str, workers: int
) -> None:
    """Answer INPUTS (files or folders) with RUN, a file each or as an exporter writes them.

    predictions.csv is the key from answers to inputs, the place of each file in the folder given: it may name a patient as file names do,
    so do not pass it on. Answers to DICOM bear pseudonyms, those to other files the name of the file.
    """
    from medai._cli.console import ConsoleListener
    from medai._engine.exporters import parameters_of
    from medai._engine.predict import predict_files
    from medai.errors import DataError

    if assignments and exporter is None:
        raise click.UsageError("--set is a parameter of an exporter: name it by --to")
    listener, parameters = ConsoleListener(), parameters_of(assignments)
    try:
        done = predict_files(run, inputs, out, device, listener, workers=workers, exporter=exporter, parameters=parameters)
    finally:
        listener.close()
    for path in done.files:
        click.echo(path)
    if done.lost:
        raise DataError(f"{done.lost} of {done.total} cases could not be used; {out / 'predictions.csv'} says why, the others are written")

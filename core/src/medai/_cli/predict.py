"""`medai predict`: answer unlabelled input with a finished run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from medai._imports import importing

_STANDARD = Path("-")


@click.command(short_help="Answer unlabelled input with a run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False, allow_dash=True),
    help="Where the predictions go; without it, answers that are text go to standard output.",
)
@click.option("--to", "exporter", metavar="ID", help="An exporter of predictions that writes them: medai list exporters.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the exporter; repeatable.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option("--workers", type=click.IntRange(min=0), default=0, show_default=True, help="Loader processes.")
def command(
    run: Path, inputs: tuple[Path, ...], out: Path | None, exporter: str | None, assignments: tuple[str, ...], device: str, workers: int
) -> None:
    """Answer INPUTS (files or folders) with RUN, a file each or as an exporter writes them.

    INPUTS may be a single - where the run takes text, such as sequences: FASTA, or a sequence on each line, is read from standard input.
    Without -o, or with -o -, answers that are text are written to standard output, and messages to standard error.

    predictions.csv is the key from answers to inputs, the place of each file in the folder given: it may name a patient as file names do,
    so do not pass it on. Answers to DICOM bear pseudonyms, those to other files the name of the file.
    """
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._engine.exporters import parameters_of
        from medai._engine.predict import predict_files, predict_text
        from medai.errors import DataError

    out = None if out == _STANDARD else out
    if assignments and exporter is None:
        raise click.UsageError("--set is a parameter of an exporter: name it by --to")
    if exporter is not None and out is None:
        raise click.UsageError("--to writes files: name a folder for them by -o")
    if _STANDARD in inputs and len(inputs) > 1:
        raise click.UsageError("- is standard input, and stands alone: name no files beside it")
    listener, parameters = ConsoleListener(), parameters_of(assignments)
    text = _standard_input if inputs == (_STANDARD,) else None
    paths = inputs if text is None else ()
    try:
        if out is None:
            done = predict_text(run, paths, lambda line: click.echo(line, nl=False), device, listener, workers=workers, text=text)
        else:
            done = predict_files(run, paths, out, device, listener, workers=workers, exporter=exporter, parameters=parameters, text=text)
    finally:
        listener.close()
    for path in done.files:
        click.echo(path)
    if done.lost:
        why = "the messages above say why" if out is None else f"{out / 'predictions.csv'} says why"
        raise DataError(f"{done.lost} of {done.total} cases could not be used; {why}, the others are written")


def _standard_input() -> str:
    """What is piped or typed, whole.

    Raises:
        DataError: it is no text.
    """
    from medai.errors import DataError

    if sys.stdin.isatty():
        click.echo("reading from the terminal: end with Ctrl-D on a line of its own (Windows: Ctrl-Z)", err=True)
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("not a text in UTF-8", "standard input") from None

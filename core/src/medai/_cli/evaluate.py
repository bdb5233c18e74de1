"""`medai evaluate`: measure a finished run again, on its own test cases or on other data."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import click

from medai._cli.fractions import FRACTION
from medai._imports import importing


@click.command(short_help="Measure a run on its test cases or on other data.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", multiple=True, metavar="NAME=[DATASET:]PATH", help="A folder for a data slot, all of it a test; repeatable.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where the result goes; default RUN/evaluations.")
@click.option("--workers", type=click.IntRange(min=0), default=0, show_default=True, help="Loader processes.")
@click.option("--max-bad", type=FRACTION, help="Largest fraction of bad cases to leave out; default as the run was told.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json's content.")
def command(
    run: Path, data: tuple[str, ...], device: str, out: Path | None, workers: int, max_bad: float | None, as_json: bool
) -> None:  # fmt: skip
    """Measure RUN under its own protocol; a group that it was trained on is an error, or left out where the protocol drops leaks."""
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._cli.results import cases_line, figures_table
        from medai._engine.apply import evaluate_run
        from medai._results.folder import RunFolder, new_folder

    RunFolder(run).read_record()
    folder = new_folder(out or run / "evaluations", "evaluation")
    listener = ConsoleListener()
    try:
        summary = evaluate_run(run, data, folder, device, listener, workers=workers, budget=max_bad)
    except BaseException:
        # What is there is of an evaluation that has no end, and it can be made again.
        shutil.rmtree(folder.root)
        with suppress(OSError):
            folder.root.parent.rmdir()  # unless there is another
        raise
    finally:
        listener.close()
    click.echo(json.dumps(summary, indent=2) if as_json else f"{figures_table(summary)}\n\n{cases_line(summary)}\nreport: {folder.report}")

"""`medai reproduce`: a printed table rebuilt, reported beside measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from medai._imports import importing


@click.command(short_help="Rebuild a printed table: reported beside measured.")
@click.argument("table")
@click.option("--data", multiple=True, metavar="NAME=[DATASET:]PATH", help="A folder for one of the table's data; repeatable.")
@click.option("--scale", metavar="NAME", help="Of the trainings; default quick on embedded data, paper with --data.")
@click.option("--protocol", metavar="NAME", help="One of the recipes' protocols; default the one that the table is printed under.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Runs of each method, from seed 0.")
@click.option("--row", "rows", multiple=True, metavar="ROW", help="Only this row; repeatable.")
@click.option(
    "--with", "guests", multiple=True, metavar="[NAME=]FILE.py:CLASS|NAME=FOLDER", help="A row of your own: a network, or images."
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Runs at a time, each in a process of its own.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("reproductions"), show_default=True,
    help="Where runs and tables go; what is there already is not made again.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(min=0), help="Loader processes of each run.")
@click.option("--stub", is_flag=True, help="A few steps on stub data in each dataset's raw layout.")
@click.option("--dry-run", is_flag=True, help="Print the runs that are missing; make none.")
@click.option(
    "--cases", type=click.Path(path_type=Path, file_okay=False), help="Write the test inputs here, for other programs; run nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print table.json's content.")
def command(table: str, out: Path, jobs: int, dry_run: bool, cases: Path | None, as_json: bool, **given: Any) -> None:
    """Rebuild TABLE (an id such as plugin/table-1): make the runs that are missing, and set what they reach beside what is reported.

    A row of your own is a network (`--with ./mine.py:Net`, trained as the table's other methods are) or a folder of images that any
    program predicted (`--with mine=FOLDER`, a file per case as `--cases` names them); it is measured on the same cases.
    """
    with importing():
        from medai._cli.console import ConsoleListener
        from medai._engine.options import Options
        from medai._reproduce.reproduce import reproduce

    order = _order(table, given)
    listener = ConsoleListener()  # before a dry run too, so that what the data warn of is said as in a run
    if dry_run:
        _dry_run(order, out, given["device"], as_json)
        return
    if cases is not None:
        from medai._reproduce.cases import write_cases

        click.echo("\n".join(map(str, write_cases(order, cases, out, listener))))
        return
    try:
        rebuilt = reproduce(order, out, Options(device=given["device"], workers=given["workers"]), listener, at_once=jobs)
    finally:
        listener.close()
    _show(rebuilt, as_json)
    if rebuilt.failures:
        raise click.exceptions.Exit(next(iter(rebuilt.failures.values())).code)


def _order(table: str, given: dict[str, Any]) -> Any:
    with importing():
        from medai._discovery import registry
        from medai._reproduce.guests import guest_of
        from medai._reproduce.order import Order
        from medai.errors import UsageError

    data = {}
    for text in given["data"]:
        name, separator, path = text.partition("=")
        if not separator:
            raise UsageError(f"--data {text!r}: wanted NAME=PATH")
        data[name] = path
    if given["stub"] and data:
        raise UsageError("--stub and --data: stub data stand in place of yours, give one of them")
    return Order(
        table=registry().find("table", table).id,
        data=data,
        scale=given["scale"],
        protocol=given["protocol"],
        seeds=tuple(range(given["seeds"])),
        stub=given["stub"],
        rows=given["rows"],
        guests=tuple(guest_of(text) for text in given["guests"]),
    )


def _dry_run(order: Any, out: Path, device: str, as_json: bool) -> None:
    import tempfile

    with importing():
        from medai._engine.device import resolve_device
        from medai._reproduce.jobs import folder_of, is_done, is_finished
        from medai._reproduce.look import Look
        from medai._reproduce.plan import plan

    resolve_device(device)
    with tempfile.TemporaryDirectory() as scratch:
        stub = order.stub_folder(out)
        planned = plan(order, stub if stub.is_dir() else Path(scratch))
        missing = [job for job in planned.jobs.values() if not is_done(out, job)]
        broken = Look().faults(missing)
    lacking = {job.key for job in missing}
    runs = [
        {
            "run": job.title,
            "key": key,
            "done": key not in lacking,
            "trained": is_finished(folder_of(out, key)),
            "why_not": str(broken[key]) if key in broken else None,
        }
        for key, job in planned.jobs.items()
    ]
    faults = [{"row": each.cell.row, "column": each.cell.column, "why": each.failure} for each in planned.cells if each.failure]
    if as_json:
        click.echo(
            json.dumps({"table": planned.id, "scale": planned.scale, "cells": len(planned.cells), "runs": runs, "faults": faults}, indent=2)
        )
    else:
        _show_plan(planned, runs, faults)
    if broken:
        raise click.exceptions.Exit(next(iter(broken.values())).exit_code)


def _show_plan(planned: Any, runs: list[dict[str, Any]], faults: list[dict[str, str]]) -> None:
    for run in runs:
        click.echo(f"{'done' if run['done'] else 'missing':8} {run['run']}{_left(run)}")
    click.echo(f"{len(planned.cells)} cells, {len(runs)} runs, {sum(not run['done'] for run in runs)} missing; scale {planned.scale}")
    for why in dict.fromkeys(run["why_not"] for run in runs if run["why_not"]):
        hit = [run["run"] for run in runs if run["why_not"] == why]
        click.echo(f"cannot be made, {len(hit)} of {len(runs)} runs: {why}")
    for why in dict.fromkeys(fault["why"] for fault in faults):
        rows = [fault["row"] for fault in faults if fault["why"] == why]
        click.echo(f"cannot be measured, {len(rows)} of {len(planned.cells)} cells ({', '.join(dict.fromkeys(rows))}): {why}")


def _left(run: dict[str, Any]) -> str:
    return " (the run is there; what is missing is its evaluation on other data)" if run["trained"] and not run["done"] else ""


def _show(rebuilt: Any, as_json: bool) -> None:
    from medai._reproduce.write import HEADS, conclusions, headline, lines, notes, reasons_of
    from medai._reproduce.write import as_json as record

    if as_json:
        click.echo(json.dumps(record(rebuilt.plan, rebuilt.results, rebuilt.rankings), indent=2))
        return
    rows = [HEADS, *lines(rebuilt.results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    click.echo(f"\n{rebuilt.plan.id}: {rebuilt.plan.table.title}\n{headline(rebuilt.plan)}\n")
    for row in rows:
        click.echo("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
    for reason in reasons_of(rebuilt.results).listed():
        click.echo(reason)
    for text in conclusions(rebuilt.plan, rebuilt.results, rebuilt.rankings):
        click.echo(text)
    for note in notes(rebuilt.plan, rebuilt.results):
        click.echo(f"note: {note}")
    for key, outcome in rebuilt.failures.items():
        click.echo(f"failed: {rebuilt.plan.jobs[key].title}: {outcome.failure}")
    click.echo(f"\nreport: {rebuilt.folder / 'report.html'}")

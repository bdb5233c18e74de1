"""`medai compare`: runs ranked by their figures, with paired tests that can say "tie"."""

from __future__ import annotations

import json
from pathlib import Path

import click

from medai._imports import importing

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Rank runs by their figures, and say which tie.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--figure", metavar="NAME", help="One figure alone; default all.")
@click.option("--baselines", is_flag=True, help="Rank the baselines of the first run too.")
@click.option("--json", "as_json", is_flag=True, help="Print the leaderboard as JSON.")
@click.option("--csv", "table", type=_FILE, metavar="FILE", help="Write the leaderboard as CSV.")
@click.option("--md", "markdown", type=_FILE, metavar="FILE", help="Write the leaderboard as Markdown.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Write a page, tables and JSON.")
def command(
    runs: tuple[Path, ...], figure: str | None, baselines: bool, as_json: bool, table: Path | None, markdown: Path | None, out: Path | None
) -> None:
    """Rank each RUN, a folder of a run, an evaluation or an experiment; runs that differ in their seed alone count as one.

    Runs under different protocols, or on different cases or data, are refused.
    """
    with importing():
        from medai._compare import entries_of, leaderboard, with_baselines, write_board
        from medai._compare.texts import ROW_COLUMNS, board_markdown, board_text, row_records
        from medai.io import write_csv, write_text

    gathered = entries_of(runs)
    for note in gathered.notes:
        click.echo(f"warning: {note}", err=True)
    entries = with_baselines(gathered.entries) if baselines else gathered.entries
    board = leaderboard(entries, figure)
    if table is not None:
        write_csv(table, ROW_COLUMNS, row_records(board))
    if markdown is not None:
        write_text(markdown, board_markdown(board))
    click.echo(json.dumps(board.as_record(), indent=2) if as_json else board_text(board))
    if out is not None:
        page = write_board(out, board, entries)
        click.echo(f"report: {page}", err=as_json)

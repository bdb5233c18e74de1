"""What an experiment of several seeds came to."""

from __future__ import annotations

import json

import click

from medai._compare import entries_of, leaderboard, with_baselines, write_board
from medai._compare.texts import board_text, counted
from medai._engine.device import is_first_process
from medai._engine.experiment import Experiment
from medai.errors import MedaiError


def show_experiment(experiment: Experiment, as_json: bool) -> None:
    """Rank the seeds that are finished, as one entry, beside the baselines; write the page and print the board.

    Raises:
        MedaiError: a seed failed; of the class of the first that did, naming all.
    """
    folder, failures = experiment.folder, experiment.failures
    if is_first_process():
        _rank(experiment, as_json)
    if failures:
        seeds = len(folder.read_record()["seeds"])
        raise _failed(f"{folder.root}: {len(failures)} of {seeds} seeds failed", failures)


def _rank(experiment: Experiment, as_json: bool) -> None:
    folder, record = experiment.folder, experiment.folder.read_record()
    board = None
    if folder.finished():
        (entry,) = entries_of([folder.root]).entries
        entries = with_baselines([entry], needed=False)
        board = leaderboard(entries)
        page = write_board(folder.root, board, entries, f"{entry.name}, {counted(len(entry.folders), 'seed')}")
        if not as_json:
            click.echo(f"\n{board_text(board)}\nreport: {page}")
    if as_json:
        click.echo(json.dumps({**record, "leaderboard": board and board.as_record()}, indent=2))


def _failed(head: str, failures: dict[int, MedaiError]) -> MedaiError:
    first = next(iter(failures.values()))
    return type(first)("; ".join([head, *(f"seed {seed}: {error}" for seed, error in failures.items())]))

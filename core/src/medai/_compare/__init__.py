"""Runs compared on the same cases: leaderboards with intervals over groups and seeds, and paired tests that can say "tie".

`leaderboard(entries)` ranks; `entries_of(roots)` makes entries of run, evaluation and experiment folders; `write_board` writes the page.
"""

from medai._compare.board import Board, Pair, Ranking, Row, leaderboard, powerless, told_apart
from medai._compare.gather import Gathered, entries_of, with_baselines
from medai._compare.measured import Entry
from medai._compare.page import write_board

__all__ = [
    "Board",
    "Entry",
    "Gathered",
    "Pair",
    "Ranking",
    "Row",
    "entries_of",
    "leaderboard",
    "powerless",
    "told_apart",
    "with_baselines",
    "write_board",
]

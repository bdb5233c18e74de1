"""A board as text, as Markdown and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from medai._compare.board import Board, Pair, Ranking, Row
from medai._words import listed

ROW_COLUMNS = ("figure", "better", *(field.name for field in fields(Row)))
PAIR_COLUMNS = ("figure", *(field.name for field in fields(Pair)))
_MOST_TIES = 3
_WIDEST = 60
"""Letters of names in a line of the terminal; more of them are counted."""
_MOST_PAIRS = 15


def board_text(board: Board) -> str:
    """The board for a terminal: a table for each figure, and under it every pair where they are few."""
    parts = ["\n".join(_ranking_lines(ranking)) for ranking in board.rankings]
    return "\n\n".join([*parts, "\n".join([*board.notes, f"protocol {board.protocol_hash}"])])


def board_markdown(board: Board) -> str:
    """The board as Markdown."""
    parts = [f"Protocol {board.protocol_hash}.", *(f"> {note}" for note in board.notes)]
    for ranking in board.rankings:
        head = ["rank", "", ranking.figure, "standard deviation", "95 % interval", "seeds", ""]
        parts += [f"## {title(ranking)}", _markdown(head, [_row_cells(row) for row in ranking.rows])]
        if ranking.pairs:
            head = ["pair", "difference", "95 % interval", "p", "p, Holm", "test"]
            parts.append(_markdown(head, [_pair_cells(pair) for pair in ranking.pairs]))
    return "\n\n".join(parts) + "\n"


def row_records(board: Board) -> list[dict[str, Any]]:
    """A flat record per figure and entry, with the columns `ROW_COLUMNS`."""
    return [
        {**vars(row), "figure": ranking.figure, "better": ranking.better, "ties": "; ".join(row.ties), "untested": "; ".join(row.untested)}
        for ranking in board.rankings
        for row in ranking.rows
    ]


def pair_records(board: Board) -> list[dict[str, Any]]:
    """A flat record per figure and pair, with the columns `PAIR_COLUMNS`."""
    return [{"figure": ranking.figure, **vars(pair)} for ranking in board.rankings for pair in ranking.pairs]


def title(ranking: Ranking) -> str:
    """The figure, which way is good, and on how much it stands."""
    row = ranking.rows[0]
    return f"{ranking.figure}, {ranking.better} is better: {counted(row.cases, 'case')} in {counted(row.groups, 'group')}"


def counted(number: int | str, word: str) -> str:
    """A number of things."""
    return f"{number} {word}" if str(number) == "1" else f"{number} {word}s"


def standing(row: Row) -> str:
    """Whether an entry is the best, or which it cannot be told from."""
    if row.best:
        return "best"
    words = [f"= tie with {_some(row.ties)}"] if row.ties else []
    words += [f"not tested against {_some(row.untested)}"] if row.untested else []
    return "; ".join(words)


def interval_of_row(row: Row | Pair) -> str:
    """The interval, or why there is none."""
    if row.low is None or row.high is None:
        return row.interval if isinstance(row, Row) else "-"
    return f"{shown(row.low)} to {shown(row.high)}"


def shown(value: float | None) -> str:
    """A figure with four digits behind the point."""
    return "-" if value is None else f"{value:.4f}"


def shown_p(value: float | None) -> str:
    """A p value, small ones as a bound."""
    return "-" if value is None else "<0.0001" if value < 1e-4 else f"{value:.2g}" if value < 0.01 else f"{value:.3f}"


def relation(pair: Pair) -> str:
    """What stands between the names of the first and the second."""
    return {"better": "better than", "tie": "ties with", "not tested": "not tested against"}[pair.verdict]


def _ranking_lines(ranking: Ranking) -> list[str]:
    several = any(row.seeds > 1 for row in ranking.rows)
    rows = []
    for row in ranking.rows:
        rank, name, value, deviation, interval, seeds, words = _row_cells(row)
        spread = ["" if row.deviation is None else f"± {deviation}", interval, counted(seeds, "seed")] if several else [interval]
        rows.append([f"  {rank}", name, value, *spread, words])
    if len(ranking.pairs) > _MOST_PAIRS:
        told = sum(pair.verdict == "better" for pair in ranking.pairs)
        return [title(ranking), *_aligned(rows), f"{len(ranking.pairs)} pairs, of which {told} are told apart; each stands in the page"]
    pairs = []
    for names, difference, interval, p, corrected, test in map(_pair_cells, ranking.pairs):
        pairs.append([f"  {names}", difference, interval, f"p {p}", f"Holm {corrected}", test])
    return [title(ranking), *_aligned(rows), *(["pairs"] if pairs else []), *_aligned(pairs)]


def _row_cells(row: Row) -> list[str]:
    return [str(row.rank or "-"), row.name, shown(row.value), shown(row.deviation), interval_of_row(row), str(row.seeds), standing(row)]


def _pair_cells(pair: Pair) -> list[str]:
    names = f"{pair.first} {relation(pair)} {pair.second}"
    difference = "-" if pair.difference is None else f"{pair.difference:+.4f}"
    return [names, difference, interval_of_row(pair), shown_p(pair.p), shown_p(pair.corrected), pair.test]


def _some(names: Sequence[str]) -> str:
    if len(names) > 1 and sum(map(len, names[:_MOST_TIES])) > _WIDEST:
        return f"{len(names)} others"
    return listed([*names[:_MOST_TIES], f"{len(names) - _MOST_TIES} more"] if len(names) > _MOST_TIES + 1 else names)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)

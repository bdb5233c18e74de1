"""Tables of partners, as CT and BPSEQ have them: a base in each row, and the position that it pairs with, or 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from medai_rna.formats.nesting import Pair
from medai_rna.formats.record import Flaw


class Row(NamedTuple):
    """A base: positions from 1, `partner` 0 where it is unpaired; and where the row stands."""

    position: int
    letter: str
    partner: int
    line: int
    letter_column: int
    partner_column: int


def pairs_in(rows: Sequence[Row]) -> list[Pair]:
    """The pairs, positions from 0, sorted.

    Raises:
        Flaw: positions are not 1, 2, 3 ...; a partner is out of range or the base itself; or a base's partner has another.
    """
    for wanted, row in enumerate(rows, 1):
        if row.position != wanted:
            repeated = "stands twice, and a base has one partner in this format" if row.position == wanted - 1 else f"is not {wanted}"
            raise Flaw(f"line {row.line}, column 1: the position {row.position} {repeated}")
    for row in rows:
        place = f"line {row.line}, column {row.partner_column}"
        if row.partner > len(rows):
            raise Flaw(f"{place}: the partner {row.partner} is out of range, there are {len(rows)} bases")
        if row.partner == row.position:
            raise Flaw(f"{place}: the base {row.position} pairs with itself")
    for row in rows:
        place = f"line {row.line}, column {row.partner_column}"
        if row.partner and (back := rows[row.partner - 1]).partner != row.position:
            other = f"with {back.partner}" if back.partner else "with none"
            raise Flaw(f"{place}: {row.position} pairs with {row.partner}, but {row.partner} pairs {other} (line {back.line})")
    return [(row.position - 1, row.partner - 1) for row in rows if row.partner > row.position]


def letters_place(rows: Sequence[Row], index: int, start: int) -> str:
    """Where the letter of an index stands; `start` is the line where there is none."""
    return f"line {rows[index].line}, column {rows[index].letter_column}" if index < len(rows) else f"line {start}"

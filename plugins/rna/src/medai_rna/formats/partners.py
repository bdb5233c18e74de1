"""Tables of partners, as CT and BPSEQ have them: a base in each row, and the position that it pairs with, or 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from medai_rna.formats.lines import Line, number_in, words_of
from medai_rna.formats.nesting import Pair
from medai_rna.formats.record import Flaw, Record, Spelling, record_of


class Row(NamedTuple):
    """A base: positions from 1, `partner` 0 where it is unpaired; and where it stands: its line, and the word of it that is the partner."""

    position: int
    letter: str
    partner: int
    line: Line
    partner_word: int

    def place(self, word: int) -> str:
        """Where a word of the line stands."""
        return f"line {self.line.number}, column {words_of(self.line.text)[word].column}"


def row_of(line: Line, partner_word: int, least: int, most: int | None = None) -> Row:
    """A line as a base: its position is the first word, its letter the second.

    Args:
        line: as it stands.
        partner_word: which word the partner is, from 0.
        least: words, at least.
        most: words, at most; None: further ones are passed over.

    Raises:
        Flaw: there are too few or too many words, or a word is no number or no letter.
    """
    words = line.text.split()
    if len(words) < least or (most is not None and len(words) > most):
        raise Flaw(f"line {line.number}: {len(words)} columns, {least} are wanted")
    if len(words[1]) != 1:
        raise Flaw(f"line {line.number}, column {words_of(line.text)[1].column}: {words[1]!r} is no letter")
    if not (words[0].isdecimal() and words[partner_word].isdecimal()):
        placed = words_of(line.text)
        number_in(placed[0], line.number, "a position")
        number_in(placed[partner_word], line.number, "a partner")
    return Row(int(words[0]), words[1], int(words[partner_word]), line, partner_word)


def pairs_in(rows: Sequence[Row]) -> list[Pair]:
    """The pairs, positions from 0, sorted.

    Raises:
        Flaw: positions are not 1, 2, 3 ...; a partner is out of range or the base itself; or a base's partner has another.
    """
    for wanted, row in enumerate(rows, 1):
        if row.position != wanted:
            repeated = "stands twice, and a base has one partner in this format" if row.position == wanted - 1 else f"is not {wanted}"
            raise Flaw(f"{row.place(0)}: the position {row.position} {repeated}")
    for row in rows:
        if row.partner > len(rows):
            raise Flaw(f"{row.place(row.partner_word)}: the partner {row.partner} is out of range, there are {len(rows)} bases")
        if row.partner == row.position:
            raise Flaw(f"{row.place(row.partner_word)}: the base {row.position} pairs with itself")
    for row in rows:
        if row.partner and (back := rows[row.partner - 1]).partner != row.position:
            other = f"with {back.partner}" if back.partner else "with none"
            said = f"{row.position} pairs with {row.partner}, but {row.partner} pairs {other} (line {back.line.number})"
            raise Flaw(f"{row.place(row.partner_word)}: {said}")
    return [(row.position - 1, row.partner - 1) for row in rows if row.partner > row.position]


def record_of_rows(name: str, rows: Sequence[Row], spelling: Spelling, *, line: int, source: str, energy: float | None = None) -> Record:
    """The record of a table; see `record_of`.

    Raises:
        Flaw: as `pairs_in` and `record_of`.
    """

    def place(index: int) -> str:
        return rows[index].place(1) if index < len(rows) else f"line {line}"

    letters = "".join(row.letter for row in rows)
    return record_of(name, letters, pairs_in(rows), place, spelling, line=line, source=source, energy=energy)


def partners_of(record: Record) -> list[int]:
    """The position from 1 that each base pairs with, or 0; of several, the last."""
    found = [0] * len(record.letters)
    for i, j in record.structure.pairs if record.structure else ():
        found[i], found[j] = j + 1, i + 1
    return found

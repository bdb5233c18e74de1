"""Lines of text files, with the places of what stands in them; and records that go on where one is bad."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from medai.errors import DataError
from medai.io import read_text
from medai_rna.formats.record import Flaw, Record, Spelling, usable

LARGEST = 1 << 30
"""Bytes of a text file, unpacked."""


class Line(NamedTuple):
    """A line and its number, from 1."""

    number: int
    text: str


class Word(NamedTuple):
    """A word of a line, and the column in which it begins, from 1."""

    column: int
    text: str


class Strip:
    """Text that goes on over several lines, without its blanks, which knows where each sign stands."""

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        self._parts: list[str] = []
        self._signs: list[tuple[int, int]] = []
        self._start = lines[0].number if lines else 0
        for line in lines:
            self.add(line)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)

    def add(self, line: Line, before: int = 0) -> None:
        """Go on with a line, or the end of one that has so many signs before it."""
        self._start = self._start or line.number
        kept = [(column, sign) for column, sign in enumerate(line.text, before + 1) if not sign.isspace()]
        self._parts.append("".join(sign for _, sign in kept))
        self._signs += [(line.number, column) for column, _ in kept]

    def place(self, index: int) -> str:
        """Where the sign of an index stands, in words."""
        line, column = self._signs[index] if index < len(self._signs) else (self._start, 1)
        return f"line {line}, column {column}"


def lines_of(path: Path) -> list[Line]:
    """The lines of a text file, `.gz` unpacked.

    Raises:
        DataError: it is not there, is no text, or is larger than 1 GiB.
    """
    path = Path(path)
    text = _unpacked(path) if path.suffix == ".gz" else read_text(path)
    return [Line(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1)]


def stem_of(path: Path) -> str:
    """A file's name without its suffix; `.gz` before it counts as none."""
    return Path(Path(path).name.removesuffix(".gz")).stem


def words_of(text: str) -> list[Word]:
    """The words between blanks."""
    return [Word(match.start() + 1, match.group()) for match in re.finditer(r"\S+", text)]


def collected(path: Path, records: Callable[[Spelling], Iterator[Record]], spelling: Spelling | None) -> list[Record]:
    """The records of one file, as `usable` makes them; what was read otherwise than it stands is said of it, unless `spelling` is given,
    which is then told of several files.

    Raises:
        DataError: as `usable`.
    """
    own = spelling or Spelling()
    found = usable(records(own), path, own)
    if spelling is None:
        own.tell(path.name)
    return found


def number_in(word: Word, line: int, what: str) -> int:
    """A whole number that is not negative.

    Raises:
        Flaw: it is none.
    """
    if not (word.text.isascii() and word.text.isdigit()):
        raise Flaw(f"line {line}, column {word.column}: {what} is a whole number, not {word.text!r}")
    return int(word.text)


def _unpacked(path: Path) -> str:
    try:
        with gzip.open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError) as error:
        raise DataError(f"cannot be unpacked: {error}", path) from error
    if len(content) > LARGEST:
        raise DataError("larger than 1 GiB", path)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Rfam's seed alignments name authors in Latin-1.
        return content.decode("latin-1")

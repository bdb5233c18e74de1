"""A sequence of a file, with its structure where the file has one; and how letters are read."""

from __future__ import annotations

import itertools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medai.errors import DataError
from medai.tasks import Pairs

BASES = frozenset("ACGU")
IUPAC = frozenset("ACGURYSWKMBDHVN")
"""What a letter may be; those that are no base stand for several."""
GAPS = frozenset("-.~_")

Place = Callable[[int], str]
"""Where in a file the sign of an index stands, in words: `line 3, column 7`."""


@dataclass(frozen=True)
class Record:
    """One sequence of a file.

    Attributes:
        name: as the file calls it.
        letters: capital letters of `IUPAC`, U not T, without gaps; empty where there is a fault.
        structure: the known pairs, of its length; None where the file has none.
        family: what it belongs to; empty where nobody says.
        energy: kcal/mol, where the file has it.
        line: where it begins, from 1.
        fault: why it cannot be used, with line and column; empty when it can.
    """

    name: str
    letters: str
    structure: Pairs | None = None
    family: str = ""
    energy: float | None = None
    line: int = 0
    fault: str = ""


class Flaw(ValueError):
    """What is wrong with one record, with its place; the others of its file are read all the same."""


class Spelling:
    """Reads letters, and remembers what it read otherwise than it stands, so that it is said once for a file or a folder."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def letters(self, text: str, place: Place, source: str) -> str:
        """Capital letters with U for T and N for X, and `-` for a gap.

        Args:
            text: as it stands.
            place: of an index of `text`.
            source: the file's name.

        Raises:
            Flaw: a sign is no letter of a sequence, or there is none.
        """
        found = text.upper().replace("T", "U").replace("X", "N")
        found = "".join("-" if letter in GAPS else letter for letter in found)
        for index, letter in enumerate(found):
            if letter != "-" and letter not in IUPAC:
                raise Flaw(f"{place(index)}: {text[index]!r} is no base")
        if not found.strip("-"):
            raise Flaw(f"{place(0)}: the sequence is empty")
        capital = text.upper()
        several = set(found) - BASES - {"-"}
        for said, first in (
            ("lower case is read as capitals", _first(text, set(text) - set(capital))),
            ("T is read as U", capital.find("T")),
            ("X is read as N", capital.find("X")),
            ("letters that stand for several bases stay, and are of no canonical pair", _first(found, several)),
        ):
            if first >= 0:
                self._note(said, f"{source}, {place(first)}")
        return found

    def gaps(self, here: str) -> None:
        """Remember that gaps were taken out of a sequence, the first of them `here`: file and place, in words."""
        self._note("gaps are taken out", here)

    def renamed(self, here: str) -> None:
        """Remember that a record is called otherwise than it stands, `here`: file and new name, in words."""
        self._note("of records with one name, the later ones are called NAME-2 and on", here)

    def tell(self, what: str) -> None:
        """Warn once of all of it; of nothing, where all was read as it stands.

        Args:
            what: the file or folder, in words.
        """
        said = [f"{text} (in {count}, first {self._first[text]})" for text, count in self._counts.items()]
        if said:
            warnings.warn(f"sequences of {what}: {'; '.join(said)}", stacklevel=3)
        self._counts.clear()
        self._first.clear()

    def _note(self, text: str, here: str) -> None:
        self._counts[text] = self._counts.get(text, 0) + 1
        self._first.setdefault(text, here)


def _first(text: str, signs: Iterable[str]) -> int:
    """The index of the first of some signs that stand in a text; -1 where there are none."""
    return min(map(text.find, signs), default=-1)


def without_gaps(letters: str, pairs: Iterable[tuple[int, int]], place: Place) -> tuple[str, list[tuple[int, int]]]:
    """A sequence without its gaps, and its pairs where they are then.

    Raises:
        Flaw: a gap is paired.
    """
    at, kept = [], 0
    for letter in letters:
        at.append(kept if letter != "-" else -1)
        kept += letter != "-"
    found = list(pairs)
    for end in sorted(end for pair in found for end in pair):
        if at[end] < 0:
            raise Flaw(f"{place(end)}: a gap is paired")
    return letters.replace("-", ""), [(at[i], at[j]) for i, j in found]


def record_of(
    name: str,
    text: str,
    pairs: Iterable[tuple[int, int]] | None,
    place: Place,
    spelling: Spelling,
    *,
    line: int,
    source: str,
    family: str = "",
    energy: float | None = None,
    multiplets: bool = False,
) -> Record:
    """A record from letters and pairs as they stand in a file.

    Args:
        name: as the file calls it.
        text: letters, gaps among them.
        pairs: positions of `text` from 0; None: there is no structure.
        place: of an index of `text`.
        spelling: reads the letters.
        line: where it begins.
        source: the file's name.
        family: what it belongs to.
        energy: kcal/mol.
        multiplets: whether a position may pair with several others.

    Raises:
        Flaw: as `Spelling.letters` and `without_gaps`; or the pairs are no structure.
    """
    letters, found = spelling.letters(text, place, source), None if pairs is None else list(pairs)
    if "-" in letters:
        spelling.gaps(f"{source}, {place(letters.index('-'))}")
        letters, moved = without_gaps(letters, found or [], place)
        found = None if found is None else moved
    try:
        structure = None if found is None else Pairs.of(found, len(letters), multiplets=multiplets)
    except DataError as error:
        raise Flaw(f"line {line}: {error.reason}") from error
    return Record(name, letters, structure, family, energy, line)


def usable(records: Iterable[Record], path: Path, spelling: Spelling) -> list[Record]:
    """The records, where one can be used at least, each with a name of its own.

    Of several with one name, the later ones are called `NAME-2` and on, which is said; one that cannot be used takes no name from one that
    can.

    Args:
        records: of one file.
        path: the file.
        spelling: told of new names.

    Raises:
        DataError: there is none, or none can be used.
    """
    found = list(_told_apart(list(records), path.name, spelling))
    bad = [record for record in found if record.fault]
    if not found:
        raise DataError("no sequences", path)
    if len(bad) == len(found):
        raise DataError(bad[0].fault if len(bad) == 1 else f"none of {len(bad)} sequences can be used; {bad[0].fault}", path)
    return found


def _told_apart(records: Sequence[Record], source: str, spelling: Spelling) -> Iterator[Record]:
    good, taken = {record.name for record in records if not record.fault}, {record.name for record in records}
    met, counts = set[str](), defaultdict[str, Iterator[int]](lambda: itertools.count(2))
    for record in records:
        name = record.name
        if record.fault and (name in good or name in met):
            name = f"{name} (line {record.line})"
        if name in met:
            name = next(tried for count in counts[name] if (tried := f"{name}-{count}") not in taken)
            if not record.fault:
                spelling.renamed(f"{source}, {name}")
        met.add(name)
        yield replace(record, name=name)

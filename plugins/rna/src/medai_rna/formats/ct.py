"""CT, the connect tables of mfold and RNAstructure: several structures in a file, each with a header line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from medai.io import write_text
from medai_rna.formats.lines import Line, collected, lines_of, number_in, stem_of, words_of
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.partners import partners_of, record_of_rows, row_of
from medai_rna.formats.record import Flaw, Record, Spelling

_ENERGY = re.compile(r"(?:ENERGY|dG|Energy)\s*=\s*(-?\d+(?:\.\d*)?)(?:\s*kcal/mol)?", re.IGNORECASE)
_COLUMNS = 6


def read_ct(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The structures of a CT file: `LENGTH [ENERGY = kcal/mol] NAME`, then a line per base: position, letter, position before, position
    after, partner or 0, and a number of its own. Lines that begin with `#` are comments.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or no structure in it can be used. One that cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own), spelling)


def write_ct(records: Iterable[Record], path: Path, lossy: Lossy = "error") -> None:
    """Write structures; one without a structure is written unpaired.

    Args:
        records: what to write.
        path: the file.
        lossy: what becomes of a base with several partners, which this format cannot hold: as `one_partner_each`.

    Raises:
        DataError: a base has several partners, and `lossy` calls that an error.
    """
    write_text(Path(path), "".join(_written(record) for record in one_partner_each(records, lossy, "CT")))


def _written(record: Record) -> str:
    energy = "" if record.energy is None else f"  ENERGY = {record.energy:.2f}"
    lines = [f"{len(record.letters):5d}{energy}  {record.name}"]
    last = len(record.letters)
    for position, (letter, partner) in enumerate(zip(record.letters, partners_of(record), strict=True), 1):
        after = position + 1 if position < last else 0
        lines.append(f"{position:5d} {letter} {position - 1:5d} {after:5d} {partner:5d} {position:5d}")
    return "\n".join(lines) + "\n"


def _records(path: Path, spelling: Spelling) -> Iterator[Record]:
    lines = [line for line in lines_of(path) if line.text.strip() and not line.text.startswith("#")]
    names: dict[str, int] = {}
    place = 0
    while place < len(lines):
        end = _end(lines, place)
        record = _record(path, lines[place], lines[place + 1 : end], spelling)
        # Structures of one sequence, as a folding programme writes them, all have its name.
        count = names.get(record.name, 0) + 1
        if not record.fault:
            names[record.name] = count
        yield record if count == 1 or record.fault else replace(record, name=f"{record.name}-{count}")
        place = end


def _end(lines: Sequence[Line], start: int) -> int:
    """Where the structure whose header is at `start` ends: after so many lines as it says, or before the header of another one."""
    first = words_of(lines[start].text)[0].text
    length = int(first) if first.isascii() and first.isdigit() else len(lines)
    for place in range(start + 1, min(start + 1 + length, len(lines))):
        if _begins(lines, place):
            return place
    return min(start + 1 + length, len(lines))


def _begins(lines: Sequence[Line], place: int) -> bool:
    """Whether this line is a header: the next one is that of a first base, and this one is of no base."""
    return place + 1 < len(lines) and _is_base(lines[place + 1].text, "1") and not _is_base(lines[place].text)


def _is_base(text: str, position: str = "") -> bool:
    words = text.split()
    return len(words) >= _COLUMNS and len(words[1]) == 1 and words[2].isdigit() and (not position or words[0] == position)


def _record(path: Path, header: Line, lines: Sequence[Line], spelling: Spelling) -> Record:
    name, energy = stem_of(path), None
    try:
        words = words_of(header.text)
        length = number_in(words[0], header.number, "the length at the beginning of a structure")
        rest = header.text[words[0].column - 1 + len(words[0].text) :].strip()
        if match := _ENERGY.search(rest):
            energy, rest = float(match[1]), (rest[: match.start()] + rest[match.end() :]).strip()
        name = rest or name
        if not length:
            raise Flaw(f"line {header.number}, column {words[0].column}: the sequence is empty")
        rows = [row_of(line, 4, _COLUMNS) for line in lines]
        if len(rows) != length:
            raise Flaw(f"line {header.number}, column {words[0].column}: {length} bases are said, and {len(rows)} follow")
        return record_of_rows(name, rows, spelling, line=header.number, source=path.name, energy=energy)
    except Flaw as flaw:
        return Record(name, "", line=header.number, fault=str(flaw))

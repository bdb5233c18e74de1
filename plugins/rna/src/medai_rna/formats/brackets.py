"""FASTA, and dot-bracket files: names, sequences and structures on lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medai.io import write_text
from medai_rna.formats.lines import Line, Strip, collected, lines_of, stem_of
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.notation import brackets_of, pairs_of
from medai_rna.formats.record import Flaw, Record, Spelling, record_of

_ENERGY = re.compile(r"\s+\(\s*(-?\d+(?:\.\d*)?)\s*\)\s*$")
_WIDTH = 80


def read_fasta(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The sequences of a FASTA file: `>NAME`, then lines of letters; the first word is the name, lines that begin with `;` are comments.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or no sequence in it can be used. One that cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own, structures=False), spelling)


def read_dbn(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The sequences and structures of a dot-bracket file: `>NAME`, the sequence, the structure in brackets of all layers, behind which may
    stand an energy in kcal/mol: `((...)) (-1.20)`.

    Both may go on over several lines. Lines that begin with `#` or `;` are comments. A file without a `>` holds one structure, which is
    called by the file's name. A sequence without a structure is read as it is.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or nothing in it can be used. What cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own, structures=True), spelling)


def write_fasta(records: Iterable[Record], path: Path) -> None:
    """Write sequences without their structures."""
    write_text(Path(path), "".join(f">{record.name}\n{_wrapped(record.letters)}\n" for record in records))


def write_dbn(records: Iterable[Record], path: Path, lossy: Lossy = "error") -> None:
    """Write sequences with their structures in brackets of all layers, and energies where they are known.

    Args:
        records: what to write; one without a structure is a sequence alone.
        path: the file.
        lossy: what becomes of a base with several partners, which this format cannot hold: as `one_partner_each`.

    Raises:
        DataError: a base has several partners, and `lossy` calls that an error; or pairs cross more deeply than brackets can say.
    """
    write_text(Path(path), "".join(_written(record) for record in one_partner_each(records, lossy, "dot-bracket notation")))


def _written(record: Record) -> str:
    text = f">{record.name}\n{record.letters}\n"
    if record.structure is None:
        return text
    energy = "" if record.energy is None else f" ({record.energy:.2f})"
    return f"{text}{brackets_of(record.structure.pairs, record.structure.length)}{energy}\n"


def _wrapped(letters: str) -> str:
    return "\n".join(letters[start : start + _WIDTH] for start in range(0, len(letters), _WIDTH))


def _records(path: Path, spelling: Spelling, *, structures: bool) -> Iterator[Record]:
    comments = ("#", ";") if structures else (";",)
    lines = [line for line in lines_of(path) if line.text.strip() and not line.text.startswith(comments)]
    for header, block in _blocks(lines):
        yield _record(path, header, block, spelling, structures)


def _blocks(lines: Sequence[Line]) -> Iterator[tuple[Line | None, list[Line]]]:
    header, block = None, list[Line]()
    for line in lines:
        if line.text.startswith(">"):
            if header or block:
                yield header, block
            header, block = line, []
        else:
            block.append(line)
    if header or block:
        yield header, block


def _record(path: Path, header: Line | None, block: Sequence[Line], spelling: Spelling, structures: bool) -> Record:
    name, start = stem_of(path), header.number if header else block[0].number
    try:
        if header:
            name = next(iter(header.text[1:].split()), "")
            if not name:
                name = f"line {start}"
                raise Flaw(f"line {start}, column 2: a header line without a name")
        elif not structures:
            raise Flaw(f"line {start}, column 1: not FASTA, which begins with '>'")
        sequence, structure, energy = _parted(block, start) if structures else (Strip(block), None, None)
        pairs = None if structure is None else pairs_of(structure.text, structure.place)
        place = sequence.place if block else lambda index: f"line {start}"
        return record_of(name, sequence.text, pairs, place, spelling, line=start, source=path.name, energy=energy)
    except Flaw as flaw:
        return Record(name, "", line=start, fault=str(flaw))


def _parted(block: Sequence[Line], start: int) -> tuple[Strip, Strip | None, float | None]:
    """The sequence, the structure and its energy: the lines are parted where both are as long."""
    energy, lines = None, list(block)
    if len(lines) > 1 and (match := _ENERGY.search(lines[-1].text)):
        energy, lines[-1] = float(match[1]), Line(lines[-1].number, lines[-1].text[: match.start()])
    sizes = ["".join(line.text.split()) for line in lines]
    for cut in range(1, len(lines)):
        # A sequence on two lines of one length is no structure.
        signs = "".join(sizes[cut:])
        if len("".join(sizes[:cut])) == len(signs) and not signs.isalpha():
            return Strip(lines[:cut]), Strip(lines[cut:]), energy
    first = next((place for place, text in enumerate(sizes) if not text[:1].isalpha() and set(text) & set(".()[]{}<>")), None)
    if first is None:
        return Strip(lines), None, energy
    if not first:
        raise Flaw(f"line {lines[0].number}, column 1: a structure without a sequence")
    counts = f"{sum(map(len, sizes[first:]))} signs for a sequence of {sum(map(len, sizes[:first]))} letters"
    raise Flaw(f"line {lines[first].number}, column 1: a structure of {counts}")

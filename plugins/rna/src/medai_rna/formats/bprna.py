"""bpRNA's `.st` files: sequence, structure, and the kind of loop in which each base stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from medai.io import write_text
from medai_rna.formats.lines import Line, Strip, collected, lines_of, stem_of
from medai_rna.formats.loops import elements_of, loops_of
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.nesting import largest_nested
from medai_rna.formats.notation import brackets_of, pairs_of
from medai_rna.formats.record import Flaw, Record, Spelling, record_of


def read_st(path: Path, spelling: Spelling | None = None) -> list[Record]:
    """The structures of a bpRNA file: `#Name:` and other lines that begin with `#`, the sequence, the structure in brackets; what follows
    them, the loops, is not read. Of a name such as `bpRNA_RFAM_1234` the second part is the family.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, or no structure in it can be used. One that cannot be used is a record with a fault.
    """
    path = Path(path)
    return collected(path, lambda own: _records(path, own), spelling)


def write_st(records: Iterable[Record], path: Path, lossy: Lossy = "error") -> None:
    """Write structures with the kind of loop of each base, `K` for bases of pseudoknots, and the list of stems and loops of what is nested;
    without bpRNA's list of pseudoknots.

    Args:
        records: what to write; one without a structure is written unpaired.
        path: the file.
        lossy: what becomes of a base with several partners, which this format cannot hold: as `one_partner_each`.

    Raises:
        DataError: a base has several partners, and `lossy` calls that an error; or pairs cross more deeply than brackets can say.
    """
    write_text(Path(path), "".join(_written(record) for record in one_partner_each(records, lossy, "bpRNA's format")))


def _written(record: Record) -> str:
    pairs, length = record.structure.pairs if record.structure else (), len(record.letters)
    nested = largest_nested(pairs)
    knotted = {end for pair in set(pairs) - set(nested) for end in pair}
    knots = "".join("K" if place in knotted else "N" for place in range(length))
    head = f"#Name: {record.name}\n#Length: {length}\n#PageNumber: {1 + bool(knotted)}\n"
    lines = [record.letters, brackets_of(pairs, length), loops_of(nested, length), knots, *elements_of(record.letters, nested)]
    return head + "\n".join(lines) + "\n"


def _records(path: Path, spelling: Spelling) -> Iterator[Record]:
    heads: list[Line] = []
    body: list[Line] = []
    for line in lines_of(path):
        if line.text.startswith("#"):
            if body or (heads and line.text.lower().startswith("#name:")):
                yield _record(path, heads, body, spelling)
                heads, body = [], []
            heads.append(line)
        elif line.text.strip():
            body.append(line)
    if heads or body:
        yield _record(path, heads, body, spelling)


def _record(path: Path, heads: Sequence[Line], body: Sequence[Line], spelling: Spelling) -> Record:
    said = {key.strip().lower(): value.strip() for key, _, value in (line.text[1:].partition(":") for line in heads)}
    name, start = said.get("name") or stem_of(path), (*heads, *body)[0].number
    parts = name.split("_")
    family = parts[1] if len(parts) == 3 and parts[0].lower() == "bprna" else ""
    try:
        if len(body) < 2:
            raise Flaw(f"line {start}: a sequence and a structure are wanted, on a line each")
        sequence, structure = Strip(body[:1]), Strip(body[1:2])
        if len(sequence.text) != len(structure.text):
            counts = f"{len(structure.text)} signs for a sequence of {len(sequence.text)} letters"
            raise Flaw(f"line {body[1].number}, column 1: a structure of {counts}")
        length = said.get("length", "").strip(" ,")
        if length.isdigit() and int(length) != len(sequence.text):
            raise Flaw(f"line {body[0].number}, column 1: {len(sequence.text)} letters, and a length of {length} is said")
        pairs = pairs_of(structure.text, structure.place)
        return record_of(name, sequence.text, pairs, sequence.place, spelling, line=start, source=path.name, family=family)
    except Flaw as flaw:
        return Record(name, "", family=family, line=start, fault=str(flaw))

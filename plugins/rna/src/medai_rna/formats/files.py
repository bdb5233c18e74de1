"""Any file of sequences or structures, by its suffix or its content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from medai.errors import DataError, UsageError
from medai_rna.formats.bprna import read_st, write_st
from medai_rna.formats.bpseq import read_bpseq, write_bpseq
from medai_rna.formats.brackets import read_dbn, read_fasta, write_dbn, write_fasta
from medai_rna.formats.ct import read_ct, write_ct
from medai_rna.formats.lines import lines_of
from medai_rna.formats.losses import Lossy
from medai_rna.formats.record import Record, Spelling, usable
from medai_rna.formats.stockholm import read_stockholm, write_stockholm
from medai_rna.formats.structures_json import read_json, write_structures_json
from medai_rna.formats.table import is_header, read_csv

SUFFIXES: dict[str, tuple[str, ...]] = {
    "fasta": (".fasta", ".fa", ".fna", ".fas", ".seq"),
    "dbn": (".dbn", ".db", ".dot", ".dp", ".bracket", ".vienna"),
    "ct": (".ct",),
    "bpseq": (".bpseq", ".bps"),
    "stockholm": (".sto", ".stk", ".stockholm", ".sto.gz", ".stk.gz"),
    "bprna": (".st",),
    "json": (".json",),
    "csv": (".csv", ".tsv"),
}
"""The formats that are read, and how their files end."""

_BRACKETS = frozenset(".()[]{}<>")
_BY_SUFFIX = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes}


def format_of(path: Path) -> str:
    """The format of a file, a key of `SUFFIXES`; empty where its name does not say it."""
    name = Path(path).name.lower()
    return next((kind for suffix, kind in _BY_SUFFIX.items() if name.endswith(suffix)), "")


def read_records(path: Path, spelling: Spelling | None = None, kind: str = "") -> list[Record]:
    """The sequences of a file, with their structures where it has them.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.
        kind: the format, a key of `SUFFIXES`; empty: by the file's name, else by how its text begins.

    Raises:
        DataError: it cannot be read, is of no known format, or nothing in it can be used. What cannot be used is a record with a fault.
    """
    path = Path(path)
    return _READERS[kind or format_of(path) or _looked_at(path)](path, spelling)


def write_records(records: Iterable[Record], path: Path, kind: str = "", lossy: Lossy = "error") -> None:
    """Write sequences with their structures.

    Args:
        records: what to write.
        path: the file.
        kind: `fasta`, `dbn`, `ct`, `bpseq`, `stockholm`, `bprna` or `json`; empty: by the file's name.
        lossy: what becomes of a base with several partners, which JSON alone can hold: an error, or all but one are left out and how many
            is said. FASTA holds no structure.

    Raises:
        UsageError: there is no such format to write.
        DataError: as `lossy` says.
    """
    kind = kind or format_of(path)
    if kind not in WRITERS:
        raise UsageError(f"{Path(path).name}: no format to write; there are {', '.join(WRITERS)}")
    WRITERS[kind](records, Path(path), lossy)


def _bracket_records(path: Path, spelling: Spelling | None) -> list[Record]:
    """Dot-bracket files; bpRNA calls its own so, too, without the loops."""
    first = next((line.text for line in lines_of(path) if line.text.strip()), "")
    return (read_st if first.startswith("#Name:") else read_dbn)(path, spelling)


def _fasta_records(path: Path, spelling: Spelling | None) -> list[Record]:
    """Sequences, with structures where there are lines of brackets: files that are called FASTA may have them."""
    bracketed = any(line.text and not set(line.text.split()[0]) - _BRACKETS for line in lines_of(path) if line.text.strip())
    return (read_dbn if bracketed else read_fasta)(path, spelling)


def _stockholm_records(path: Path, spelling: Spelling | None) -> list[Record]:
    """The sequences of all alignments; one that stands in two is called by the second's family, too."""
    own, found, met = spelling or Spelling(), list[Record](), set[str]()
    for record in (record for aligned in read_stockholm(path, own) for record in aligned.records()):
        name = record.name if record.name not in met else f"{record.family} {record.name}"
        if not record.fault:
            met.add(name)
        found.append(replace(record, name=name))
    found = usable(found, path, own)
    if spelling is None:
        own.tell(path.name)
    return found


_READERS: dict[str, Callable[[Path, Spelling | None], list[Record]]] = {
    "fasta": _fasta_records,
    "dbn": _bracket_records,
    "ct": read_ct,
    "bpseq": read_bpseq,
    "stockholm": _stockholm_records,
    "bprna": read_st,
    "json": read_json,
    "csv": read_csv,
}

WRITERS: dict[str, Callable[[Iterable[Record], Path, Lossy], None]] = {
    "fasta": lambda records, path, lossy: write_fasta(records, path),
    "dbn": write_dbn,
    "ct": write_ct,
    "bpseq": write_bpseq,
    "stockholm": write_stockholm,
    "bprna": write_st,
    "json": lambda records, path, lossy: write_structures_json(records, path),
}
"""What is written, by format."""


def _looked_at(path: Path) -> str:
    """The format by how the text begins: `.txt` files and those without a suffix."""
    lines = [line.text for line in lines_of(path) if line.text.strip()]
    begins = lines[0] if lines else ""
    rows = [line.split() for line in lines if not line.startswith("#")]
    if begins.startswith("# STOCKHOLM"):
        return "stockholm"
    if begins.startswith("#Name:"):
        return "bprna"
    if is_header(begins):
        return "csv"
    if begins[:1] in ("{", "["):
        return "json"
    if begins.startswith(">"):
        return "dbn"
    if rows and len(rows[-1]) == 3 and rows[-1][0].isdigit():
        return "bpseq"
    if rows and len(rows[-1]) == 6 and rows[-1][0].isdigit():
        return "ct"
    if rows and all(len(row) == 1 for row in rows):
        return "dbn"
    raise DataError(f"no format that is known; there are {', '.join(SUFFIXES)}", path)

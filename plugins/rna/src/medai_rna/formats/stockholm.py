"""Stockholm: alignments with structures in WUSS, of the consensus or of single sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medai.errors import DataError
from medai.io import write_text
from medai.tasks import Pairs
from medai_rna.formats.lines import Line, Strip, lines_of
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.notation import pairs_of, wuss_of
from medai_rna.formats.record import Flaw, Record, Spelling

_LEAST_HAIRPIN = 3
_HEADER = "# STOCKHOLM"


@dataclass(frozen=True)
class Aligned:
    """An alignment.

    Attributes:
        name: its identifier (`#=GF ID`), or what stands for it.
        accession: `#=GF AC`; empty where there is none.
        description: `#=GF DE`.
        rows: names and aligned sequences, all of one length: capital letters, U not T, `-` for a gap.
        structure: of the consensus, over the columns; None where there is none.
        own: structures of single sequences (`#=GR NAME SS`) over the columns, by name.
        faults: by the name of a row, why it cannot be used; such a row is not among `rows`.
        line: where it begins.
        fault: why the whole of it cannot be used, with line and column; empty when it can.
    """

    name: str
    accession: str = ""
    description: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    structure: Pairs | None = None
    own: Mapping[str, Pairs] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    line: int = 0
    fault: str = ""

    def records(self) -> list[Record]:
        """Each sequence without its gaps, with the pairs of its own structure, else of the consensus, of which it has both bases, but for
        those that gaps between them brought closer than a hairpin can be; rows that cannot be used with their faults. The family is the
        accession, else the name."""
        family = self.accession or self.name
        if self.fault:
            return [Record(self.name, "", family=family, line=self.line, fault=self.fault)]
        good = [_single(name, row, self.own.get(name, self.structure), family, self.line) for name, row in self.rows]
        return good + [Record(name, "", family=family, line=self.line, fault=fault) for name, fault in self.faults.items()]


def read_stockholm(path: Path, spelling: Spelling | None = None) -> list[Aligned]:
    """The alignments of a Stockholm file, which may be packed (`.gz`); in blocks or in one piece.

    Args:
        path: the file.
        spelling: remembers what is read otherwise than it stands, for a folder's files together; None: it is said of this file.

    Raises:
        DataError: it cannot be read, is no Stockholm file, or no alignment in it can be used. One that cannot be used has a fault.
    """
    path, own = Path(path), spelling or Spelling()
    lines = lines_of(path)
    if not any(line.text.startswith(_HEADER) for line in lines):
        raise DataError(f"line 1, column 1: not a Stockholm file, which begins with '{_HEADER} 1.0'", path)
    found = [_Reading(block, path.name, count).aligned(own) for count, block in enumerate(_blocks(lines), 1)]
    if not found:
        raise DataError("no alignment", path)
    if all(each.fault for each in found):
        raise DataError(found[0].fault, path)
    if spelling is None:
        own.tell(path.name)
    return found


def write_stockholm(items: Iterable[Record | Aligned], path: Path, lossy: Lossy = "error") -> None:
    """Write alignments, and sequences as alignments of one row; structures in WUSS: `<>` for the largest layer, `Aa` for pseudoknots.

    Args:
        items: what to write; blanks in the names of sequences become `_`.
        path: the file.
        lossy: what becomes of a base with several partners, which this format cannot hold: as `one_partner_each`.

    Raises:
        DataError: a base has several partners, and `lossy` calls that an error; or pairs cross more deeply than WUSS can say.
    """
    write_text(Path(path), "".join(_written(item, lossy) for item in items))


def _written(item: Record | Aligned, lossy: Lossy) -> str:
    if isinstance(item, Record):
        (item,) = one_partner_each([item], lossy, "Stockholm")
        name = "_".join(item.name.split())
        item = Aligned(item.family, rows=((name, item.letters),), structure=item.structure)
    elif item.structure is not None and item.structure.several:
        raise DataError(f"{item.name}: a column has several partners, which Stockholm cannot hold; JSON can")
    heads = [("ID", item.name), ("AC", item.accession), ("DE", item.description)]
    lines = [f"{_HEADER} 1.0", *(f"#=GF {key} {value}" for key, value in heads if value)]
    width = max([len("#=GC SS_cons"), *(len(f"#=GR {name} SS") for name, _ in item.rows)])
    for name, row in item.rows:
        lines.append(f"{name:{width}} {row}")
        if name in item.own:
            lines.append(f"{f'#=GR {name} SS':{width}} {wuss_of(item.own[name].pairs, item.own[name].length)}")
    if item.structure is not None:
        lines.append(f"{'#=GC SS_cons':{width}} {wuss_of(item.structure.pairs, item.structure.length)}")
    return "\n".join([*lines, "//"]) + "\n"


def _single(name: str, row: str, structure: Pairs | None, family: str, line: int) -> Record:
    letters = row.replace("-", "")
    if structure is None:
        return Record(name, letters, family=family, line=line)
    at = {column: place for place, column in enumerate(column for column, letter in enumerate(row) if letter != "-")}
    both = [(i, j) for i, j in structure.pairs if i in at and j in at]
    kept = tuple((at[i], at[j]) for i, j in both if at[j] - at[i] == j - i or at[j] - at[i] > _LEAST_HAIRPIN)
    return Record(name, letters, Pairs(kept, len(letters)), family, line=line)


def _blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines of each alignment, up to `//`."""
    block: list[Line] = []
    for line in lines:
        if line.text.strip() == "//" or (line.text.startswith(_HEADER) and any(each.text[:1] not in ("", "#") for each in block)):
            if any(each.text.strip() for each in block):
                yield block
            block = [line] if line.text.startswith(_HEADER) else []
        else:
            block.append(line)
    if any(each.text.strip() and not each.text.startswith(_HEADER) for each in block):
        yield block


class _Reading:
    """The lines of one alignment, by what they are of."""

    def __init__(self, lines: Sequence[Line], source: str, count: int) -> None:
        self._source, self._start = source, lines[0].number
        self._heads: dict[str, str] = {"ID": f"alignment {count}"}
        self._rows: dict[str, Strip] = {}
        self._structures: dict[str, Strip] = {}
        self._flaw = ""
        for line in lines:
            self._take(line)

    def _take(self, line: Line) -> None:
        words = line.text.split(None, 2)
        if not words or (line.text.startswith("#") and not line.text.startswith("#=")):
            return
        if words[0] == "#=GF" and len(words) == 3:
            self._heads[words[1]] = words[2].strip() if words[1] in ("ID", "AC") else f"{self._heads.get(words[1], '')} {words[2]}".strip()
        elif words[0] == "#=GC" and len(words) == 3 and words[1] == "SS_cons":
            self._add(self._structures, "", line, words[2])
        elif words[0] == "#=GR" and len(words) == 3 and len(parts := words[2].split(None, 1)) == 2 and parts[0] == "SS":
            self._add(self._structures, words[1], line, parts[1])
        elif not line.text.startswith("#"):
            if len(words) != 2:
                self._flaw = self._flaw or f"line {line.number}: a name and a sequence are wanted"
            else:
                self._add(self._rows, words[0], line, words[1])

    def _add(self, kept: dict[str, Strip], name: str, line: Line, text: str) -> None:
        kept.setdefault(name, Strip()).add(Line(line.number, text), line.text.rindex(text))

    def aligned(self, spelling: Spelling) -> Aligned:
        name, accession, description = (self._heads.get(key, "") for key in ("ID", "AC", "DE"))
        try:
            return self._whole(spelling, name, accession, description)
        except Flaw as flaw:
            return Aligned(name, accession, description, line=self._start, fault=str(flaw))

    def _whole(self, spelling: Spelling, name: str, accession: str, description: str) -> Aligned:
        if self._flaw:
            raise Flaw(self._flaw)
        if not self._rows:
            raise Flaw(f"line {self._start}: the alignment {name} has no sequence")
        rows, faults = [], {}
        for row, strip in self._rows.items():
            try:
                rows.append((row, spelling.letters(strip.text, strip.place, self._source)))
            except Flaw as flaw:
                faults[row] = str(flaw)
        if not rows:
            raise Flaw(next(iter(faults.values())))
        width = len(next(iter(self._rows.values())).text)
        for row, strip in [*self._rows.items(), *self._structures.items()]:
            if len(strip.text) != width:
                raise Flaw(f"{strip.place(0)}: {row or 'SS_cons'} has {len(strip.text)} columns, the first sequence {width}")
        structures = {row: Pairs.of(pairs_of(strip.text, strip.place), width) for row, strip in self._structures.items()}
        consensus = structures.pop("", None)
        return Aligned(name, accession, description, tuple(rows), consensus, structures, faults, self._start)

"""Structures as files that other programs read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from medai.errors import DataError, UsageError
from medai.tasks import Pairs, Sample, Sequence
from medai_rna.alignment import Alignment
from medai_rna.formats.files import write_records
from medai_rna.formats.losses import Lossy, one_partner_each
from medai_rna.formats.record import Record
from medai_rna.formats.stockholm import Aligned, write_stockholm
from medai_rna.nested import nested

Row = tuple[Sample[Sequence, Pairs], Pairs]
Format = Literal["dbn", "ct", "bpseq", "stockholm", "bprna", "json"]

_SUFFIXES: dict[str, str] = {"dbn": "dbn", "ct": "ct", "bpseq": "bpseq", "stockholm": "sto", "bprna": "st", "json": "json"}


class Structures:
    """A file for each sequence, `CASE.ct` or as the format is called; or all in one, `structures.ct`.

    JSON holds every structure. The other formats hold one partner for each base, so that a structure with multiplets is left out, with the
    reason, unless `lossy` is `warn`: then the first pair of a base stays, and how many are lost is said. All of them hold pseudoknots.

    Of an alignment, Stockholm holds the rows with the structure as that of the consensus (`SS_cons`); the other formats hold the consensus
    alone, and how many alignments that leaves without their rows is said.

    Args:
        format: `dbn` (dot-bracket), `ct`, `bpseq`, `stockholm` (WUSS), `bprna` (`.st`) or `json`.
        together: all in one file, in the order of the cases; a file of `bprna` holds one.
        lossy: what becomes of pairs that the format cannot hold: an error, or a warning.
        pseudoknots: whether pairs that cross are written; else the largest nested part of each structure.

    Raises:
        UsageError: all are to stand in one file of `bprna`.
    """

    def __init__(self, format: Format = "dbn", together: bool = False, lossy: Lossy = "error", pseudoknots: bool = True) -> None:
        if together and format == "bprna":
            raise UsageError("together = true: a file of format = bprna holds one structure")
        self._format, self._together, self._lossy, self._pseudoknots = format, together, lossy, pseudoknots

    def check(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> None:
        """A structure that the format can hold.

        Raises:
            DataError: it is another thing, or a base has several partners and `lossy` calls that an error.
        """
        if not isinstance(prediction, Pairs):
            raise DataError(f"case {sample.case.id}: a {type(prediction).__name__} is no structure")
        several = self._kept(prediction).several
        if several and self._format != "json" and self._lossy == "error":
            raise DataError(f"base {several[0] + 1} has several partners, which {self._format} cannot hold; --set format=json can")

    def write(self, rows: Iterable[Row], folder: Path) -> list[Path]:
        """Write every structure; the files, in order.

        Raises:
            DataError: as `check`.
        """
        suffix, names, files, items = _SUFFIXES[self._format], Names(), list[Path](), list[Record | Aligned]()
        bare = 0
        for sample, prediction in rows:
            items.append(self._item(sample, prediction))
            bare += isinstance(sample.inputs, Alignment) and not isinstance(items[-1], Aligned)
            if not self._together:
                files.append(folder / f"{names.of(sample.case.id)}.{suffix}")
                self._store([items.pop()], files[-1])
        if self._together:
            files.append(folder / f"structures.{suffix}")
            self._store(items, files[-1])
        if bare:
            warnings.warn(
                f"{self._format} holds no alignment: {bare} are written as their consensus; format=stockholm holds rows", stacklevel=2
            )
        return files

    def _store(self, items: list[Record | Aligned], path: Path) -> None:
        if self._format == "stockholm":
            write_stockholm(items, path, self._lossy)
        else:
            write_records([item for item in items if isinstance(item, Record)], path, self._format, self._lossy)

    def _item(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> Record | Aligned:
        self.check(sample, prediction)
        family, inputs = str(sample.case.attributes.get("family") or ""), sample.inputs
        record = Record(sample.case.id, inputs.letters.replace("T", "U"), self._kept(prediction), family)
        if self._format != "stockholm" or not isinstance(inputs, Alignment):
            return record
        (record,) = one_partner_each([record], self._lossy, "Stockholm")
        return Aligned(record.name, rows=inputs.rows, structure=record.structure)

    def _kept(self, structure: Pairs) -> Pairs:
        return structure if self._pseudoknots else nested(structure)


class Names:
    """A file's name for each case, from its id, which may hold any character; ids that become alike are told apart by their place."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, case: Any) -> str:
        """The name, of letters, digits, `-` and `_`."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", str(case)).strip("-") or "case"
        name = name if name not in self._taken else f"{name}-{len(self._taken)}"
        self._taken.add(name)
        return name

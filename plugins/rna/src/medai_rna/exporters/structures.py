"""Structures as files that other programs read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from medai.errors import DataError, UsageError
from medai.tasks import Pairs, Sample, Sequence
from medai_rna.formats.files import write_records
from medai_rna.formats.losses import Lossy
from medai_rna.formats.record import Record
from medai_rna.nested import nested

Row = tuple[Sample[Sequence, Pairs], Pairs]
Format = Literal["dbn", "ct", "bpseq", "stockholm", "bprna", "json"]

_SUFFIXES: dict[str, str] = {"dbn": "dbn", "ct": "ct", "bpseq": "bpseq", "stockholm": "sto", "bprna": "st", "json": "json"}


class Structures:
    """A file for each sequence, `CASE.ct` or as the format is called; or all in one, `structures.ct`.

    JSON holds every structure. The other formats hold one partner for each base, so that a structure with multiplets is left out, with the
    reason, unless `lossy` is `warn`: then the first pair of a base stays, and how many are lost is said. All of them hold pseudoknots.

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
        records = ((sample, self._record(sample, prediction)) for sample, prediction in rows)
        suffix = _SUFFIXES[self._format]
        if self._together:
            path = folder / f"structures.{suffix}"
            write_records([record for _, record in records], path, self._format, self._lossy)
            return [path]
        names, files = Names(), []
        for sample, record in records:
            files.append(folder / f"{names.of(sample.case.id)}.{suffix}")
            write_records([record], files[-1], self._format, self._lossy)
        return files

    def _record(self, sample: Sample[Sequence, Pairs], prediction: Pairs) -> Record:
        self.check(sample, prediction)
        family = str(sample.case.attributes.get("family") or "")
        return Record(sample.case.id, sample.inputs.letters.replace("T", "U"), self._kept(prediction), family)

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

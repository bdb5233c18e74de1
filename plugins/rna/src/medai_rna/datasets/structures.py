"""Records of files as a dataset: cases with families, and the pairs that count."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Case, Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.datasets.choice import Multiplets, PairKinds, chosen
from medai_rna.formats.record import Record

Groups = Literal["family", "sequence"]


@dataclass(frozen=True)
class Entry:
    """A record and the file that it stands in; `split` is the part that the data set publishes for it, if it does."""

    record: Record
    path: Path | None = None
    split: str | None = None


class Structures:
    """Sequences with their known structures; cases have the attributes `family`, empty where nobody says it, and `length`.

    A case's group is its family; where it has none, the sequence itself, so that two copies stand together.

    Args:
        root: the files.
        pairs: which of the known pairs count: `all`; `canonical`, A-U, C-G and G-U alone; `nested`, the most that do not cross;
            `nested-canonical`; or `foldable`, of those the ones that the folding engine can score: no hairpin of fewer than 3 bases, no
            bulge or interior loop of more than 30.
        multiplets: whether a base keeps all of several partners (`keep`), or one of them, the canonical and stacked first (`drop`).
        longest: bases, at most; longer sequences are left out, and how many is said. None: there is no limit.
        groups: what a split keeps together: families, or copies of one sequence (`sequence`), whatever their families.

    Raises:
        DataError: there is no file, or no sequence in them can be used.
    """

    def __init__(
        self,
        root: Path,
        pairs: PairKinds = "all",
        multiplets: Multiplets = "keep",
        longest: int | None = None,
        groups: Groups = "family",
    ) -> None:
        if longest is not None and longest < 1:
            raise UsageError(f"longest is a number of bases, not {longest}")
        self._pairs, self._multiplets, self._groups = pairs, multiplets, groups
        self._home = Path(root)
        entries = list(self._read(self._home))
        kept = [entry for entry in entries if longest is None or len(entry.record.letters) <= longest]
        if len(kept) < len(entries):
            said = f"{len(entries) - len(kept)} of {len(entries)} sequences are longer than {longest} and left out"
            if not kept:
                raise DataError(said, self._home)
            warnings.warn(said, stacklevel=2)
        self._entries = _named(kept, self._home)

    def _read(self, root: Path) -> Iterable[Entry]:
        """All records beneath `root`, in a fixed order."""
        raise NotImplementedError

    @property
    def facts(self) -> Mapping[str, object]:
        """Which pairs are known to the test: figures over others cannot stand beside them."""
        return {"tested.pairs": self._pairs, "tested.multiplets": self._multiplets}

    def cases(self) -> Sequence[Case]:
        """A case per sequence, in the files' order."""
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Letters, Pairs]:
        """The sequence, and the pairs that count; a structure that nobody knows is None.

        Raises:
            DataError: its record cannot be used.
        """
        entry = self._entries[case.id]
        record = entry.record
        if record.fault:
            raise DataError(record.fault, entry.path)
        structure = record.structure
        counted = None if structure is None else chosen(structure, record.letters, self._pairs, self._multiplets)
        return Sample(case, Letters(record.letters), counted)

    @functools.cached_property
    def _cases(self) -> tuple[Case, ...]:
        return tuple(self._case(id, entry) for id, entry in self._entries.items())

    def _case(self, id: str, entry: Entry) -> Case:
        record = entry.record
        alone = self._groups == "sequence" or not record.family
        group = sequence_group(record.letters or id) if alone else record.family
        return Case(id, group, entry.split, {"family": record.family, "length": float(len(record.letters))})


def sequence_group(letters: str) -> str:
    """A name for all copies of a sequence, the same wherever they stand."""
    return f"sequence-{blake2b(letters.encode(), digest_size=6).hexdigest()}"


def _named(entries: Sequence[Entry], home: Path) -> dict[str, Entry]:
    """The entries by their names; one whose name stands twice, in two files, is called by its file too."""
    found: dict[str, Entry] = {}
    for entry in entries:
        name = entry.record.name
        if name in found and entry.path is not None:
            name = f"{entry.path.stem} {name}"
        if name in found:
            raise DataError(f"two sequences are called {name!r}", entry.path or home)
        found[name] = entry
    if not found:
        raise DataError("no sequences", home)
    return found

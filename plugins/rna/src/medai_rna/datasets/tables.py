"""CSV files of structures; and the known structures that this plugin brings along."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from medai.errors import DataError
from medai_rna.datasets.choice import Multiplets, PairKinds
from medai_rna.datasets.structures import Entry, Groups, Structures
from medai_rna.datasets.stub import write_csv_stub
from medai_rna.formats.record import Record
from medai_rna.formats.table import read_csv

_KNOWN = Path(__file__).with_name("known_structures.csv")
_CROWDED = 20
"""Sequences for each group, on average, from which groups by family are few."""


class StructureTable(Structures):
    """A CSV file, or a folder with one: columns `id`, `sequence`, `structure` in dot-bracket notation with all its layers, and `family`
    where it is known.

    A row without a structure has no reference; one that cannot be used is counted, and the others are read. Where there are more than 20
    sequences for each family it is said, because a split keeps families whole.
    """

    def _read(self, root: Path) -> Iterable[Entry]:
        path = _table_in(root)
        records = read_csv(path)
        if self._groups == "family":
            _warn_of_few_families(records, path)
        return [Entry(record, path) for record in records]

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`structures.csv` with `n` hairpins of three families."""
        write_csv_stub(root, n, seed)


class KnownStructures(Structures):
    """Forty-six small structures that were determined by experiment or comparison of sequences: transfer RNAs, 5S ribosomal RNAs, small
    elements of other RNAs, pseudoknots; 24 to 120 bases, 15 families.

    Each row of `known_structures.csv` says where it comes from: tRNAdb, PseudoBase or Rfam (CC0), with the accession.
    """

    def __init__(
        self,
        pairs: PairKinds = "all",
        multiplets: Multiplets = "keep",
        longest: int | None = None,
        groups: Groups = "family",
        identity: float = 0.8,
        folds: int = 0,
        fold: int = 0,
    ) -> None:
        super().__init__(_KNOWN, pairs, multiplets, longest, groups, identity, folds, fold)

    def _read(self, root: Path) -> Iterable[Entry]:
        return [Entry(record, root) for record in read_csv(root)]


def _warn_of_few_families(records: Sequence[Record], path: Path) -> None:
    """Some tables have the name of a database in the column `family`; nothing else tells it from families."""
    groups = Counter(record.family or record.letters for record in records)
    if len(records) > _CROWDED * len(groups):
        name, size = groups.most_common(1)[0]
        families = f"{len(groups)} families" if len(groups) > 1 else "1 family"
        warnings.warn(
            f"{path.name}: {len(records)} sequences are of {families} ({size} of {name}), and a split keeps a family whole; "
            "where the column 'family' names databases, as bpRNA's does, set groups=sequence, or groups=identity",
            stacklevel=2,
        )


def _table_in(root: Path) -> Path:
    """The file itself, or the one CSV file in the folder."""
    if not root.is_dir():
        return root
    found = sorted(path for path in root.iterdir() if path.suffix.lower() in (".csv", ".tsv") and not path.name.startswith("."))
    if len(found) != 1:
        raise DataError(f"{len(found)} CSV files in it: name the one that is wanted", root)
    return found[0]

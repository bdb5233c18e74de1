"""Records of files as a dataset: cases with families, and the pairs that count."""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Pairs, Sample
from medai.tasks import Sequence as Letters
from medai_rna.datasets.choice import Multiplets, PairKinds, chosen
from medai_rna.datasets.typed import Typed
from medai_rna.datasets.unlabelled import Unlabelled
from medai_rna.datasets.walk import own_names
from medai_rna.formats.record import Record
from medai_rna.identity.likeness import clusters, likenesses

Groups = Literal["family", "sequence", "identity"]


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
        groups: what a split keeps together: families; copies of one sequence (`sequence`), whatever their families; or sequences that are
            alike (`identity`), and those that others join.
        identity: from which two sequences are alike: the part of the shorter that stands in the longer, 0 to 1.
        folds: shares the groups out to so many parts of about one size, of which one is the test and the rest is for training: a
            cross-validation by families, sequences or clusters, as `groups` says. 0: the split is the protocol's own.
        fold: which of them is the test, from 0.

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
        identity: float = 0.8,
        folds: int = 0,
        fold: int = 0,
    ) -> None:
        if not 0 < identity <= 1:
            raise UsageError(f"identity is more than 0 and at most 1, not {identity}")
        if folds < 0 or folds == 1 or not 0 <= fold < max(1, folds):
            raise UsageError(f"there is no fold {fold} of {folds}: folds is 0, or 2 and more, and fold counts from 0")
        if longest is not None and longest < 1:
            raise UsageError(f"longest is a number of bases, not {longest}")
        self._pairs, self._multiplets, self._groups, self._identity = pairs, multiplets, groups, identity
        self._folds, self._fold, self._longest = folds, fold, longest
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

    @staticmethod
    def unlabelled(paths: Sequence[Path], **parameters: object) -> Dataset[Letters, None]:
        """The sequences of files of any format, of any length; the parameters say nothing of them."""
        return Unlabelled(paths)

    @staticmethod
    def unlabelled_text(text: str, **parameters: object) -> Dataset[Letters, None]:
        """The sequences of a text: one on each line, or a file of any format; the parameters say nothing of them."""
        return Typed(text)

    @property
    def facts(self) -> Mapping[str, object]:
        """Which pairs are known to the test, of which sequences, and what the split keeps together: figures over others stand apart."""
        found: dict[str, object] = {"tested.pairs": self._pairs, "tested.multiplets": self._multiplets, "tested.groups": self._groups}
        found |= {"tested.identity": self._identity} if self._groups == "identity" else {}
        found |= {"tested.longest": self._longest} if self._longest else {}
        return found | ({"tested.folds": self._folds} if self._folds else {})

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

    def letters_of(self, id: str) -> str:
        """A case's sequence; empty where it cannot be used."""
        return self._entries[id].record.letters

    def alike(self, ids: Sequence[str], others: Sequence[tuple[Any, Sequence[str]]], least: float) -> Mapping[str, str]:
        """Those of the cases that are like one of others, of any dataset of sequences, each with what it is like.

        Args:
            ids: of cases here.
            others: datasets with ids of their cases.
            least: identity from which they are alike, as `medai_rna.identity.likeness.likenesses` has it; 1: word for word.

        Raises:
            UsageError: `least` is not in (0, 1].
        """
        theirs = [(id, dataset.letters_of(id)) for dataset, found in others if hasattr(dataset, "letters_of") for id in found]
        known = [id for id in ids if self.letters_of(id)]
        found = likenesses([self.letters_of(id) for id in known], [letters for _, letters in theirs], least)
        words = {id: (theirs[like.other][0], like.identity) for id, like in zip(known, found, strict=True) if like}
        return {id: f"{name}, {'word for word' if least == 1 else f'identity {identity:.2f}'}" for id, (name, identity) in words.items()}

    @functools.cached_property
    def _cases(self) -> tuple[Case, ...]:
        groups = self._groups_of()
        splits = in_folds(groups, self._folds, self._fold) if self._folds else {}
        return tuple(
            Case(
                id,
                group,
                splits.get(group, entry.split),
                {"family": entry.record.family, "length": float(len(entry.record.letters))},
            )
            for (id, entry), group in zip(self._entries.items(), groups, strict=True)
        )

    def _groups_of(self) -> list[str]:
        """The group of each entry, in order."""
        records = [(id, entry.record) for id, entry in self._entries.items()]
        alone = [sequence_group(record.letters or id) for id, record in records]
        if self._groups == "sequence":
            return alone
        if self._groups == "family":
            return [record.family or own for (_, record), own in zip(records, alone, strict=True)]
        return [alone[first] for first in clusters([record.letters for _, record in records], self._identity)]


def in_folds(groups: Sequence[str], folds: int, fold: int) -> dict[str, str]:
    """The part of each group in one turn of a cross-validation: `test` or `train`.

    The largest groups are shared out first, each to the smallest fold; groups of one size in an order that is drawn once for all, so that a
    fold is the same in every run.

    Args:
        groups: the group of each case.
        folds: how many.
        fold: the one that is tested on.

    Raises:
        UsageError: there are fewer groups than folds.
    """
    sizes = Counter(groups)
    if len(sizes) < folds:
        raise UsageError(f"{folds} folds of {len(sizes)} groups: there are at least as many groups as folds")
    filled = [0] * folds
    parts: dict[str, str] = {}
    for group in sorted(sizes, key=lambda group: (-sizes[group], blake2b(group.encode(), digest_size=8).digest())):
        place = filled.index(min(filled))
        filled[place] += sizes[group]
        parts[group] = "test" if place == fold else "train"
    return parts


def sequence_group(letters: str) -> str:
    """A name for all copies of a sequence, the same wherever they stand."""
    return f"sequence-{blake2b(letters.encode(), digest_size=6).hexdigest()}"


def _named(entries: Sequence[Entry], home: Path) -> dict[str, Entry]:
    """The entries by their names; one whose name another has is called by its file, too."""
    if not entries:
        raise DataError("no sequences", home)
    names = own_names([(entry.record, entry.path or home) for entry in entries])
    return dict(zip(names, entries, strict=True))

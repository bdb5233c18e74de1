"""Alignments with the structures of their consensus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Pairs, Sample
from medai_rna.alignment import Alignment
from medai_rna.datasets.choice import PairKinds, chosen
from medai_rna.datasets.stub import drawn
from medai_rna.datasets.typed import SOURCE, Typed
from medai_rna.datasets.unlabelled import Unlabelled
from medai_rna.datasets.walk import files_in
from medai_rna.formats.files import format_of
from medai_rna.formats.record import Spelling
from medai_rna.formats.stockholm import Aligned, read_stockholm, write_stockholm

_KNOWN = Path(__file__).with_name("known_alignments.sto")


class Alignments:
    """The alignments of Stockholm files, such as Rfam's seed, each a case with the structure of its consensus over the columns.

    Families, by accession or else by name, are groups.

    Args:
        root: a Stockholm file, packed or not, or a folder of them.
        pairs: which of the known pairs count, as for single sequences; whether one is canonical, the consensus says.
        longest: columns, at most; longer alignments are left out. None: there is no limit.

    Raises:
        DataError: there is no alignment.
    """

    def __init__(self, root: Path, pairs: PairKinds = "nested", longest: int | None = None) -> None:
        if longest is not None and longest < 1:
            raise UsageError(f"longest is a number of columns, not {longest}")
        self._pairs = pairs
        self._found = dict(_named(Path(root), Spelling(), longest))
        if not self._found:
            raise DataError("no alignment", root)

    @property
    def facts(self) -> dict[str, object]:
        """Which pairs are known to the test."""
        return {"tested.pairs": self._pairs}

    def cases(self) -> Sequence[Case]:
        """One per alignment, in the files' order."""
        return [
            Case(
                id, aligned.accession or aligned.name, None, {"family": aligned.accession or aligned.name, "rows": float(len(aligned.rows))}
            )
            for id, (aligned, _) in self._found.items()
        ]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Alignment, Pairs]:
        """The alignment, and the pairs that count.

        Raises:
            DataError: it cannot be used.
        """
        aligned, path = self._found[case.id]
        if aligned.fault:
            raise DataError(aligned.fault, path)
        inputs = Alignment.of(aligned.rows)
        structure = aligned.structure
        return Sample(case, inputs, None if structure is None else chosen(structure, inputs.letters, self._pairs, "drop"))

    @staticmethod
    def unlabelled(paths: Sequence[Path], pairs: PairKinds = "nested", longest: int | None = None) -> Dataset[Any, Any]:
        """Stockholm files as alignments, if all are; else the single sequences of files of any format. Of any length, and without pairs.

        Raises:
            DataError: a file cannot be read.
        """
        if all(format_of(Path(path)) == "stockholm" for path in paths):
            return _Together([Alignments(Path(path)) for path in paths])
        return Unlabelled(paths)

    @staticmethod
    def unlabelled_text(text: str, pairs: PairKinds = "nested", longest: int | None = None) -> Dataset[Any, Any]:
        """A Stockholm file's text as alignments; else single sequences, as `Typed` reads them. Of any length, and without pairs.

        Raises:
            DataError: it cannot be read.
        """
        if not text.lstrip().startswith("# STOCKHOLM"):
            return Typed(text)
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{SOURCE}.sto"
            path.write_text(text, encoding="utf-8")
            try:
                return _Together([Alignments(path)])
            except DataError as error:
                raise DataError(error.reason, SOURCE) from error

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`seed.sto` with `n` alignments of four rows."""
        rng = np.random.default_rng(seed)
        items = []
        for index, record in enumerate(drawn(n, seed)):
            rows = tuple((f"row{place + 1}", _evolved(record.letters, record.structure, rng)) for place in range(4))
            items.append(Aligned(f"alignment{index + 1}", f"RF{index + 1:05d}", rows=rows, structure=record.structure))
        Path(root).mkdir(parents=True, exist_ok=True)
        write_stockholm(items, Path(root) / "seed.sto")


def _case(id: str, aligned: Aligned) -> Case:
    family = aligned.accession or aligned.name
    return Case(id, family, None, {"family": family, "rows": float(len(aligned.rows))})


class KnownAlignments(Alignments):
    """Alignments of twelve small families, of at most ten rows each, out of Rfam 14.2's seed (CC0; Kalvari et al. 2021).

    Args:
        pairs: as in `Alignments`.
    """

    def __init__(self, pairs: PairKinds = "nested") -> None:
        super().__init__(_KNOWN, pairs)


class _Together:
    """Several files' alignments."""

    def __init__(self, parts: Sequence[Alignments]) -> None:
        self._parts = {case.id: (part, case) for part in parts for case in part.cases()}
        if len(self._parts) < sum(len(part.cases()) for part in parts):
            raise DataError("two files hold alignments of one name")

    def cases(self) -> Sequence[Case]:
        return [case for _, case in self._parts.values()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Alignment, None]:
        sample = self._parts[case.id][0].read(case, rng)
        return Sample(case, sample.inputs)


def _named(root: Path, spelling: Spelling, longest: int | None) -> Iterator[tuple[str, tuple[Aligned, Path]]]:
    met: set[str] = set()
    for path in files_in(root, ("stockholm",)):
        for aligned in read_stockholm(path, spelling):
            if longest is not None and aligned.rows and len(aligned.rows[0][1]) > longest:
                continue
            name = next(name for name in _names(aligned, path) if name not in met)
            met.add(name)
            yield name, (aligned, path)
    spelling.tell(str(root))


def _names(aligned: Aligned, path: Path) -> Iterator[str]:
    name = "_".join((aligned.accession or aligned.name).split())
    yield name
    yield f"{path.stem}-{name}"
    number = 2
    while True:
        yield f"{path.stem}-{name}-{number}"
        number += 1


def _evolved(letters: str, structure: Pairs | None, rng: np.random.Generator) -> str:
    """The sequence with a fifth of its pairs and unpaired bases drawn anew."""
    row, paired = list(letters), dict(structure.pairs) if structure is not None else {}
    for i in range(len(row)):
        if rng.random() < 0.2:
            if i in paired:
                row[i], row[paired[i]] = tuple(str(rng.choice(["GC", "CG", "AU", "UA", "GU", "UG"])))
            elif i not in paired.values():
                row[i] = str(rng.choice(list("ACGU")))
    return "".join(row)

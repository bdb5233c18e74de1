"""Small files of drawn structures in the layouts that the datasets here read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from medai.io import write_csv
from medai.tasks import Pairs
from medai_rna.formats.files import write_records
from medai_rna.formats.notation import brackets_of
from medai_rna.formats.record import Record

FAMILIES = ("hairpin", "two-hairpins", "pseudoknot")
_SOURCES = ("ASE", "SPR", "TMR", "PDB")


def drawn(n: int, seed: int) -> list[Record]:
    """`n` structures of the three families in turn: a hairpin, two side by side, and two that cross."""
    rng = np.random.default_rng(seed)
    return [_drawn(rng, index) for index in range(n)]


def write_csv_stub(root: Path, n: int, seed: int) -> None:
    """`structures.csv` with `n` rows."""
    rows = [
        {"id": record.name, "family": record.family, "sequence": record.letters, "structure": _brackets(record)}
        for record in drawn(n, seed)
    ]
    Path(root).mkdir(parents=True, exist_ok=True)
    write_csv(Path(root) / "structures.csv", ("id", "family", "sequence", "structure"), rows)


def write_ct_stub(root: Path, n: int, seed: int, name: str) -> None:
    """`n` connect tables at paths beneath `root`, with `{family}`, `{source}` (of RNA STRAND) and `{index}` filled in."""
    for index, record in enumerate(drawn(n, seed)):
        path = Path(root) / name.format(family=record.family, source=_SOURCES[index % len(_SOURCES)], index=index + 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_records([record], path)


def write_bprna_stub(root: Path, n: int, seed: int) -> None:
    """`TR0`, `VL0` and `TS0` with `n` files of bpRNA, most of them in `TR0`."""
    for index, record in enumerate(drawn(n, seed)):
        path = Path(root) / ("TR0", "TS0", "TR0", "VL0")[index % 4] / f"bpRNA_RFAM_{index + 1}.st"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_records([replace(record, name=path.stem)], path)


def write_one_stub(root: Path, n: int, seed: int, name: str, kind: str) -> None:
    """One file with `n` structures."""
    Path(root).mkdir(parents=True, exist_ok=True)
    write_records(drawn(n, seed), Path(root) / name, kind)


def write_pdb_stub(root: Path, n: int, seed: int) -> None:
    """`structures.json` with `n` structures, every third of which has a base triple."""
    records = [_with_triple(record) if index % 3 == 2 else record for index, record in enumerate(drawn(n, seed))]
    Path(root).mkdir(parents=True, exist_ok=True)
    write_records(records, Path(root) / "structures.json")


def _with_triple(record: Record) -> Record:
    """The first pair's base pairs with the last base, too."""
    assert record.structure is not None
    length = len(record.letters) + 1
    pairs = [*record.structure.pairs, (record.structure.pairs[0][0], length - 1)]
    return replace(record, letters=f"{record.letters}A", structure=Pairs.of(pairs, length, multiplets=True))


def _brackets(record: Record) -> str:
    assert record.structure is not None
    return brackets_of(record.structure.pairs, record.structure.length)


def _drawn(rng: np.random.Generator, index: int) -> Record:
    family = FAMILIES[index % len(FAMILIES)]
    stem, loop = int(rng.integers(4, 7)), int(rng.integers(4, 8))
    shift = {"hairpin": (), "two-hairpins": (2 * stem + loop + 1,), "pseudoknot": (stem + 1,)}[family]
    # The second stem of a pseudoknot closes beyond the first one's end.
    starts = [0, *shift]
    reach = stem + loop if family != "pseudoknot" else 2 * stem + loop + 2
    pairs = [(start + step, start + reach + stem - 1 - step) for start in starts for step in range(stem)]
    length = max(j for _, j in pairs) + 1 + int(rng.integers(0, 4))
    letters = rng.choice(list("ACGU"), length)
    for i, j in pairs:
        letters[i], letters[j] = rng.choice(["GC", "CG", "AU", "UA", "GU"], p=[0.3, 0.3, 0.15, 0.15, 0.1])
    return Record(f"{family}-{index + 1}", "".join(letters.tolist()), Pairs.of(pairs, length), family)

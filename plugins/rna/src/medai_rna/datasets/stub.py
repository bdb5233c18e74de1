"""Small files of drawn structures in the layouts that the datasets here read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from medai.io import write_csv
from medai.tasks import Pairs
from medai_rna.formats.notation import brackets_of
from medai_rna.formats.record import Record

FAMILIES = ("hairpin", "two-hairpins", "pseudoknot")


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

"""What formats cannot hold, and what is said of it when it is written to them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.formats.record import Record

Lossy = Literal["error", "warn"]


def one_partner_each(records: Iterable[Record], lossy: Lossy, kind: str) -> list[Record]:
    """The records with at most one partner for each base.

    Args:
        records: some may have multiplets.
        lossy: `error`; or `warn`: of pairs that share a base the first stays, and how many are lost is said.
        kind: the format's name.

    Raises:
        DataError: a base has several partners, and `lossy` is `error`.
    """
    found, lost, where = [], 0, list[str]()
    for record in records:
        if record.structure is None or not (several := record.structure.several):
            found.append(record)
            continue
        if lossy == "error":
            raise DataError(f"{record.name}: base {several[0] + 1} has several partners, which {kind} cannot hold; JSON can")
        taken: set[int] = set()
        kept = []
        for pair in record.structure.pairs:
            if taken.isdisjoint(pair):
                taken.update(pair)
                kept.append(pair)
        lost += len(record.structure.pairs) - len(kept)
        where.append(record.name)
        found.append(replace(record, structure=Pairs(tuple(kept), record.structure.length)))
    if lost:
        warnings.warn(
            f"{kind} holds one partner for a base: {lost} pairs of {len(where)} structures are lost, first of {where[0]}", stacklevel=3
        )
    return found

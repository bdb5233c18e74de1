"""Energies as a few parameters: how far each group of entries, tied to one another, moves from published tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy import sparse

from medai_rna.energies.duplex import STACK_OF, STACKS, TERMS, term_values
from medai_rna.energies.tables import SHAPES, Energies, thermal
from medai_rna.folding.scores import BASES, PAIRS, Scores

_ENDS = np.array([pair not in ("CG", "GC") for pair in PAIRS])
_STEP = 2.0**-6
_NEVER = 1e3
_MISMATCHES = ("AG", "GA", "GG", "UU")


class Tied:
    """Free energies at 37 degrees Celsius that are tables plus the moves of K groups of entries, in kcal/mol.

    The groups follow the terms that the tables were made of: each stack of two pairs (one read from both sides); each first mismatch of
    hairpins; dangling ends, which mismatches of multiloops and the exterior loop move by; of interior loops the closure by AU or GU, the
    mismatches AG, GA, GG and UU, and for small loops with tables of their own a start, a closure and the same mismatches; lengths of
    loops, those that were not measured together; asymmetry; multiloops' closing, branches and unpaired bases; helices' ends; and each
    special hairpin. Where the tables hold more than the groups do, what they hold stays.

    Args:
        start: the tables.
    """

    def __init__(self, start: Energies) -> None:
        self.start = start
        self.groups = tuple(_groups(start))
        self.names = tuple(name for name, _ in self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def energies(self, moves: np.ndarray) -> Energies:
        """The tables with the groups moved by (K,) kcal/mol, rounded to the hundredth that parameter files hold."""
        return _rounded(self._moved(moves))

    def scores(self, moves: np.ndarray) -> Scores:
        """The same as scores of loops, but not rounded: linear in the moves. Loops of 2 x 2 with an unknown base are so only nearly."""
        vector = -(self.origin + self.effects @ moves) / thermal()
        return Scores.unpack(torch.from_numpy(vector), tuple(self.start.special))

    @cached_property
    def effects(self) -> sparse.csr_matrix:
        """How much each entry of the scores' tables, as energy, changes with each move; (entries, K)."""
        columns = [
            sparse.csc_matrix(((self._flat(self._unit(place)) - self.origin) / _STEP).round(6)[:, None]) for place in range(len(self))
        ]
        return sparse.hstack(columns).tocsr()

    @cached_property
    def highest(self) -> np.ndarray:
        """The largest move of each group, (K,): so far that no neighbour of a branch costs energy, which programs do not allow."""
        limits = np.full(len(self), np.inf)
        for place, (name, parts) in enumerate(self.groups):
            if name.startswith("dangle"):
                both = [-getattr(self.start, table)[0][entries].max() / (1 if table == name.split()[0] else 2) for table, entries in parts]
                limits[place] = max(0.0, min(both))
        return limits

    @cached_property
    def of_terms(self) -> np.ndarray:
        """How much each term of a duplex (`energies.duplex.TERMS`) changes with each move, (24, K)."""
        effects = np.zeros((len(TERMS), len(self)))
        for row, name in enumerate(TERMS):
            found = {"initiation": "duplex", "terminal AU or GU": "terminal"}.get(name, f"stack {name}")
            if found in self.names:
                effects[row, self.names.index(found)] = 1
        return effects

    def duplexes(self, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The energies of duplexes with these terms, (N, 24): as they are by the tables, (N,), and by how much each move changes them,
        (N, K)."""
        return counts @ term_values(self.start), counts @ self.of_terms

    @cached_property
    def origin(self) -> np.ndarray:
        """Each entry of the scores' tables as energy by the tables that were started from, (entries,)."""
        return self._flat(self.start)

    def _unit(self, place: int) -> Energies:
        moves = np.zeros(len(self))
        moves[place] = _STEP
        return self._moved(moves)

    def _flat(self, energies: Energies) -> np.ndarray:
        tables, _ = energies.loops()
        # What cannot be costs so much that nothing holds it, and can still be counted, no times.
        return np.nan_to_num(np.concatenate([table.reshape(-1) for table in tables.values()]), posinf=_NEVER)

    def _moved(self, moves: np.ndarray) -> Energies:
        tables = {name: getattr(self.start, name).copy() for name in SHAPES}
        special = {letters: list(both) for letters, both in self.start.special.items()}
        for (_, parts), move in zip(self.groups, moves.tolist(), strict=True):
            for table, entries in parts:
                if table == "special":
                    special[entries][0] += move
                else:
                    tables[table][0, ...][entries] += move
        if self.start.ninio[0] > 0:  # the limit is so many bases, as in the tables
            tables["ninio_max"][0] = self.start.ninio_max[0] / self.start.ninio[0] * tables["ninio"][0]
        return replace(self.start, **tables, special={letters: (both[0], both[1]) for letters, both in special.items()})


Parts = list[tuple[str, Any]]
"""Tables, and which entries of each."""


def _groups(start: Energies) -> Iterator[tuple[str, Parts]]:
    for index, name in enumerate(STACKS):
        yield f"stack {name}", [("stack", index == STACK_OF)]
    yield from _hairpins()
    yield from _neighbours()
    yield from _interiors()
    yield from _small()
    for table, measured in (("hairpin", range(3, 10)), ("bulge", range(1, 7)), ("internal", range(4, 7))):
        last = measured[-1]
        for size in measured:
            yield f"{table} {size}" + (" and more" if size == last else ""), [(table, slice(size, None if size == last else size + 1))]
    for index, name in enumerate(("closing", "branch", "unpaired")):
        yield f"multi {name}", [("multi", index)]
    for name in ("ninio", "terminal", "duplex"):
        yield name, [(name, ...)]
    for letters in start.special:
        yield f"hairpin {letters}", [("special", letters)]


def _hairpins() -> Iterator[tuple[str, Parts]]:
    for kind, pair in enumerate(PAIRS):
        for first, before in enumerate(BASES[1:], 1):
            for second, after in enumerate(BASES[1:], 1):
                yield f"mismatch_hairpin {pair} {before}{after}", [("mismatch_hairpin", (kind, first, second))]


def _neighbours() -> Iterator[tuple[str, Parts]]:
    """Dangling ends, and the mismatches of branches with them."""
    for kind, pair in enumerate(PAIRS):
        for side, base in enumerate(BASES[1:], 1):
            for table, entries in (("dangle5", (kind, side, slice(None))), ("dangle3", (kind, slice(None), side))):
                parts: Parts = [(table, (kind, side)), ("mismatch_multi", entries), ("mismatch_exterior", entries)]
                yield f"{table} {pair} {base}", parts


def _interiors() -> Iterator[tuple[str, Parts]]:
    tables = ("mismatch_internal", "mismatch_internal_23")
    yield "interior closure", [(table, _ENDS) for table in (*tables, "mismatch_internal_1n")]
    for table in tables:
        for mismatch in _MISMATCHES:
            first, second = (BASES.index(base) for base in mismatch)
            yield f"{table} {mismatch}", [(table, (slice(None), first, second))]


def _small() -> Iterator[tuple[str, Parts]]:
    for table in ("int11", "int21", "int22"):
        yield table, [(table, ...)]
        yield f"{table} closure", [(table, _ENDS), (table, (slice(None), _ENDS))]
    guanine = BASES.index("G")
    yield "int11 GG", [("int11", (..., guanine, guanine))]
    for mismatch in _MISMATCHES:
        first, second = (BASES.index(base) - 1 for base in mismatch)
        both: Parts = [("int22", (slice(None), slice(None), first, slice(None), slice(None), second))]
        both.append(("int22", (slice(None), slice(None), slice(None), second, first, slice(None))))
        yield f"int22 {mismatch}", both


def _rounded(energies: Energies) -> Energies:
    tables = {name: getattr(energies, name).copy() for name in SHAPES if name != "extension"}
    for table in tables.values():
        table[0] = table[0].round(2)
    return replace(energies, **tables, special={letters: (round(dg, 2), dh) for letters, (dg, dh) in energies.special.items()})

"""A grammar with a weight for each of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from medai_rna.grammars.grammar import BASES, UNKNOWN, Grammar, Table


@dataclass(frozen=True)
class Weights:
    """A grammar with a weight for each of its parameters: probabilities, or others that are not negative.

    Attributes:
        grammar: the grammar.
        vector: float64 (grammar.size,).
    """

    grammar: Grammar
    vector: np.ndarray

    @cached_property
    def rules(self) -> np.ndarray:
        """The weight of each step."""
        return np.array([1.0 if step.rule < 0 else self.vector[step.rule] for step in self.grammar.steps])

    @cached_property
    def emissions(self) -> np.ndarray:
        """All tables, with an entry for a base that is not known: the sum over it where it is made, the mean where it is seen."""
        found = np.zeros(self.grammar.wide_tables)
        for table in self.grammar.tables.values():
            wide = self.vector[table.start : table.start + table.size].reshape((len(BASES),) * table.emission.bases)
            for axis in range(table.emission.bases):
                total = wide.sum(axis, keepdims=True)
                wide = np.concatenate([wide, total if axis in table.made else total / len(BASES)], axis)
            found[table.wide : table.wide + wide.size] = wide.ravel()
        return found

    @cached_property
    def bases_made(self) -> np.ndarray:
        """Bases that each entry of `emissions` makes."""
        found = np.zeros(self.grammar.wide_tables)
        for table in self.grammar.tables.values():
            found[table.wide : table.wide + _wide_size(table)] = len(table.made)
        return found

    @cached_property
    def lengths(self) -> np.ndarray:
        """All distributions over lengths; 1 where a length is fixed."""
        found = np.ones(self.grammar.wide_lengths)
        for lengths in self.grammar.lengths.values():
            if lengths.start >= 0:
                size = int(np.prod(lengths.shape))
                found[lengths.wide : lengths.wide + size] = self.vector[lengths.start : lengths.start + size]
        return found

    def counted(self, rules: np.ndarray, emissions: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Uses of the programme's weights as uses of the parameters; of a base that is not known, by the parameters' own share."""
        found = np.zeros(self.grammar.size)
        for step, used in zip(self.grammar.steps, rules, strict=True):
            if step.rule >= 0:
                found[step.rule] += used
        for table in self.grammar.tables.values():
            place, size = slice(table.wide, table.wide + _wide_size(table)), (UNKNOWN + 1,) * table.emission.bases
            wide = self.emissions[place]
            share = np.where(wide > 0, emissions[place] / np.where(wide > 0, wide, 1.0), 0.0).reshape(size)
            for axis in range(table.emission.bases):
                known, unknown = np.split(share, [len(BASES)], axis)
                share = known + (unknown if axis in table.made else unknown / len(BASES))
            own = slice(table.start, table.start + table.size)
            found[own] = share.ravel() * self.vector[own]
        for held in self.grammar.lengths.values():
            if held.start >= 0:
                count = int(np.prod(held.shape))
                found[held.start : held.start + count] = lengths[held.wide : held.wide + count]
        return found


def _wide_size(table: Table) -> int:
    return int((UNKNOWN + 1) ** table.emission.bases)

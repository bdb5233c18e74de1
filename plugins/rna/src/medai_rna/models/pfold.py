"""Pfold: the consensus structure of an alignment by a grammar and a model of evolution (Knudsen and Hein 1999 and 2003)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Context, Feed, Pairs, Progress
from medai.tasks import Sequence as Letters
from medai_rna.alignment import MISSING, codes_of, rows_of
from medai_rna.folding.decode import mea
from medai_rna.folding.problem import each
from medai_rna.grammars.columns import ready_columns
from medai_rna.grammars.evolution import Changes, changes_in, column_likelihoods, distances, estimated, neighbour_joining
from medai_rna.grammars.grammar import grammar_of
from medai_rna.grammars.learning import Example, expectation
from medai_rna.grammars.library import KNUDSEN_HEIN, KNUDSEN_HEIN_PAIR, KNUDSEN_HEIN_SINGLE
from medai_rna.grammars.parsing import Weights, filled, pairs_of, strand_of
from medai_rna.grammars.tracing import trace
from medai_rna.grammars.uses import spread
from medai_rna.models.grammars import GrammarDecode
from medai_rna.probable import ProbablePairs


class Pfold:
    """Knudsen and Hein's grammar, whose emissions are likelihoods of columns: bases and pairs that evolve along a tree of the rows.

    The tree comes from the rows' distances (Jukes and Cantor) by neighbour joining; gaps are missing data. A single sequence is an
    alignment of one row, and needs no tree. Probabilities of rules and frequencies begin at the published ones; those, and the rates of
    changes, are learnt by counting in alignments with known structures.

    Args:
        prior: bases, pairs and uses of each rule that count for what is published.
        decode: `mea`, as in Pfold, or `cyk`.
        gamma: of `mea`.
        rows: of an alignment, at most; of more, this many evenly spread ones are looked at.
        occupied: share of the rows that have both bases of a pair, at least.
    """

    def __init__(
        self, prior: float = 10.0, decode: GrammarDecode = "mea", gamma: float = 2.0, rows: int = 10, occupied: float = 0.25
    ) -> None:
        if decode not in ("cyk", "mea"):
            raise UsageError(f"decode = {decode!r}: cyk or mea")
        if not prior > 0 or not gamma > 0 or rows < 1:
            raise UsageError(f"prior = {prior}, gamma = {gamma}, rows = {rows}: all are above 0")
        if not 0 <= occupied <= 1:
            raise UsageError(f"occupied = {occupied}: not from 0 to 1")
        self.prior, self.decode, self.gamma, self.rows, self.occupied = prior, decode, gamma, rows, occupied
        self.grammar = grammar_of(KNUDSEN_HEIN)
        self.parameters = self.grammar.even()
        self.evolution = estimated(Changes.none(), *self._published, prior)
        self.done = False

    @property
    def _published(self) -> tuple[np.ndarray, np.ndarray]:
        single, pair = np.array(KNUDSEN_HEIN_SINGLE), np.array(KNUDSEN_HEIN_PAIR).ravel()
        return single / single.sum(), pair / pair.sum()

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A nested structure over the columns of each alignment, with three columns or more in each hairpin."""
        return each(self._decoded, list(batch.inputs))

    def fit(self, train: Feed[Letters, Pairs], valid: Feed[Letters, Pairs] | None, context: Context) -> Iterator[Progress]:
        """Count rules, bases, pairs and changes; one step.

        Raises:
            DataError: no training alignment has a structure.
        """
        if self.done:
            return
        known = [sample for sample in train.samples() if sample.reference is not None]
        examples = [Example.of(sample.case.id, sample.inputs.letters, sample.reference) for sample in known]
        if not examples:
            raise DataError("no training alignment has a structure")
        published = self.grammar.even()
        found = expectation(Weights(self.grammar, published), examples)
        self.parameters = self.grammar.normalised(found.counts + self.prior * published)
        seen = Changes.none()
        for sample, example in zip(known, examples, strict=True):
            assert example.structure is not None
            seen += changes_in(self._codes(sample.inputs), example.structure.pairs)
        self.evolution = estimated(seen, *self._published, self.prior)
        self.done = True
        yield Progress(1, 1, True, {"nll_per_base": -found.per_base}, total=1)

    def state_dict(self) -> dict[str, Any]:
        """The grammar's parameters, frequencies and rates."""
        return {"parameters": self.parameters, "done": self.done, **vars(self.evolution)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state."""
        self.parameters = np.asarray(state["parameters"], dtype=np.float64)
        names = ("single", "pair", "single_rates", "pair_rates")
        self.evolution = type(self.evolution)(*(np.asarray(state[name], dtype=np.float64) for name in names))
        self.done = bool(state["done"])

    def _codes(self, inputs: Letters) -> np.ndarray:
        rows: Sequence[str] = rows_of(inputs)
        chosen = np.unique(np.linspace(0, len(rows) - 1, min(self.rows, len(rows))).round().astype(int))
        return codes_of([rows[place] for place in chosen])

    def _decoded(self, inputs: Letters) -> Pairs:
        codes = self._codes(inputs)
        strand = strand_of("N" * codes.shape[1])
        there = (codes != MISSING).astype(np.float64)
        strand.pairs[there.T @ there < self.occupied * len(codes)] = 0
        single, pair = column_likelihoods(codes, neighbour_joining(distances(codes)), self.evolution)
        ready = ready_columns(Weights(self.grammar, self.parameters), single, pair, strand)
        if self.decode == "cyk":
            found = filled(ready, best=True)
            return pairs_of(trace(*ready.scaled(found.scale), found.chart)[4])
        found = filled(ready)
        probabilities = spread(*ready.scaled(found.scale), found.chart, found.turned)[4]
        return ProbablePairs.chosen(mea(probabilities, self.gamma), probabilities)

"""Sato et al. 2010: a grammar that has as many nonterminals as its data support."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from medai.errors import DataError, UsageError
from medai.tasks import Context, Feed, Pairs, Progress
from medai.tasks import Sequence as Letters
from medai_rna.grammars.hierarchical import Hierarchy, dirichlet_divergence, even_sticks, hierarchical_grammar
from medai_rna.grammars.learning import expectation, not_made, settled
from medai_rna.grammars.parsing import Weights
from medai_rna.losses.likelihood import EmLikelihood
from medai_rna.models.grammars import GrammarDecode, GrammarModel

_KINDS = (0.15, 0.3, 0.1, 0.35, 0.1)
"""Of the base measure: a last base, one on the left, one on the right, a pair, two nonterminals."""

_MOST = 20


class HdpScfg(GrammarModel):
    """A stochastic context-free grammar under a hierarchical Dirichlet process (J. Bioinform. Comput. Biol. 2010, 8:727).

    Every nonterminal makes a base on either side, a pair, or two others, with emissions of its own; how many are used is learnt, up to
    `nonterminals`. Inference is variational: rounds of expectation over the derivations that make the known structures, Dirichlets over
    rules and emissions, and a point for the top-level weights. Predictions are made by the posterior means.

    Args:
        nonterminals: beside the start, at most.
        strength: of the Dirichlet process of each nonterminal's rules, in rules used beforehand.
        concentration: of the breaking of the stick; the lower, the fewer nonterminals.
        prior: uses of each entry of a table beforehand.
        decode: `mea` or `cyk`.
        gamma: of `mea`.
        canonical: whether predictions hold canonical pairs alone.
        rounds: at most.
        tolerance: learning ends when a round raises the bound per base by less.
    """

    def __init__(
        self,
        nonterminals: int = 6,
        strength: float = 10.0,
        concentration: float = 1.0,
        prior: float = 1.0,
        decode: GrammarDecode = "mea",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 40,
        tolerance: float = 1e-4,
    ) -> None:
        if not 1 <= nonterminals <= _MOST:
            raise UsageError(f"nonterminals = {nonterminals}: not from 1 to {_MOST}")
        if not strength > 0 or not concentration > 0 or not prior > 0:
            raise UsageError(f"strength = {strength}, concentration = {concentration}, prior = {prior}: all are above 0")
        super().__init__(hierarchical_grammar(nonterminals), prior, decode, gamma, canonical, rounds, tolerance)
        self.strength, self.concentration = strength, concentration
        self.hierarchy = Hierarchy.of(self.grammar, nonterminals)
        self.sticks = even_sticks(nonterminals, concentration)
        self.counts = np.zeros(self.grammar.size)

    @property
    def effective(self) -> int:
        """Nonterminals that a hundredth or more of all rules used belong to."""
        return self.hierarchy.effective(self.counts)

    @property
    def _base(self) -> np.ndarray:
        return self.hierarchy.base(self.sticks, np.array(_KINDS))

    @property
    def _dirichlets(self) -> np.ndarray:
        """The priors' uses of all parameters."""
        found = np.where(self.grammar.blocks >= 0, self.prior, 0.0)
        found[: len(self.hierarchy.kinds)] = self.strength * self._base
        return found

    def fit(self, train: Feed[Letters, Pairs], valid: Feed[Letters, Pairs] | None, context: Context) -> Iterator[Progress]:
        """Rounds of variational inference; one step is one round.

        Raises:
            DataError: the grammar can make none of the training sequences.
        """
        examples, kinds = self._examples(train), np.array(_KINDS)
        loss, limit = context.loss or EmLikelihood(), context.train.steps or self.rounds
        while self.round < limit:
            weights = Weights(self.grammar, self._weights(context.seed))
            found = expectation(weights, examples)
            if found.impossible and self.round == 0:
                context.note(not_made(found.impossible))
            if not found.bases:
                raise DataError("the grammar can make none of the training sequences")
            objective = -math.inf if self.round == 0 else (found.log_likelihood - self._divergence()) / found.bases
            done = self.round > 1 and settled(self.objective, objective, self.tolerance)
            self.counts = found.counts
            self.sticks = self.hierarchy.new_sticks(found.counts, self.sticks, kinds, self.strength, self.concentration)
            self.parameters = self.grammar.normalised(self.counts + self._dirichlets)
            self.round, self.objective = self.round + 1, objective
            losses = {**self._losses(loss, found), "nonterminals": float(self.effective)}
            yield Progress(self.round, self.round, True, losses, total=limit)
            if done:
                return

    def state_dict(self) -> dict[str, Any]:
        """As every grammar's, the expected uses, the top-level weights, and how many nonterminals are used."""
        return {**super().state_dict(), "counts": self.counts, "sticks": self.sticks, "nonterminals": self.effective}

    def _take_up(self, state: Mapping[str, Any]) -> None:
        super()._take_up(state)
        self.counts, self.sticks = (np.asarray(state[name], dtype=np.float64) for name in ("counts", "sticks"))

    def _weights(self, seed: int) -> np.ndarray:
        if self.round:
            flat = np.where(self.grammar.blocks >= 0, self.prior, 0.0)
            return self.hierarchy.variational(self.counts, self._base, self.strength, flat)
        # Nonterminals that began alike would stay alike.
        start = self.grammar.even()
        start[: len(self.hierarchy.kinds)] = self._base
        return self.grammar.normalised(start * np.random.default_rng(seed).gamma(2.0, size=len(start)))

    def _divergence(self) -> float:
        return dirichlet_divergence(self.counts + self._dirichlets, self._dirichlets, self.grammar.blocks)

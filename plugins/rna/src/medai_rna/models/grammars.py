"""Models that are grammars: learning by rounds of expectation maximisation, and structures out of derivations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch

from medai.errors import DataError, PluginError, UsageError
from medai.tasks import Batch, Context, Feed, Pairs, Progress
from medai.tasks import Sequence as Letters
from medai_rna.folding.decode import mea
from medai_rna.folding.problem import each
from medai_rna.grammars.grammar import Grammar, grammar_of
from medai_rna.grammars.learning import Example, Expectation, expectation, log_prior, not_made, prior_of, settled
from medai_rna.grammars.library import DOWELL_EDDY, KNUDSEN_HEIN, TORNADO
from medai_rna.grammars.parsing import Weights, best, expected, strand_of
from medai_rna.losses.likelihood import EmLikelihood
from medai_rna.probable import ProbablePairs

GrammarDecode = Literal["cyk", "mea"]
"""`cyk` is the structure of the most probable derivation, `mea` that of the largest expected accuracy."""


class GrammarModel:
    """A stochastic context-free grammar that learns by expectation maximisation.

    Each round finds how often each parameter is used, on average over the derivations of the training sequences; where a structure is
    known, over those alone that make it, which for an unambiguous grammar is plain counting. Of a structure the largest nested part is
    learnt from, without pairs around fewer than three bases.

    Args:
        grammar: the text of the grammar.
        prior: uses of each parameter beforehand.
        decode: how a structure is chosen.
        gamma: of `mea`: what a pair is worth against unpaired bases; the higher, the more pairs.
        canonical: whether predictions hold A with U, G with C and G with U alone, not any pair by its probability.
        rounds: of expectation maximisation, at most.
        tolerance: learning ends when a round raises the log likelihood per base by less.
    """

    def __init__(
        self,
        grammar: str,
        prior: float = 1.0,
        decode: GrammarDecode = "mea",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 20,
        tolerance: float = 1e-5,
    ) -> None:
        if decode not in ("cyk", "mea"):
            raise UsageError(f"decode = {decode!r}: cyk or mea")
        for name, value, least in (("prior", prior, 0.0), ("gamma", gamma, 1e-9), ("rounds", rounds, 1), ("tolerance", tolerance, 0.0)):
            if not value >= least:
                raise UsageError(f"{name} = {value}: too small")
        self.prior, self.decode, self.gamma, self.canonical = prior, decode, gamma, canonical
        self.rounds, self.tolerance = rounds, tolerance
        self.grammar: Grammar = grammar_of(grammar)
        self.parameters: np.ndarray = self.grammar.even()
        self.round, self.objective = 0, -math.inf

    @property
    def weights(self) -> Weights:
        """The grammar with what it has learnt."""
        return Weights(self.grammar, self.parameters)

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        """A nested structure for each sequence, with three unpaired bases or more in each hairpin; of `mea`, with probabilities."""
        return each(self._decoded, list(batch.inputs))

    def fit(self, train: Feed[Letters, Pairs], valid: Feed[Letters, Pairs] | None, context: Context) -> Iterator[Progress]:
        """Rounds of expectation maximisation; one step is one round.

        Raises:
            DataError: the grammar can make none of the training sequences.
        """
        examples = self._examples(train)
        loss = context.loss or EmLikelihood()
        limit = context.train.steps or self.rounds
        while self.round < limit:
            weights = self.weights
            found = self._expectation(weights, examples)
            if found.impossible and self.round == 0:
                context.note(not_made(found.impossible))
            if not found.bases:
                raise DataError("the grammar can make none of the training sequences")
            objective = (found.log_likelihood + log_prior(self.parameters, self._prior)) / found.bases
            learnt = self._maximised(found)
            # Where all structures are known and the grammar is unambiguous, one round is all.
            done = settled(self.objective, objective, self.tolerance) or np.allclose(learnt, self.parameters, rtol=0.0, atol=1e-12)
            self.parameters = learnt
            self.round, self.objective = self.round + 1, objective
            yield Progress(self.round, self.round, True, self._losses(loss, found), total=limit)
            if done:
                return

    def state_dict(self) -> dict[str, Any]:
        """The grammar's text, the parameters, and how far learning is."""
        objective = self.objective if math.isfinite(self.objective) else None
        return {"grammar": self.grammar.text, "parameters": self.parameters, "round": self.round, "objective": objective}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state.

        Raises:
            PluginError: it is that of another grammar.
        """
        if state["grammar"] != self.grammar.text:
            raise PluginError("the state is that of another grammar")
        self._take_up(state)

    def _take_up(self, state: Mapping[str, Any]) -> None:
        self.parameters = np.asarray(state["parameters"], dtype=np.float64)
        self.round = int(state["round"])
        self.objective = -math.inf if state["objective"] is None else float(state["objective"])

    @property
    def _prior(self) -> np.ndarray:
        return prior_of(self.grammar, self.prior)

    def _examples(self, train: Feed[Letters, Pairs]) -> list[Example]:
        return [Example.of(sample.case.id, sample.inputs.letters, sample.reference) for sample in train.samples()]

    def _expectation(self, weights: Weights, examples: list[Example]) -> Expectation:
        return expectation(weights, examples)

    def _maximised(self, found: Expectation) -> np.ndarray:
        """The M-step: the parameters of the largest expected log likelihood with the prior."""
        return self.grammar.normalised(found.counts + self._prior)

    def _losses(self, loss: Any, found: Expectation) -> dict[str, Any]:
        logs = torch.from_numpy(np.log(np.where(self.parameters > 0, self.parameters, 1.0)))
        value = loss(logs, torch.from_numpy(found.counts))
        return {**(value if isinstance(value, Mapping) else {"em": value}), "nll_per_base": -found.per_base}

    def _decoded(self, inputs: Letters) -> Pairs:
        strand = strand_of(inputs.letters, canonical=self.canonical)
        if self.decode == "cyk":
            return best(self.weights, strand).structure
        probabilities = expected(self.weights, strand).probabilities
        return ProbablePairs.chosen(mea(probabilities, self.gamma), probabilities)


class Scfg(GrammarModel):
    """A stochastic context-free grammar of one's own; all else as `GrammarModel` says.

    Args:
        grammar: its text. `S -> L S | L`, a line for each nonterminal, the start first; `a F a'` is a pair around what F makes, `a` an
            unpaired base, `e` nothing, `[c] a F a' [c']` a pair that depends on the one around it, and `x{3..30}` a number of unpaired
            bases with a distribution. Probabilities to begin with stand behind rules, `(0.87)`. By default Knudsen and Hein's.
        prior: uses of each parameter beforehand.
        decode: `cyk` or `mea`.
        gamma: of `mea`.
        canonical: whether predictions hold canonical pairs alone.
        rounds: of expectation maximisation, at most.
        tolerance: learning ends when a round raises the log likelihood per base by less.
    """

    def __init__(
        self,
        grammar: str = KNUDSEN_HEIN,
        prior: float = 1.0,
        decode: GrammarDecode = "mea",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 20,
        tolerance: float = 1e-5,
    ) -> None:
        super().__init__(grammar, prior, decode, gamma, canonical, rounds, tolerance)


class DowellEddy(GrammarModel):
    """One of the nine small grammars that Dowell and Eddy compared (BMC Bioinformatics 2004, 5:71), learnt by counting.

    G6, which is Knudsen and Hein's, was among the best four, with 21 free parameters; G6S is G6 with stacked pairs. G1 and G2 are
    ambiguous, so that one structure has several derivations, and learn by expectation maximisation.

    Args:
        grammar: `G1` to `G8`, or `G6S`.
        prior: uses of each parameter beforehand; 1 is Laplace's rule, as in the paper.
        decode: `cyk`, as in the paper, or `mea`.
        gamma: of `mea`.
        canonical: whether predictions hold canonical pairs alone.
        rounds: at most; an unambiguous grammar has learnt after one, and a second shows it.
    """

    def __init__(
        self,
        grammar: Literal["G1", "G2", "G3", "G4", "G5", "G6", "G6S", "G7", "G8"] = "G6S",
        prior: float = 1.0,
        decode: GrammarDecode = "cyk",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 20,
    ) -> None:
        if grammar not in DOWELL_EDDY:
            raise UsageError(f"grammar = {grammar!r}: one of {', '.join(DOWELL_EDDY)}")
        super().__init__(DOWELL_EDDY[grammar], prior, decode, gamma, canonical, rounds)


class Tornado(GrammarModel):
    """Grammars from loops with lengths to nearly the nearest-neighbour model, after Rivas, Lang and Eddy (RNA 2012, 18:193).

    Parameters have the largest posterior probability, in effect by counting: the grammars are unambiguous. Numbers of unpaired bases have
    a prior that falls with each base, all else an even one.

    Args:
        grammar: `basic`, `stacking` or `nearest-neighbour`.
        prior: uses of each parameter beforehand.
        decode: `mea`, as in the paper, or `cyk`.
        gamma: of `mea`.
        canonical: whether predictions hold canonical pairs alone.
        rounds: at most; one is nearly all, for the neighbours that the ends of sequences lack are expected alone.
    """

    def __init__(
        self,
        grammar: Literal["basic", "stacking", "nearest-neighbour"] = "nearest-neighbour",
        prior: float = 0.2,
        decode: GrammarDecode = "mea",
        gamma: float = 2.0,
        canonical: bool = True,
        rounds: int = 20,
    ) -> None:
        if grammar not in TORNADO:
            raise UsageError(f"grammar = {grammar!r}: one of {', '.join(TORNADO)}")
        super().__init__(TORNADO[grammar], prior, decode, gamma, canonical, rounds)

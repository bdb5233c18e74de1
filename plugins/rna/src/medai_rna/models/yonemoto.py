"""Yonemoto, Asai and Hamada 2015: grammar and conditional random field in one, learnt from structures and from sequences alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from scipy.optimize import minimize

from medai.errors import DataError, UsageError
from medai.tasks import Context, Feed, Pairs, Progress
from medai.tasks import Sequence as Letters
from medai_rna.grammars.learning import Example, expectation, not_made
from medai_rna.grammars.library import AMBIGUOUS, DOWELL_EDDY, TORNADO
from medai_rna.grammars.parsing import Strand, Weights, strand_of
from medai_rna.losses.likelihood import EmLikelihood
from medai_rna.models.grammars import GrammarDecode, GrammarModel
from medai_rna.nested import canonical

_GRAMMARS = {name: text for name, text in {**DOWELL_EDDY, **TORNADO}.items() if name not in AMBIGUOUS}


class Yonemoto(GrammarModel):
    """A hybrid of a stochastic context-free grammar and a conditional random field (Comput. Biol. Chem. 2015, 57:72).

    R(y | x) is proportional to exp(l . f(x, y)) p(x, y; t)^b, where f counts how often a derivation uses each parameter of the grammar, p
    is its probability under the grammar with probabilities t, and b the balance of the two: the hybrid of Suzuki and Isozaki (ACL 2008)
    for language, which the paper brought to structures. Two steps take turns, each with the other's parameters fixed:

    1. l and b maximise the conditional likelihood of the known structures, with a Gaussian prior, by L-BFGS;
    2. t takes a step of expectation maximisation, by which the likelihood of the sequences without structures under the hybrid, summed
       over all y, and that of the known structures under the grammar, rise.

    Args:
        grammar: whose rules and emissions are the features; one of Dowell and Eddy's that are not ambiguous, or of the grammars of loops
            after Rivas et al., which take several times as long.
        prior: uses of each parameter of the grammar beforehand.
        l2: half the inverse variance of the prior on l, which is around 0, and on b, around 1.
        unlabelled: what a sequence without a structure counts in the second step; 0: they are not learnt from.
        iterations: of L-BFGS in each round.
        decode: `mea` or `cyk`, by the hybrid.
        gamma: of `mea`.
        canonical: whether canonical pairs alone are learnt from and predicted.
        rounds: of both steps.
    """

    def __init__(
        self,
        grammar: Literal["G3", "G4", "G5", "G6", "G6S", "G7", "G8", "basic", "stacking", "nearest-neighbour"] = "G6S",
        prior: float = 1.0,
        l2: float = 0.5,
        unlabelled: float = 1.0,
        iterations: int = 10,
        decode: GrammarDecode = "mea",
        gamma: float = 2.0,
        canonical: bool = False,
        rounds: int = 5,
    ) -> None:
        if grammar not in _GRAMMARS:
            raise UsageError(f"grammar = {grammar!r}: one of {', '.join(_GRAMMARS)}")
        for name, value in (("l2", l2), ("unlabelled", unlabelled), ("iterations", iterations - 1)):
            if not value >= 0:
                raise UsageError(f"{name} = {value}: too small")
        super().__init__(_GRAMMARS[grammar], prior, decode, gamma, canonical, rounds)
        self.l2, self.unlabelled, self.iterations = l2, unlabelled, iterations
        self.factors, self.balance = np.zeros(self.grammar.size), 1.0

    @property
    def weights(self) -> Weights:
        """The hybrid's weights of the grammar's parameters."""
        return self._hybrid(self.factors, self.balance)

    def fit(self, train: Feed[Letters, Pairs], valid: Feed[Letters, Pairs] | None, context: Context) -> Iterator[Progress]:
        """Rounds of the two steps; one step is one round.

        Raises:
            DataError: no training sequence has a structure that the grammar can make.
        """
        examples = self._examples(train)
        known, alone = [each for each in examples if each.structure is not None], [each for each in examples if each.structure is None]
        direct = expectation(Weights(self.grammar, self.grammar.even()), known)
        known = [example for example in known if example.id not in direct.impossible]
        if not known:
            raise DataError("no training sequence has a structure that the grammar can make")
        if self.round == 0:
            if not alone:
                context.note("every training sequence has a structure: nothing is learnt from sequences alone")
            if direct.impossible:
                context.note(not_made(direct.impossible))
            self.parameters = self.grammar.normalised(direct.counts + self._prior)
        loss, limit = context.loss or EmLikelihood(), context.train.steps or self.rounds
        while self.round < limit:
            conditional = self._discriminative(known, direct.counts)
            used = direct.counts + self.unlabelled * expectation(self.weights, alone, self._free).counts if alone else direct.counts
            self.parameters = self.grammar.normalised(self.balance * used + self._prior)
            self.round += 1
            logs = torch.from_numpy(_logs(self.parameters))
            value = loss(logs, torch.from_numpy(used))
            losses = {"conditional": conditional, **(value if isinstance(value, Mapping) else {"em": value})}
            yield Progress(self.round, self.round, True, losses, total=limit)

    def state_dict(self) -> dict[str, Any]:
        """As every grammar's, and the random field's factors with the balance."""
        return {**super().state_dict(), "factors": self.factors, "balance": self.balance}

    def _take_up(self, state: Mapping[str, Any]) -> None:
        super()._take_up(state)
        self.factors, self.balance = np.asarray(state["factors"], dtype=np.float64), float(state["balance"])

    def _examples(self, train: Feed[Letters, Pairs]) -> list[Example]:
        found = super()._examples(train)
        if not self.canonical:
            return found
        return [each if each.structure is None else replace(each, structure=canonical(each.structure, each.letters)) for each in found]

    def _free(self, example: Example) -> Strand:
        return strand_of(example.letters, canonical=self.canonical)

    def _hybrid(self, factors: np.ndarray, balance: float) -> Weights:
        return Weights(self.grammar, np.where(self.grammar.blocks >= 0, np.exp(factors + balance * _logs(self.parameters)), 0.0))

    def _discriminative(self, known: Sequence[Example], direct: np.ndarray) -> float:
        """The first step; gives the conditional negative log likelihood per base that it reaches, without the prior."""
        logs, bases = _logs(self.parameters), sum(len(example.letters) for example in known)
        reached = 0.0

        def objective(vector: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal reached
            factors, balance = vector[:-1], float(vector[-1])
            found = expectation(self._hybrid(factors, balance), known, self._free)
            reached = (found.log_likelihood - float(direct @ (factors + balance * logs))) / bases
            excess = found.counts - direct
            penalty = self.l2 * (float(factors @ factors) + (balance - 1.0) ** 2)
            slopes = np.append(excess + 2 * self.l2 * factors, float(excess @ logs) + 2 * self.l2 * (balance - 1.0))
            return reached + penalty / bases, slopes / bases

        bounds = [(None, None)] * len(self.factors) + [(0.05, None)]
        found = minimize(
            objective,
            np.append(self.factors, self.balance),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": self.iterations, "ftol": 1e-10, "gtol": 1e-9},
        )
        objective(found.x)
        self.factors, self.balance = found.x[:-1].copy(), float(found.x[-1])
        return reached


def _logs(parameters: np.ndarray) -> np.ndarray:
    return np.log(np.where(parameters > 0, parameters, 1.0))

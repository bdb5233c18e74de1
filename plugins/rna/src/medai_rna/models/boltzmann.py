"""Energies by the likelihood of known structures in the Boltzmann ensemble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from medai.errors import UsageError
from medai.tasks import Context, Feed, Progress
from medai_rna.energies.tables import thermal
from medai_rna.folding.ensemble import expected_counts
from medai_rna.folding.problem import Counts, Folding, each
from medai_rna.folding.room import in_training
from medai_rna.models.energies import Known, LearntEnergies, total
from medai_rna.models.scored import Decode


class BoltzmannLikelihood(LearntEnergies):
    """Maximises the conditional likelihood of the known structures, P(y | x) = exp(-E(y) / kT) / Z(x), with a Gaussian prior around the
    tables and, where given, the likelihood of melting data; by L-BFGS-B, with expected counts of the ensemble as gradient.

    A round is some iterations of the optimiser. Andronescu, Condon, Hoos, Mathews and Murphy 2010, doi:10.1261/rna.1950510, section
    "Boltzmann Likelihood"; energies are tied in the groups of `energies.tied.Tied`, 229 with Turner's tables, where the paper has 363.

    Args:
        energies: tables to start from: a published name, or a file of the format `.par`.
        spread: standard deviation of the moves' prior, kcal/mol.
        iterations: of a round.
        melting: a CSV file of duplexes (`strand1,strand2,dG37,sd`); None: there are none.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(
        self,
        energies: str = "turner-2004",
        spread: float = 0.3,
        iterations: int = 5,
        melting: str | None = None,
        decode: Decode = "mfe",
        gamma: float = 1.0,
    ) -> None:
        super().__init__(energies, spread, melting, decode, gamma)
        if iterations < 1:
            raise UsageError(f"iterations = {iterations}: not 1 or more")
        self.iterations = iterations

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Learn; one step is one round.

        Raises:
            DataError: no structure can be learnt from, or the melting data cannot be used.
        """
        if self.rounds >= total(context):
            return
        self.load_melting()
        known = self.known(train, context)
        limits = [(-np.inf, limit) for limit in self.tied.highest]
        options: Any = {"maxiter": self.iterations}
        for number in self.left(context):
            self.rounds = number
            found = minimize(self.objective, self.moves, (known,), method="L-BFGS-B", jac=True, bounds=limits, options=options)
            self.moves = found.x
            mean = float(found.fun) / len(known)
            yield Progress(self.rounds, self.rounds, True, {"objective": mean}, total=total(context))

    def objective(self, moves: np.ndarray, known: Sequence[Known]) -> tuple[float, np.ndarray]:
        """Minus the logarithm of the posterior, without constants, and its gradient with respect to the moves, (K,)."""
        scores, kt = self.scores(moves), thermal()
        value, slope = self.prior(moves)
        used = np.zeros(self.tied.effects.shape[0])

        def expected(one: Known) -> tuple[float, Counts]:
            with in_training(one.case):
                return expected_counts(Folding(one.letters, scores))

        for log_partition, counts in each(expected, known):
            value += log_partition
            used += counts.tables
        for one in known:
            value += (one.base + one.uses @ moves) / kt
            slope = slope + one.uses / kt
        return value, slope - self.tied.effects.T @ used / kt

"""Energies by constraint generation: what the best structure should not have been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from medai.errors import PluginError, UsageError
from medai.tasks import Context, Feed, Pairs, Progress
from medai_rna.energies.tables import thermal
from medai_rna.folding.best import best_structure
from medai_rna.folding.problem import Folding, each
from medai_rna.folding.room import in_training
from medai_rna.folding.scores import Scores
from medai_rna.folding.structure import counts_of
from medai_rna.models.energies import Known, LearntEnergies, total
from medai_rna.models.scored import Decode
from medai_rna.scored import with_margin

_TIE = 1e-6


class ConstraintGeneration(LearntEnergies):
    """Constraint generation (CG): each known structure shall have no more energy than any other structure of its sequence.

    A round predicts every structure with the energies that there are, adds a constraint for each one that has less energy than the known
    structure, and solves for the moves: the sum of the constraints' squared slacks, the moves' squares by their prior, and the squared
    residuals of melting data, where given, are least together; no move is larger than a bound. The program is convex and quadratic in
    pieces, and L-BFGS-B solves it. Andronescu, Condon, Hoos, Mathews and Murphy 2007, doi:10.1093/bioinformatics/btm223; energies are
    tied in the groups of `energies.tied.Tied`, 229 with Turner's tables, where the paper has 363.

    Args:
        energies: tables to start from: a published name, or a file of the format `.par`.
        spread: standard deviation of the moves' prior, kcal/mol.
        slack: weight of the squared slacks' sum per known structure, in 1 / (kcal/mol)^2.
        bound: kcal/mol, the largest move.
        melting: a CSV file of duplexes (`strand1,strand2,dG37,sd`); None: there are none.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(
        self,
        energies: str = "turner-2004",
        spread: float = 0.3,
        slack: float = 0.5,
        bound: float = 1.0,
        melting: str | None = None,
        decode: Decode = "mfe",
        gamma: float = 1.0,
    ) -> None:
        super().__init__(energies, spread, melting, decode, gamma)
        for name, value in (("slack", slack), ("bound", bound)):
            if value <= 0:
                raise UsageError(f"{name} = {value}: not above 0")
        self.slack, self.bound = slack, bound
        # Of each constraint: what the known structure has too much of, (n, K), and in energy by the tables, (n,).
        self._excess, self._offsets = np.zeros((0, len(self.tied))), np.zeros(0)

    def fit(self, train: Feed[Any, Any], valid: Feed[Any, Any] | None, context: Context) -> Iterator[Progress]:
        """Learn; one step is one round. Learning ends before its time where no constraint is new.

        Raises:
            DataError: no structure can be learnt from, or the melting data cannot be used.
        """
        if self.rounds >= total(context):
            return
        self.load_melting()
        known = self.known(train, context)
        for number in self.left(context):
            self.rounds = number
            new = self._violated(known)
            if new:
                self._excess = np.vstack([self._excess, *(excess for excess, _ in new)])
                self._offsets = np.append(self._offsets, [offset for _, offset in new])
                self._solve(len(known))
            losses = {"violated": len(new) / len(known), "slack": float(np.mean(self._slacks(self.moves))) if len(self._offsets) else 0.0}
            yield Progress(self.rounds, self.rounds, True, losses, total=total(context))
            if not new:
                return

    def state_dict(self) -> dict[str, Any]:
        """The moves, the rounds, and the constraints so far: excess, float64 (n, K), and offsets, (n,)."""
        return {**super().state_dict(), "excess": self._excess.copy(), "offsets": self._offsets.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up a state."""
        super().load_state_dict(state)
        excess, offsets = (np.asarray(state[name], dtype=np.float64) for name in ("excess", "offsets"))
        if excess.shape != (len(offsets), len(self.tied)):
            raise PluginError(f"the state has constraints of the shape {excess.shape}, not {(len(offsets), len(self.tied))}")
        self._excess, self._offsets = excess.copy(), offsets.copy()

    def _rival(self, known: Known, scores: Scores) -> tuple[Pairs, float]:
        """The structure that the known one is held against, and the margin, kcal/mol, that it shall have at least."""
        return best_structure(Folding(known.letters, scores))[1], 0.0

    def _violated(self, known: list[Known]) -> list[tuple[np.ndarray, float]]:
        scores = self.scores(self.moves)

        def rival_of(one: Known) -> tuple[Pairs, float]:
            with in_training(one.case):
                return self._rival(one, scores)

        rivals = each(rival_of, known)
        found = []
        for one, (rival, margin) in zip(known, rivals, strict=True):
            base, uses = self.measured(counts_of(Folding(one.letters, scores), rival))
            excess, offset = one.uses - uses, one.base - base + margin
            if excess @ self.moves + offset > _TIE and not self._has(excess, offset):
                found.append((excess, offset))
        return found

    def _has(self, excess: np.ndarray, offset: float) -> bool:
        """Whether the constraint is there: what it asks may still not have been met."""
        alike = np.flatnonzero(np.abs(self._offsets - offset) < _TIE)
        return bool((np.abs(self._excess[alike] - excess) < _TIE).all(axis=1).any())

    def _slacks(self, moves: np.ndarray) -> np.ndarray:
        return np.maximum(self._excess @ moves + self._offsets, 0.0)

    def _solve(self, count: int) -> None:
        limits = [(-self.bound, min(self.bound, limit)) for limit in self.tied.highest]
        self.moves = minimize(
            self._objective, self.moves, (count,), method="L-BFGS-B", jac=True, bounds=limits, options={"maxiter": 1000}
        ).x

    def _objective(self, moves: np.ndarray, count: int) -> tuple[float, np.ndarray]:
        value, slope = self.prior(moves)
        slacks, weight = self._slacks(moves), self.slack / count
        return value + 0.5 * weight * float(slacks @ slacks), slope + weight * slacks @ self._excess


class LossAugmentedConstraintGeneration(ConstraintGeneration):
    """Constraint generation with a margin (LAM-CG): each known structure shall have less energy than any other of its sequence, by a
    margin that grows with the pairs in which the two differ.

    The structures that constraints are made of are the best ones once each of their errors has made them better by the margin: the loss
    is added to their scores. Andronescu, Condon, Hoos, Mathews and Murphy 2010, doi:10.1261/rna.1950510, section "Loss-augmented
    max-margin constraint generation"; the rest is as in `ConstraintGeneration`.

    Args:
        energies: tables to start from: a published name, or a file of the format `.par`.
        spread: standard deviation of the moves' prior, kcal/mol.
        slack: weight of the squared slacks' sum per known structure, in 1 / (kcal/mol)^2.
        bound: kcal/mol, the largest move.
        margin: kcal/mol for each pair that is missing or too many.
        melting: a CSV file of duplexes (`strand1,strand2,dG37,sd`); None: there are none.
        decode: how a structure is chosen.
        gamma: of `mea`.
    """

    def __init__(
        self,
        energies: str = "turner-2004",
        spread: float = 0.3,
        slack: float = 0.5,
        bound: float = 1.0,
        margin: float = 0.1,
        melting: str | None = None,
        decode: Decode = "mfe",
        gamma: float = 1.0,
    ) -> None:
        super().__init__(energies, spread, slack, bound, melting, decode, gamma)
        if margin < 0:
            raise UsageError(f"margin = {margin}: below 0")
        self.margin = margin

    def _rival(self, known: Known, scores: Scores) -> tuple[Pairs, float]:
        cost = self.margin / thermal()
        folding, _ = with_margin(Folding(known.letters, scores), known.structure, cost, cost)
        rival = best_structure(folding)[1]
        return rival, self.margin * len(set(rival.pairs) ^ set(known.structure.pairs))

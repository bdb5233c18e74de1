"""Losses over all structures of a sequence: likelihood, and margins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from medai.errors import UsageError
from medai.tasks import Pairs
from medai_rna.folding.differentiable import best_score, log_partition, structure_score
from medai_rna.scored import Scored, lengths, with_margin


class ConditionalLogLikelihood:
    """-ln P(structure | sequence), P proportional to exp(score), the mean over a batch; and a Gaussian prior on the weights.

    Do, Woods and Batzoglou 2006 (CONTRAfold), eq. 3; with energies as scores it is the Boltzmann likelihood of Andronescu et al. 2010.
    Takes `Scored` and the B known structures, nested and canonical, and gives scalars by name.

    Args:
        l2: half the inverse variance of the prior, per weight: l2 times the sum of the weights' squares is added. With the sum over
            n structures in place of their mean, it would be n times as large.
    """

    def __init__(self, l2: float = 0.0) -> None:
        if l2 < 0:
            raise UsageError(f"l2 = {l2}: not 0 or more")
        self.l2 = l2

    def __call__(self, output: Scored, target: Sequence[Pairs]) -> dict[str, Tensor]:
        found = log_partition(output.foldings) - structure_score(output.foldings, target)
        losses = {"likelihood": found.mean()}
        if self.l2:
            losses["l2"] = self.l2 * output.weights.square().sum()
        return losses


class StructuredHinge:
    """The margin by which the best of all structures, errors added to its score, outdoes the known one; per base, the mean over a batch.

    max over y of (score(y) + cost(y)) - score(known), where a structure costs `missed` for each known pair that it lacks and `false` for
    each pair too many: Sato, Akiyama and Sakakibara 2021 (MXfold2), eq. 4; Akiyama et al. 2018 (MXfold), eq. 5. Takes `Scored` and the B
    known structures, nested and canonical, and gives scalars by name.

    Args:
        missed: the cost of a known pair that is not there.
        false: the cost of a pair that is not known.
        l1: times the sum of the weights' absolute values.
        l2: times the sum of the weights' squares.
        thermodynamic: times the square of the difference between the known structure's score and that by `Scored.reference`, per base.
    """

    def __init__(self, missed: float = 0.5, false: float = 0.005, l1: float = 0.0, l2: float = 0.0, thermodynamic: float = 0.0) -> None:
        given = {"missed": missed, "false": false, "l1": l1, "l2": l2, "thermodynamic": thermodynamic}
        for name, value in given.items():
            if value < 0:
                raise UsageError(f"{name} = {value}: not 0 or more")
        self.missed, self.false, self.l1, self.l2, self.thermodynamic = missed, false, l1, l2, thermodynamic

    def __call__(self, output: Scored, target: Sequence[Pairs]) -> dict[str, Tensor]:
        size = lengths(output.foldings)
        with_margins = [with_margin(*each, self.missed, self.false) for each in zip(output.foldings, target, strict=True)]
        rest = torch.tensor([constant for _, constant in with_margins], dtype=torch.float64)
        known = structure_score(output.foldings, target)
        rivals = best_score([folding for folding, _ in with_margins]) + rest
        losses = {"hinge": ((rivals - known) / size).mean()}
        if self.l1:
            losses["l1"] = self.l1 * output.weights.abs().sum()
        if self.l2:
            losses["l2"] = self.l2 * output.weights.square().sum()
        if self.thermodynamic:
            if not output.reference:
                raise UsageError("thermodynamic: the model has no energies beside its scores")
            energies = structure_score(output.reference, target).detach()
            losses["thermodynamic"] = self.thermodynamic * ((known - energies).square() / size).mean()
        return losses

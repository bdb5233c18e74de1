"""The objective of constraint generation as a loss."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from medai.errors import UsageError
from medai.tasks import Pairs
from medai_rna.energies import load
from medai_rna.folding.problem import Folding
from medai_rna.losses.constraints import ConstraintGenerationObjective
from medai_rna.scored import Scored

LETTERS = "GGGGAAAACCCC"
BEST = Pairs(((0, 11), (1, 10), (2, 9), (3, 8)), 12)
SHORTER = Pairs(((0, 11), (1, 10), (2, 9)), 12)


def scored() -> tuple[Scored, torch.Tensor]:
    scores = load().scores()
    stack = scores.stack.clone().requires_grad_()
    return Scored((Folding(LETTERS, replace(scores, stack=stack)),), stack), stack


def test_the_best_structure_has_no_slack() -> None:
    output, stack = scored()
    loss = ConstraintGenerationObjective()(output, [BEST])["slack"]
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0 and stack.grad is not None and not stack.grad.any()


def test_the_gradient_tells_the_best_structure_from_the_known_one() -> None:
    """The best has three stacks GG/CC and the known one two: the slack's gradient is itself, once."""
    output, stack = scored()
    loss = ConstraintGenerationObjective()(output, [SHORTER])["slack"]
    torch.autograd.backward(loss)
    slack = float((2 * loss.detach()).sqrt())
    assert slack > 1 and stack.grad is not None
    assert float(stack.grad.sum()) == pytest.approx(slack)


def test_a_margin_is_wanted_for_each_pair_that_differs() -> None:
    output, _ = scored()
    losses = [ConstraintGenerationObjective(margin)(output, [SHORTER])["slack"].detach() for margin in (0.0, 0.1)]
    without, within = (float((2 * loss).sqrt()) for loss in losses)
    assert within == pytest.approx(without + 0.1)


def test_a_margin_below_0_is_refused() -> None:
    with pytest.raises(UsageError, match="margin"):
        ConstraintGenerationObjective(-1.0)

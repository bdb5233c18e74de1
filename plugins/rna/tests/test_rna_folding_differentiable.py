"""Scores and partition functions under torch: values and gradients against all structures of short sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from brute_force import Brute, random_folding, random_letters, random_positions, random_scores
from torch import Tensor

from medai.tasks import Pairs
from medai_rna.folding.differentiable import best_score, log_partition, structure_score
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import Positions, Scores


def learning(folding: Folding) -> tuple[Folding, list[Tensor]]:
    """The folding with scores that take gradients: tables in one vector, planes, unpaired."""
    flat = folding.scores.pack().detach().clone().requires_grad_()
    scores = Scores.unpack(flat, folding.scores.motifs)
    if folding.positions is None:
        return replace(folding, scores=scores), [flat]
    planes, unpaired = (tensor.clone().requires_grad_() for tensor in (folding.positions.planes, folding.positions.unpaired))
    return replace(folding, scores=scores, positions=Positions(planes, unpaired)), [flat, planes, unpaired]


def same(gradients: tuple[Tensor, ...], counts: Counts) -> None:
    for gradient, count in zip(gradients, (counts.tables, counts.planes, counts.unpaired), strict=False):
        assert count is not None
        np.testing.assert_allclose(gradient.numpy(), count, atol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_gradients_are_the_counts_over_all_structures(seed: int) -> None:
    brute = Brute(random_folding(seed, shortest=13))
    folding, scores = learning(brute.folding)
    value = log_partition([folding])
    assert value.item() == pytest.approx(brute.log_partition, abs=1e-9)
    same(torch.autograd.grad(value.sum(), scores), brute.counts(brute.weights))
    value = best_score([folding])
    assert value.item() == pytest.approx(brute.scores.max(), abs=1e-9)
    same(torch.autograd.grad(value.sum(), scores), brute.counts_of(brute.structures[int(brute.scores.argmax())]))
    pairs = brute.structures[-1]
    value = structure_score([folding], [Pairs(pairs, len(folding.letters))])
    assert value.item() == pytest.approx(brute.scores[-1], abs=1e-9)
    same(torch.autograd.grad(value.sum(), scores), brute.counts_of(pairs))


@pytest.mark.parametrize("ask", [log_partition, best_score])
def test_gradients_of_long_sequences_are_slopes(ask: Callable[[list[Folding]], Tensor]) -> None:
    rng = np.random.default_rng(3)
    letters = random_letters(rng, 120)
    folding, scores = learning(Folding(letters, random_scores(rng), random_positions(rng, len(letters))))
    (value,) = ask([folding])
    for score, gradient in zip(scores, torch.autograd.grad(value, scores), strict=True):
        direction = torch.from_numpy(rng.normal(size=score.shape))
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                score += sign * 1e-5 * direction
                ends.append(ask([learning(folding)[0]]).item())
                score -= sign * 1e-5 * direction
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx((gradient * direction).sum().item(), rel=1e-4, abs=1e-4)


def test_shared_tables_and_float32_positions_of_a_batch() -> None:
    rng = np.random.default_rng(5)
    flat = random_scores(rng).pack().requires_grad_()
    shared = Scores.unpack(flat)
    planes = [random_positions(rng, length).planes.float().requires_grad_() for length in (14, 16)]
    foldings = [Folding(random_letters(rng, p.shape[1]), shared, Positions(p, torch.zeros(4, p.shape[1]))) for p in planes]
    foldings.append(Folding("GGGGAAAACCCC", shared))
    weights = (1.0, 2.0, 3.0)
    found = torch.autograd.grad((log_partition(foldings) * torch.tensor(weights)).sum(), [flat, *planes])
    counts = [brute.counts(weight * brute.weights) for weight, brute in zip(weights, map(Brute, foldings), strict=True)]
    np.testing.assert_allclose(found[0], sum(count.tables for count in counts), atol=1e-6)
    for gradient, count in zip(found[1:], counts, strict=False):
        assert gradient.dtype == torch.float32
        assert count.planes is not None
        np.testing.assert_allclose(gradient, count.planes, atol=1e-5)


def test_without_gradients_nothing_is_kept() -> None:
    folding, _ = learning(random_folding(3, shortest=12))
    with torch.no_grad():
        assert not log_partition([folding]).requires_grad
    assert not best_score([random_folding(3)]).requires_grad
    assert log_partition([]).shape == (0,)

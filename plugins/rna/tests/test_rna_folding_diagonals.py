"""The batched engine in torch, against all structures of short sequences and against the compiled one on long ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from brute_force import Brute, random_folding, random_letters, random_positions, random_scores
from torch import Tensor

from medai.errors import DataError
from medai_rna.folding import diagonals, differentiable
from medai_rna.folding.best import best_structure
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import Positions, Scores
from medai_rna.folding.strand import Constraints

Asked = Callable[[list[Folding]], Tensor]
ENGINES = [
    (diagonals.log_partition, differentiable.log_partition),
    (diagonals.best_score, differentiable.best_score),
]


def test_short_sequences_side_by_side() -> None:
    for start in range(0, 160, 8):
        foldings = [random_folding(seed) for seed in range(start, start + 8)]
        brutes = [Brute(folding) for folding in foldings]
        wanted = [brute.log_partition for brute in brutes]
        np.testing.assert_allclose(diagonals.log_partition(foldings), wanted, atol=1e-8)
        np.testing.assert_allclose(diagonals.best_score(foldings), [brute.scores.max() for brute in brutes], atol=1e-8)


@pytest.mark.parametrize(("batched", "alone"), ENGINES)
@pytest.mark.parametrize("places", [False, True])
def test_long_sequences_and_their_gradients(batched: Asked, alone: Asked, places: bool) -> None:
    foldings, scores = learning(torch.device("cpu"), places)
    weights = torch.tensor([1.0, -2.0, 0.5])
    ours, theirs = batched(foldings), alone(foldings)
    np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-6)
    for one, other in zip(*(torch.autograd.grad((found * weights).sum(), scores) for found in (ours, theirs)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(("batched", "alone"), ENGINES)
def test_constraints(batched: Asked, alone: Asked) -> None:
    foldings, _ = learning(torch.device("cpu"), True)
    constrained = []
    for folding in foldings:
        _, structure = best_structure(folding)
        kept = Constraints(paired=structure.pairs[::3], forbidden=structure.pairs[1::3], unpaired=(structure.pairs[-1][0] + 1,))
        constrained.append(replace(folding, constraints=kept))
    found = batched(constrained)
    np.testing.assert_allclose(found.detach(), alone(constrained).detach(), atol=1e-6)
    assert (found < batched(foldings)).all()


def test_what_no_structure_meets() -> None:
    letters = "G" + "A" * 20 + "GAAAC" + "A" * 20 + "C"
    folding = Folding(letters, Scores.zeros(), constraints=Constraints(paired=((0, 46), (21, 25))))
    with pytest.raises(DataError, match="sequence of 47 bases"):
        diagonals.best_score([Folding("GGGAAAACCC", Scores.zeros()), folding])


def test_hardly_anything() -> None:
    assert diagonals.best_score([]).shape == (0,)
    flat = random_scores(np.random.default_rng(0)).pack().requires_grad_()
    scores = Scores.unpack(flat)
    (found,) = diagonals.log_partition([Folding("AC", scores)])
    (gradient,) = torch.autograd.grad(found, [flat])
    assert found.item() == pytest.approx(2 * scores.exterior_unpaired.item())
    assert gradient.sum().item() == 2


def test_float32() -> None:
    foldings, _ = learning(torch.device("cpu"), True)
    found = diagonals.log_partition(foldings, dtype=torch.float32)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.detach(), differentiable.log_partition(foldings).detach(), rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
@pytest.mark.parametrize(("batched", "alone"), ENGINES)
def test_on_a_gpu(batched: Asked, alone: Asked) -> None:
    answers = []
    for device in ("cuda", "cpu"):
        foldings, scores = learning(torch.device(device), True)
        structures = [best_structure(folding)[1] for folding in foldings]
        for ask in (batched, alone):
            found = ask(foldings)
            assert found.device.type == device
            given = differentiable.structure_score(foldings, structures)
            answers.append([found, given, *torch.autograd.grad((found - 2 * given).sum(), scores)])
    for answer in answers[:3]:
        for one, other in zip(answer, answers[3], strict=True):
            np.testing.assert_allclose(one.detach().cpu(), other.detach(), atol=1e-6)


def learning(device: torch.device, places: bool) -> tuple[list[Folding], list[Tensor]]:
    """Sequences longer than any loop, two of which share their tables, and the scores that take gradients."""
    rng = np.random.default_rng(7)
    letters = [random_letters(rng, 52), random_letters(rng, 41), random_letters(rng, 48, "ACGUN")]
    tables = [random_scores(rng, letters[0][:20], 0.5), random_scores(rng, scale=0.5)]
    flat = [scores.pack().to(device).requires_grad_() for scores in tables]
    tables = [Scores.unpack(vector, scores.motifs) for vector, scores in zip(flat, tables, strict=True)]
    foldings = [Folding(text, tables[index % 2]) for index, text in enumerate(letters)]
    if not places:
        return foldings, flat
    found = [random_positions(rng, len(text), 0.5) for text in letters]
    learnt = [tensor.to(device).requires_grad_() for positions in found for tensor in (positions.planes, positions.unpaired)]
    placed = [replace(folding, positions=Positions(*learnt[2 * index : 2 * index + 2])) for index, folding in enumerate(foldings)]
    return placed, flat + learnt

"""Scores of structures and partition functions as torch sees them: with gradients in the tables and in the scores at positions.

A sum of scores has as its gradient how often each is used: by the best structure, by a given one, or on average over all of them. The
compiled programmes count that; many sequences are asked side by side. On a GPU, `diagonals` is asked in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from medai.tasks import Pairs
from medai_rna.folding import diagonals
from medai_rna.folding.batch_scores import device_of
from medai_rna.folding.best import best_structure
from medai_rna.folding.ensemble import expected_counts, log_partition_of
from medai_rna.folding.problem import Counts, Folding, each
from medai_rna.folding.structure import counts_of, score_of

Item = tuple[Folding, Pairs | None]
Answer = tuple[float, Counts | None]


def log_partition(foldings: Sequence[Folding]) -> Tensor:
    """The natural logarithm of each partition function, float64 (B,).

    Raises:
        DataError: as `log_partition_of`.
    """
    if _on_gpu(foldings):
        return diagonals.log_partition(foldings)
    return _asked(_ensemble, [(folding, None) for folding in foldings])


def best_score(foldings: Sequence[Folding]) -> Tensor:
    """The score of each best structure, float64 (B,); its gradient is that of this structure, one of them where several are best.

    Raises:
        DataError: as `best_structure`.
    """
    if _on_gpu(foldings):
        return diagonals.best_score(foldings)
    return _asked(_best, [(folding, None) for folding in foldings])


def structure_score(foldings: Sequence[Folding], structures: Sequence[Pairs]) -> Tensor:
    """The score of each given structure, float64 (B,).

    Raises:
        DataError: as `score_of`.
    """
    return _asked(_given, list(zip(foldings, structures, strict=True)))


def _on_gpu(foldings: Sequence[Folding]) -> bool:
    return bool(foldings) and device_of(foldings[0]).type == "cuda"


def _ensemble(item: Item, counted: bool) -> Answer:
    return expected_counts(item[0]) if counted else (log_partition_of(item[0]), None)


def _best(item: Item, counted: bool) -> Answer:
    score, structure = best_structure(item[0])
    return score, counts_of(item[0], structure) if counted else None


def _given(item: Item, counted: bool) -> Answer:
    folding, structure = item
    assert structure is not None
    return score_of(folding, structure), counts_of(folding, structure) if counted else None


def _asked(ask: Callable[[Item, bool], Answer], items: list[Item]) -> Tensor:
    """What is asked of each item, differentiable in the scores of its folding; tables that several share are packed once."""
    shared = {id(folding.scores): folding.scores for folding, _ in items}
    place = {key: index for index, key in enumerate(shared)}
    inputs = [scores.pack() for scores in shared.values()]
    owners: list[tuple[int, ...]] = []
    for folding, _ in items:
        owner: tuple[int, ...] = (place[id(folding.scores)],)
        if folding.positions is not None:
            owner += (len(inputs), len(inputs) + 1)
            inputs += [folding.positions.planes, folding.positions.unpaired]
        owners.append(owner)
    counted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)
    answers: Tensor = _Scored.apply(ask, items, owners, counted, *inputs)
    return answers


class _Scored(torch.autograd.Function):
    """Answers to items; `owners` says which of the inputs are the tables, planes and unpaired scores of each."""

    @staticmethod
    def forward(
        ctx: Any, ask: Callable[[Item, bool], Answer], items: list[Item], owners: list[tuple[int, ...]], counted: bool, *inputs: Tensor
    ) -> Tensor:
        answers = each(lambda item: ask(item, counted), items)
        ctx.owners, ctx.counts = owners, [counts for _, counts in answers]
        ctx.kinds = [(tensor.shape, tensor.dtype, tensor.device) for tensor in inputs]
        device = device_of(items[0][0]) if items else None
        return torch.tensor([value for value, _ in answers], dtype=torch.float64, device=device)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found: list[np.ndarray | None] = [None] * len(ctx.kinds)
        for weight, owner, counts in zip(gradient.cpu().tolist(), ctx.owners, ctx.counts, strict=True):
            for place, count in zip(owner, (counts.tables, counts.planes, counts.unpaired), strict=False):
                if ctx.needs_input_grad[place + 4]:
                    held = found[place]
                    found[place] = weight * count if held is None else held + weight * count
        gradients = [
            None if value is None else torch.from_numpy(value).to(dtype=dtype, device=device).reshape(shape)
            for value, (shape, dtype, device) in zip(found, ctx.kinds, strict=True)
        ]
        return None, None, None, None, *gradients

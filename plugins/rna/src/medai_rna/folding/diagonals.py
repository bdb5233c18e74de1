"""The best score and the partition function of a batch of sequences in torch, one anti-diagonal of all of them at a time.

This is what `differentiable` asks on a GPU. Gradients come from going through the diagonals a second time, backwards: each one is
computed again, so that no more than the segments' own values is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from medai.errors import DataError
from medai_rna.folding.batch_scores import MARGIN, NEVER, SPECIAL, Batch, Loops, device_of, loops_of
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import LONGEST, SHORTEST_HAIRPIN

Join = Callable[[Tensor, int], Tensor]
"""What joins alternatives along a dimension."""


class Segments(NamedTuple):
    """What all structures of segments i..j score together, or the best of them.

    Attributes:
        closed: of the pair (i, j) with all inside it; in the layout of `Loops`.
        lead: of one branch of a multiloop with unpaired bases on both sides, likewise.
        several: of two branches or more, likewise.
        branch: of one branch that begins at i with unpaired bases after it, (B, N, N): by j, and by i from j on backwards to the last.
        branches: of one branch or more, (B, N, N): by i, and by j from i on.
        exterior: of the exterior loop from i on, (B, N + 1), the last first.
    """

    closed: Tensor
    lead: Tensor
    several: Tensor
    branch: Tensor
    branches: Tensor
    exterior: Tensor


def log_partition(foldings: Sequence[Folding], device: torch.device | str | None = None, dtype: torch.dtype = torch.float64) -> Tensor:
    """The natural logarithm of each partition function, (B,); gradients flow into tables and positions.

    Args:
        foldings: B of them, of any lengths; the time is that of as many of the longest.
        device: where to compute; None: where the scores are.
        dtype: of all that is computed; float32 keeps about five digits.

    Raises:
        DataError: no structure meets the constraints of one of them.
    """
    return _asked(foldings, device, dtype, highest=False)


def best_score(foldings: Sequence[Folding], device: torch.device | str | None = None, dtype: torch.dtype = torch.float64) -> Tensor:
    """The score of each best structure, (B,); its gradient is that of this structure. As `log_partition`."""
    return _asked(foldings, device, dtype, highest=True)


def _asked(foldings: Sequence[Folding], device: torch.device | str | None, dtype: torch.dtype, highest: bool) -> Tensor:
    if not foldings:
        return torch.zeros(0, dtype=dtype)
    batch = Batch(foldings, torch.device(device or device_of(foldings[0])), dtype)
    forced = _forced(batch) if int(batch.must.max()) else None
    found: Tensor = _Diagonals.apply(highest, forced, *loops_of(batch))
    for folding, score in zip(foldings, found.tolist(), strict=True):
        if score < NEVER / 2:
            raise DataError(f"no structure of the sequence of {len(folding.letters)} bases meets the constraints")
    return found


def _forced(batch: Batch) -> tuple[Tensor, Tensor]:
    """How many bases have to pair from each pair to the next one inside, and outside up to it: where they are as many, none is between."""
    i, j = batch.i, batch.i + batch.d
    return batch.forced(i, j + 1), batch.forced(i + 1, j)


class _Diagonals(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, highest: bool, forced: tuple[Tensor, Tensor] | None, *scores: Tensor) -> Tensor:
        loops = Loops(*scores)
        made, join = _empty(loops, NEVER), _highest if highest else _together
        made.exterior[:, 0] = 0
        length = loops.multi_free.shape[1]
        for d in range(SHORTEST_HAIRPIN + 1, length):
            for view, value in zip(_written(made, d), _diagonal(join, _masks(forced, length, d), *_read(loops, made, d)), strict=True):
                view.copy_(value)
        for i in range(length - 1, -1, -1):
            made.exterior[:, length - i] = _exterior(join, *_read_exterior(loops, made, i))
        ctx.join, ctx.forced, ctx.made = join, forced, made
        ctx.save_for_backward(*scores)
        return made.exterior[:, length].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        loops, made = Loops(*ctx.saved_tensors), ctx.made
        of_loops, of_made = Loops(*(torch.zeros_like(score) for score in loops)), _empty(loops, 0.0)
        length = loops.multi_free.shape[1]
        of_made.exterior[:, length] = gradient
        for i in range(length):
            wanted = (of_made.exterior[:, length - i],)
            _back(
                lambda *views: (_exterior(ctx.join, *views),), _read_exterior(loops, made, i), wanted, _read_exterior(of_loops, of_made, i)
            )
        for d in range(length - 1, SHORTEST_HAIRPIN, -1):
            masks = _masks(ctx.forced, length, d)
            step = _stepped(ctx.join, masks)
            _back(step, _read(loops, made, d), _written(of_made, d), _read(of_loops, of_made, d))
        return None, None, *of_loops


def _stepped(join: Join, masks: tuple[Tensor, Tensor] | None) -> Callable[..., tuple[Tensor, ...]]:
    return lambda *views: _diagonal(join, masks, *views)


def _back(
    step: Callable[..., tuple[Tensor, ...]], views: tuple[Tensor, ...], wanted: tuple[Tensor, ...], found: tuple[Tensor, ...]
) -> None:
    """Add to the gradients of what a step reads, given those of what it makes."""
    with torch.enable_grad():
        inputs = [view.detach().requires_grad_() for view in views]
        outputs = step(*inputs)
    for held, gradient in zip(found, torch.autograd.grad(outputs, inputs, wanted), strict=True):
        held += gradient


def _together(scores: Tensor, dim: int) -> Tensor:
    return torch.logsumexp(scores, dim)


def _highest(scores: Tensor, dim: int) -> Tensor:
    return scores.max(dim).values


def _empty(loops: Loops, value: float) -> Segments:
    batch, length = loops.multi_free.shape
    layout, square = loops.hairpin.shape, (batch, length, length)
    shapes = (layout, layout, layout, square, square, (batch, length + 1))
    return Segments(*(loops.hairpin.new_full(shape, value) for shape in shapes))


def _read(loops: Loops, made: Segments, d: int) -> tuple[Tensor, ...]:
    """What the segments of one diagonal are made of."""
    length = loops.multi_free.shape[1]
    row, width = length - 1 - d, length - d
    below, right = slice(row + 2, row + 1 + MARGIN), slice(1, width + LONGEST + 1)
    return (
        loops.sizes,
        loops.others,
        loops.hairpin[:, row, :width],
        loops.special[:, :, row, :width],
        loops.outer[:, :, row, :width],
        loops.inner[:, :, below, right],
        loops.multi_outer[:, row, :width],
        loops.multi_inner[:, row, :width],
        loops.multi_free[:, :width],
        loops.multi_free[:, d:],
        made.closed[:, below, right],
        made.several[:, row + 2, 1 : width + 1],
        made.branch[:, d - 1 : length - 1, length - d],
        made.lead[:, row + 1, 1 : width + 1],
        made.branches[:, :width, :d],
        made.branch[:, d:, length - d :],
    )


def _written(made: Segments, d: int) -> tuple[Tensor, ...]:
    """Where the segments of one diagonal stand."""
    length = made.branch.shape[1]
    row, width = length - 1 - d, length - d
    layout = (made.closed[:, row, :width], made.lead[:, row, :width], made.several[:, row, :width])
    return *layout, made.branch[:, d:, row], made.branches[:, :width, d]


def _masks(forced: tuple[Tensor, Tensor] | None, length: int, d: int) -> tuple[Tensor, Tensor] | None:
    """What `_interior` needs of the bases that have to pair."""
    if forced is None:
        return None
    row, width = length - 1 - d, length - d
    return forced[0][:, row + 2 : row + 1 + MARGIN, 1 : width + LONGEST + 1], forced[1][:, row, :width]


def _diagonal(
    join: Join,
    masks: tuple[Tensor, Tensor] | None,
    sizes: Tensor,
    others: Tensor,
    hairpin: Tensor,
    special: Tensor,
    outer: Tensor,
    inner: Tensor,
    multi_outer: Tensor,
    multi_inner: Tensor,
    free_before: Tensor,
    free_after: Tensor,
    closed: Tensor,
    several_inside: Tensor,
    shorter: Tensor,
    later: Tensor,
    first: Tensor,
    last: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Segments of one diagonal, in the order of `_written`."""
    width = hairpin.shape[1]
    loops = [hairpin, multi_outer + several_inside]
    loops += [score + closed[:, sum(size), size[0] : size[0] + width] for size, score in zip(SPECIAL, special, strict=True)]
    loops += _interior(join, closed + inner, outer, sizes, others, masks)
    pair = join(torch.stack(loops), 0)
    branch = join(torch.stack([pair + multi_inner, shorter + free_after]), 0)
    lead = join(torch.stack([branch, later + free_before]), 0)
    several = join(first + last, 2)
    return pair, lead, several, branch, join(torch.stack([lead, several]), 0)


def _interior(join: Join, bound: Tensor, outer: Tensor, sizes: Tensor, others: Tensor, masks: tuple[Tensor, Tensor] | None) -> list[Tensor]:
    """Bulges and interior loops but for the `SPECIAL` ones, each kind by itself, (B, W) each.

    Args:
        join: of alternatives.
        bound: of the inner pairs by kind of loop, unpaired bases in all, and 5' position, (4, B, 31, W + 30).
        outer: of the outer pairs by kind of loop, (4, B, W).
        sizes: as `Loops` has them.
        others: likewise.
        masks: bases that have to pair inside each inner pair, and inside each outer one; None: there are none.
    """
    of_sizes = (sizes[:, 2:, 0], sizes.diagonal(0, 1, 2)[:, 2:], sizes[:, 4:, 1], sizes.diagonal(-1, 1, 2)[:, 3:], sizes[:, 5, 2:4], others)
    found = [inner + size[..., None] for inner, size in zip(_by_size(bound), of_sizes, strict=True)]
    if masks is not None:
        inside, outside = _by_size([masks[0]] * 4), masks[1]
        shapes = [outside.view(len(outside), *[1] * (scores.dim() - 2), -1) for scores in found]
        found = [scores.masked_fill(held.ne(wanted), NEVER) for scores, held, wanted in zip(found, inside, shapes, strict=True)]
    return [outer[kind] + join(scores.flatten(1, -2), 1) for kind, scores in zip((0, 0, 1, 1, 2, 3), found, strict=True)]


def _by_size(bound: Tensor | list[Tensor]) -> list[Tensor]:
    """Out of what belongs to inner pairs, that of bulges with all unpaired bases 3' or 5', of loops of 1 x n and n x 1, of 2 x 3 and 3 x 2,
    and of the others, (B, sizes, W); the others by all unpaired bases and those 5', (B, 25, 27, W)."""
    bulge, one, two_three, other = bound
    width = bulge.shape[2] - LONGEST
    # With all unpaired bases 5', or all but one, one more in all is one more 5', too: in the flat array, one further each time.
    row = bulge.shape[2] + 1
    return [
        bulge[:, 2:, :width],
        bulge.flatten(1)[:, 2 * row :].unfold(1, width, row),
        one[:, 4:, 1 : width + 1],
        one.flatten(1)[:, 4 * row - 1 :].unfold(1, width, row),
        torch.stack([two_three[:, 5, left : left + width] for left in (2, 3)], 1),
        _Windows.apply(other[:, 6:, 2 : width + LONGEST - 2], width),
    ]


class _Windows(torch.autograd.Function):
    """All stretches of so many entries of the last dimension: (B, S, L + W - 1) becomes (B, S, L, W)."""

    @staticmethod
    def forward(ctx: Any, row: Tensor, width: int) -> Tensor:
        return row.unfold(2, width, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        # Each stretch begins one entry after the one before: read with rows one shorter than they are, they stand below each other.
        batch, sizes, count, width = gradient.shape
        padded = pad(gradient, (0, count)).contiguous()
        whole, row = count * (width + count), width + count - 1
        return padded.as_strided((batch, sizes, count, row), (sizes * whole, whole, row, 1)).sum(2), None


def _read_exterior(loops: Loops, made: Segments, i: int) -> tuple[Tensor, ...]:
    """What the exterior loop from i on is made of."""
    length = loops.multi_free.shape[1]
    pairs = slice(i, max(i, length - SHORTEST_HAIRPIN - 1))
    after = made.exterior[:, : pairs.stop - i]
    return made.closed[:, pairs, i], loops.exterior[:, pairs, i], after, made.exterior[:, length - i - 1], loops.exterior_free[:, i]


def _exterior(join: Join, closed: Tensor, pair: Tensor, after: Tensor, next_: Tensor, free: Tensor) -> Tensor:
    return join(torch.cat([closed + pair + after, (next_ + free)[:, None]], 1), 1)

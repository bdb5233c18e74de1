"""The scores of every loop of a batch of sequences, laid out by diagonals, as `diagonals` adds them up; gradients flow.

B sequences are padded to N bases. What belongs to pairs (i, j) is (..., B, N + 32, N + 32): the row N - 1 - (j - i) holds those of one
diagonal by i, so that the loops of a pair look at the 31 rows from two below it on, and a little to the right; entries that are no pair
are `NEVER`, as what may not be is: far below any score, and finite, because gradients have no use for infinities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from medai_rna.folding import loops
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import LONGEST, MOTIF_SIZES, PLANES, Positions, Scores

sided, two = loops.sided.py_func, loops.two.py_func

NEVER = -1e30
MARGIN = LONGEST + 2
SPECIAL = ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2))
"""Unpaired bases 5' and 3' of the loops whose score is no sum of one term of each pair."""


class Loops(NamedTuple):
    """Scores of loops and their parts.

    Attributes:
        sizes: of a loop of s unpaired bases with l of them 5', (B, s, l).
        others: those of loops that are no bulge and neither 1 x n nor 2 x 3 nor smaller: s from 6 on, l from 2 on.
        hairpin: of hairpins by their pair.
        special: of the loops of each of `SPECIAL` by their outer pair, (7, ...).
        outer: of the outer pair of a bulge, of a loop of 1 x n, of 2 x 3, and of others, (4, ...).
        inner: of the inner pair, likewise.
        multi_outer: of the pair that closes a multiloop.
        multi_inner: of a branch.
        exterior: of a pair of the exterior loop.
        multi_free: of an unpaired base of a multiloop, (B, N).
        exterior_free: of the exterior loop, likewise.
    """

    sizes: Tensor
    others: Tensor
    hairpin: Tensor
    special: Tensor
    outer: Tensor
    inner: Tensor
    multi_outer: Tensor
    multi_inner: Tensor
    exterior: Tensor
    multi_free: Tensor
    exterior_free: Tensor


def device_of(folding: Folding) -> torch.device:
    """Where the scores of a folding stand: those at its positions, where it has any."""
    return folding.scores.multi.device if folding.positions is None else folding.positions.planes.device


@dataclass
class Batch:
    """Foldings side by side.

    Attributes:
        foldings: B of them.
        device: where what is computed stands.
        dtype: in which precision.
    """

    foldings: Sequence[Folding]
    device: torch.device
    dtype: torch.dtype

    @cached_property
    def length(self) -> int:
        return max(len(folding.letters) for folding in self.foldings)

    @cached_property
    def tables(self) -> Tensor:
        """The vectors of all tables, one after the other; those that several share once."""
        return torch.cat([scores.pack().to(self.device, self.dtype) for scores in self._shared.values()])

    @cached_property
    def start(self) -> Tensor:
        """Where each folding's tables begin in `tables`, (B, 1, 1)."""
        begin, found = 0, {}
        for key, scores in self._shared.items():
            found[key] = begin
            begin += Scores.size(scores.motifs)
        return torch.tensor([found[id(folding.scores)] for folding in self.foldings], device=self.device)[:, None, None]

    @cached_property
    def codes(self) -> Tensor:
        """Of the bases, with none around them: (B, 1 + N + margin), position i in column 1 + i."""
        found = torch.zeros(len(self.foldings), 1 + self.length + 2 * MARGIN, dtype=torch.int64)
        for row, folding in zip(found, self.foldings, strict=True):
            row[1 : 1 + len(folding.letters)] = torch.from_numpy(folding.strand.codes.astype(np.int64))
        return found.to(self.device)

    @cached_property
    def must(self) -> Tensor:
        """How many positions before each one have to pair, (B, N + margin)."""
        found = torch.zeros(len(self.foldings), self.length + 1 + 2 * MARGIN, dtype=torch.int64)
        for row, folding in zip(found, self.foldings, strict=True):
            counted = torch.from_numpy(folding.strand.must.astype(np.int64))
            row[: len(counted)] = counted
            row[len(counted) :] = counted[-1]
        return found.to(self.device)

    @cached_property
    def i(self) -> Tensor:
        """5' positions of the layout, (1, 1, N + margin)."""
        return torch.arange(self.length + MARGIN, device=self.device)[None, None, :]

    @cached_property
    def d(self) -> Tensor:
        """How far the 3' position is, (1, N + margin, 1)."""
        return (self.length - 1 - torch.arange(self.length + MARGIN, device=self.device))[None, :, None]

    @cached_property
    def kinds(self) -> Tensor:
        """Of pairs, or -1; in the layout."""
        found = torch.full((len(self.foldings), self.length, self.length), -1, dtype=torch.int8)
        for matrix, folding in zip(found, self.foldings, strict=True):
            size = len(folding.letters)
            matrix[:size, :size] = torch.from_numpy(folding.strand.kinds)
        return self.diagonal(found.to(self.device), -1).long()

    @cached_property
    def planes(self) -> Tensor | None:
        """Scores of pairs at their places, (8, ...) in the layout; None where no folding has any."""
        if all(folding.positions is None for folding in self.foldings):
            return None
        found = []
        for folding in self.foldings:
            planes = (folding.positions or Positions.zeros(len(folding.letters))).planes.to(self.device, self.dtype)
            found.append(pad(planes, (0, self.length - planes.shape[1], 0, self.length - planes.shape[1])))
        return self.diagonal(torch.stack(found, 1), 0)

    @cached_property
    def sums(self) -> Tensor:
        """Of scores of unpaired bases up to each position, (4, B, N + margin)."""
        found = []
        for folding in self.foldings:
            unpaired = (folding.positions or Positions.zeros(len(folding.letters))).unpaired.to(self.device, self.dtype)
            found.append(pad(unpaired, (1, self.length + 2 * MARGIN - unpaired.shape[1])))
        return torch.stack(found, 1).cumsum(-1)

    def diagonal(self, matrix: Tensor, nothing: float) -> Tensor:
        """(..., N, N) by i and j, in the layout."""
        j = self.i + self.d
        inside = (self.d >= 0) & (j < self.length)
        place = torch.where(inside, self.i * self.length + j, 0)[0]
        return matrix.flatten(-2)[..., place].masked_fill(~inside[0], nothing)

    def look(self, table: int, entry: Tensor) -> Tensor:
        """Entries of a table; those below 0, which are of no pair, are some other."""
        return self.tables[self.start + table + entry.clamp_min(0)]

    def code(self, place: Tensor) -> Tensor:
        """The bases at positions in the layout; outside of it, none."""
        return self._at(self.codes, place + 1)

    def sum(self, kind: int, place: Tensor) -> Tensor:
        """Entries of `sums` in the layout."""
        return self._at(self.sums[kind], place)

    def free(self, first: Tensor, last: Tensor) -> Tensor:
        """Whether first..last may be unpaired, in the layout."""
        return self.forced(first, last + 1) == 0

    def forced(self, first: Tensor, end: Tensor) -> Tensor:
        """How many of the positions from the first up to the end have to pair, in the layout."""
        return self._at(self.must, end) - self._at(self.must, first)

    def inner(self, left: int, right: int) -> Tensor:
        """Kinds of the pairs inside those of the layout with so many unpaired bases between."""
        down, along = left + right + 2, left + 1
        return pad(self.kinds[:, down:, along:], (0, along, 0, down), value=-1)

    @cached_property
    def _shared(self) -> dict[int, Scores]:
        return {id(folding.scores): folding.scores for folding in self.foldings}

    def _at(self, row: Tensor, place: Tensor) -> Tensor:
        place = place.clamp(0, row.shape[1] - 1).expand(1, self.length + MARGIN, self.length + MARGIN)[0]
        return row[:, place]


def loops_of(batch: Batch) -> Loops:
    """All scores that `diagonals` needs."""
    i, j = batch.i, batch.i + batch.d
    side = sided(batch.kinds, batch.code(i + 1), batch.code(j - 1))
    other_side = sided(batch.kinds ^ 1, batch.code(j + 1), batch.code(i - 1))
    own = _plane(batch, "pair")
    outer = torch.stack([_mismatch(batch, kind, batch.kinds, side) for kind in range(4)]) + own + _plane(batch, "interior_outer")
    inner = torch.stack([_mismatch(batch, kind, batch.kinds ^ 1, other_side) for kind in range(4)]) + _plane(batch, "interior_inner")
    if batch.planes is not None:
        outer = outer + batch.sum(loops.IN_INTERIOR, j) - batch.sum(loops.IN_INTERIOR, i + 1)
        inner = inner + batch.sum(loops.IN_INTERIOR, i) - batch.sum(loops.IN_INTERIOR, j + 1)
    closing = batch.look(loops.MULTI_CLOSE, i * 0) + batch.look(loops.MULTI_BRANCH, i * 0)
    closing = closing + batch.look(loops.MULTI_MISMATCH, sided(batch.kinds ^ 1, batch.code(j - 1), batch.code(i + 1)))
    outside = sided(batch.kinds, batch.code(i - 1), batch.code(j + 1))
    branch = batch.look(loops.MULTI_BRANCH, i * 0) + batch.look(loops.MULTI_MISMATCH, outside)
    pairs, (sizes, others) = batch.kinds >= 0, _sizes(batch)
    return Loops(
        sizes=sizes,
        others=others,
        hairpin=_hairpins(batch, side) + own,
        special=torch.stack([_special(batch, left, right) for left, right in SPECIAL]) + own,
        outer=_where(pairs, outer),
        inner=_where(pairs, inner),
        multi_outer=_where(pairs, closing + own + _plane(batch, "multi_outer")),
        multi_inner=_where(pairs, branch + _plane(batch, "multi_inner")),
        exterior=_where(pairs, batch.look(loops.EXTERIOR_MISMATCH, outside) + _plane(batch, "exterior")),
        multi_free=_unpaired(batch, loops.MULTI_UNPAIRED, loops.IN_MULTI),
        exterior_free=_unpaired(batch, loops.EXTERIOR_UNPAIRED, loops.IN_EXTERIOR),
    )


def _where(may_be: Tensor, scores: Tensor) -> Tensor:
    return scores.masked_fill(~may_be, NEVER)


def _plane(batch: Batch, name: str) -> Tensor | float:
    return 0.0 if batch.planes is None else batch.planes[PLANES.index(name)]


def _mismatch(batch: Batch, kind: int, pair: Tensor, side: Tensor) -> Tensor:
    """What a pair adds to bulges, loops of 1 x n, 2 x 3, and others."""
    if kind == 0:
        return batch.look(loops.BULGE_END, pair) + batch.look(loops.BULGE_MISMATCH, side)
    return batch.look((loops.INTERIOR_1N, loops.INTERIOR_23, loops.INTERIOR_MISMATCH)[kind - 1], side)


def _sizes(batch: Batch) -> tuple[Tensor, Tensor]:
    s, left = (torch.arange(LONGEST + 1, device=batch.device).view(shape) for shape in ((1, -1, 1), (1, 1, -1)))
    sizes = _where(s >= left, batch.look(loops.INTERIOR_SIZE, left * (LONGEST + 1) + s - left))
    return sizes, _where(s - left > 1, sizes)[:, 6:, 2 : LONGEST - 1]


def _hairpins(batch: Batch, side: Tensor) -> Tensor:
    i, size = batch.i, batch.d - 1
    score = batch.look(loops.HAIRPIN_LENGTH, size.clamp(0, LONGEST)).expand(batch.kinds.shape)
    longer = (size.clamp_min(LONGEST).to(batch.dtype) / LONGEST).log()
    score = score + longer * batch.look(loops.HAIRPIN_EXTENSION, size * 0)
    three, more = batch.look(loops.HAIRPIN_THREE, side), batch.look(loops.HAIRPIN_MISMATCH, side)
    score = score + torch.where(size == 3, three, more)
    motif = torch.full_like(batch.kinds, -1)
    for row, folding in zip(motif, batch.foldings, strict=True):
        for place, motif_size in enumerate(MOTIF_SIZES):
            if (at := batch.length - motif_size) >= 0 and folding.scores.motifs:
                row[at, : len(folding.letters)] = torch.from_numpy(folding.strand.motif_at[:, place].astype(np.int64))
    score = torch.where(motif >= 0, batch.tables[batch.start + loops.HAIRPIN_MOTIF + motif], score)
    score = score + _plane(batch, "hairpin")
    if batch.planes is not None:
        score = score + batch.sum(loops.IN_HAIRPIN, i + batch.d) - batch.sum(loops.IN_HAIRPIN, i + 1)
    return _where((batch.kinds >= 0) & batch.free(i + 1, i + size), score)


def _special(batch: Batch, left: int, right: int) -> Tensor:
    i, j = batch.i, batch.i + batch.d
    k, m = i + 1 + left, j - 1 - right
    outer, inner = batch.kinds, batch.inner(left, right)
    may_be = (outer >= 0) & (inner >= 0) & batch.free(i + 1, k - 1) & batch.free(m + 1, j - 1)
    inner = inner ^ 1
    pairs = two(outer, inner)
    if left == right == 0:
        return _where(may_be, batch.look(loops.STACKS, pairs) + _plane(batch, "stack"))
    before, after, inside_before, inside_after = batch.code(i + 1), batch.code(j - 1), batch.code(k - 1), batch.code(m + 1)
    score = batch.look(loops.INTERIOR_SIZE, i * 0 + left * (LONGEST + 1) + right)
    if left + right == 1:
        score = score + batch.look(loops.BULGE_ONE, pairs) + batch.look(loops.BULGE_BASE, before if left else after)
        score = score + batch.look(loops.BULGE_MISMATCH, sided(outer, before, after))
        score = score + batch.look(loops.BULGE_MISMATCH, sided(inner, inside_after, inside_before))
    elif left + right == 2:
        score = score + batch.look(loops.INTERIOR_11, sided(pairs, before, after))
    elif left == 1:
        score = score + batch.look(loops.INTERIOR_21, sided(pairs * 5 + before, inside_after, after))
    elif right == 1:
        score = score + batch.look(loops.INTERIOR_21, sided(two(inner, outer) * 5 + inside_after, before, inside_before))
    else:
        score = score + batch.look(loops.INTERIOR_22, sided(sided(pairs, before, inside_before), inside_after, after))
    if batch.planes is not None:
        within = pad(batch.planes[loops.INTERIOR_INNER][:, left + right + 2 :, left + 1 :], (0, left + 1, 0, left + right + 2))
        score = score + _plane(batch, "interior_outer") + within
        score = score + batch.sum(loops.IN_INTERIOR, k) - batch.sum(loops.IN_INTERIOR, i + 1)
        score = score + batch.sum(loops.IN_INTERIOR, j) - batch.sum(loops.IN_INTERIOR, m + 1)
    return _where(may_be, score)


def _unpaired(batch: Batch, table: int, kind: int) -> Tensor:
    """(B, N); positions after the end cost nothing."""
    length = batch.length
    lengths = torch.tensor([len(folding.letters) for folding in batch.foldings], device=batch.device)[:, None]
    score = batch.tables[batch.start[:, :, 0] + table].expand(-1, length)
    if batch.planes is not None:
        score = score + batch.sums[kind, :, 1 : length + 1] - batch.sums[kind, :, :length]
    score = _where(batch.must[:, 1 : length + 1] == batch.must[:, :length], score)
    return score.masked_fill(torch.arange(length, device=batch.device)[None] >= lengths, 0.0)

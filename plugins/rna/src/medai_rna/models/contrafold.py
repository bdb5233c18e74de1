"""CONTRAfold's features: a weight for each, laid out into the tables of scores."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import BASES, PAIRS, Scores
from medai_rna.models.lengths import Lengths, Weights, symmetric_matrix, weights
from medai_rna.models.scored import Decode, ScoringModel

_KINDS, _LETTERS = len(PAIRS), len(BASES) - 1
_REVERSED = [kind ^ 1 for kind in range(_KINDS)]
# The pair of either direction has one weight.
_PAIRED = [0, 0, 1, 1, 2, 2]


class Features(Weights):
    """Weights of CONTRAfold's features (version 2.02, complementary pairs), all 0 to begin with; 336 of them.

    Do, Woods and Batzoglou 2006, doi:10.1093/bioinformatics/btl246, Table 1 and supplement.
    """

    def __init__(self) -> None:
        super().__init__()
        self.base_pair = weights(_KINDS // 2)
        self.terminal_mismatch = weights(_KINDS, _LETTERS, _LETTERS)
        self.lengths = Lengths()
        self.bulge_0x1_nucleotides = weights(_LETTERS)
        self.internal_1x1_nucleotides = weights(_LETTERS * (_LETTERS + 1) // 2)
        self.helix_stacking = weights(_KINDS * (_KINDS + 1) // 2)
        self.helix_closing = weights(_KINDS)
        self.multi_base = weights(1)
        self.multi_unpaired = weights(1)
        self.multi_paired = weights(1)
        self.dangle_left = weights(_KINDS, _LETTERS)
        self.dangle_right = weights(_KINDS, _LETTERS)
        self.external_unpaired = weights(1)
        self.external_paired = weights(1)

    def forward(self) -> Scores:
        """The tables that score a structure as the features' weights do; gradients flow."""
        # Each pair is in two loops, and has half of its weight from either.
        half = self.base_pair[_PAIRED] / 2
        closing = self.helix_closing + half
        inside = _sided(closing[:, None, None] + self.terminal_mismatch, closing)
        # A branch is seen from outside: CONTRAfold's pair is the one that is read from the loop to the helix's other strand.
        outward = (self.helix_closing[_REVERSED] + half)[:, None, None]
        sides = _side(self.dangle_right[_REVERSED])[:, :, None] + _side(self.dangle_left[_REVERSED])[:, None, :]
        pairs = half[:, None] + half[None, :]
        both = closing[:, None] + closing[None, :]
        return Scores(
            hairpin_length=self.lengths.hairpins(),
            hairpin_extension=torch.zeros(1, dtype=torch.float64),
            hairpin_mismatch=inside,
            hairpin_three=inside,
            stack=symmetric_matrix(self.helix_stacking, _KINDS) + pairs,
            bulge_one=torch.zeros(_KINDS, _KINDS, dtype=torch.float64),
            bulge_base=_side(self.bulge_0x1_nucleotides),
            bulge_end=torch.zeros(_KINDS, dtype=torch.float64),
            bulge_mismatch=inside,
            interior_size=self.lengths.interiors(),
            interior_mismatch=inside,
            interior_1n=inside,
            interior_23=inside,
            interior_11=self._one_by_one(both),
            interior_21=self._two_by_one(both),
            interior_22=self._two_by_two(both),
            multi=torch.cat([self.multi_base, self.multi_paired, self.multi_unpaired]),
            multi_mismatch=outward + sides,
            exterior_unpaired=self.external_unpaired,
            exterior_mismatch=outward + sides + self.external_paired,
            hairpin_motif=torch.zeros(0, dtype=torch.float64),
        )

    def _one_by_one(self, closing: Tensor) -> Tensor:
        """(6, 6, 5, 5): the two mismatches are of the same two bases, the second's order reversed."""
        mismatch = _bases(self.terminal_mismatch)
        both = mismatch[:, None] + mismatch.transpose(1, 2)[None]
        return closing[:, :, None, None] + both + _bases(symmetric_matrix(self.internal_1x1_nucleotides, _LETTERS))

    def _two_by_one(self, closing: Tensor) -> Tensor:
        """(6, 6, 5, 5, 5): [i+1, l+1, j-1]; the second pair's mismatch is (l+1, k-1), and k-1 is i+1."""
        mismatch = _bases(self.terminal_mismatch)
        outer = mismatch[:, None, :, None, :]
        inner = mismatch.transpose(1, 2)[None, :, :, :, None]
        return closing[:, :, None, None, None] + outer + inner

    def _two_by_two(self, closing: Tensor) -> Tensor:
        """(6, 6, 5, 5, 5, 5): [i+1, k-1, l+1, j-1]; the mismatches are (i+1, j-1) and (l+1, k-1)."""
        mismatch = _bases(self.terminal_mismatch)
        outer = mismatch[:, None, :, None, None, :]
        inner = mismatch.transpose(1, 2)[None, :, None, :, :, None]
        return closing[:, :, None, None, None, None] + outer + inner


class Contrafold(ScoringModel):
    """CONTRAfold: a conditional log-linear model over features of loops, without physics; decoded for maximum expected accuracy.

    Args:
        decode: how a structure is chosen.
        gamma: of `mea`; of 0.5 to 6, 3 was best on 115 validation sequences of training set A.
    """

    def __init__(self, decode: Decode = "mea", gamma: float = 3.0) -> None:
        super().__init__(decode, gamma)
        self.features = Features()

    def foldings(self, letters: Sequence[str]) -> tuple[Folding, ...]:
        scores = self.features.laid_out()
        return tuple(Folding(each, scores) for each in letters)


def _side(table: Tensor) -> Tensor:
    """A table whose last axis is A, C, G, U, with 0 for a base that is not known or not there before them."""
    return nn.functional.pad(table, (1, 0))


def _bases(table: Tensor) -> Tensor:
    """The same of the last two axes."""
    return nn.functional.pad(table, (1, 0, 1, 0))


def _sided(table: Tensor, otherwise: Tensor) -> Tensor:
    """A table (6, 4, 4), with what stands in it where one of the bases is not known."""
    known = torch.zeros(len(BASES), len(BASES), dtype=torch.bool)
    known[1:, 1:] = True
    return torch.where(known, _bases(table), otherwise[:, None, None])

"""Weights of tables, and those of the lengths of loops."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from medai_rna.folding.scores import LONGEST

_SYMMETRIC, _ASYMMETRIC, _EXPLICIT = 15, 28, 4


class Weights(nn.Module):
    """Weights that are laid out on the CPU, where structures are scored, whatever device they are kept on."""

    def laid_out(self, *given: Any) -> Any:
        """What `forward` gives with the weights on the CPU; gradients flow."""
        return functional_call(self, {name: parameter.cpu() for name, parameter in self.named_parameters()}, given)


class Lengths(Weights):
    """CONTRAfold's weights of lengths (version 2.02), all 0 to begin with. A length has the sum of the weights of all lengths up to it.

    Do, Woods and Batzoglou 2006, doi:10.1093/bioinformatics/btl246, supplement.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hairpin_at_least = weights(LONGEST + 1)
        self.bulge_at_least = weights(LONGEST)
        self.internal_at_least = weights(LONGEST - 1)
        self.internal_symmetric_at_least = weights(_SYMMETRIC)
        self.internal_asymmetry_at_least = weights(_ASYMMETRIC)
        self.internal_explicit = weights(_EXPLICIT * (_EXPLICIT + 1) // 2)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Of hairpins, float64 (31,); of bulges and interior loops, float64 (31, 31)."""
        return self.hairpins(), self.interiors()

    def hairpins(self) -> Tensor:
        """Of hairpins, float64 (31,)."""
        return self.hairpin_at_least.cumsum(0)

    def interiors(self) -> Tensor:
        """Of bulges and interior loops by their unpaired bases on either side, float64 (31, 31)."""
        left, right = torch.meshgrid(torch.arange(LONGEST + 1), torch.arange(LONGEST + 1), indexing="ij")
        total, least, apart = (left + right).clamp(max=LONGEST), torch.minimum(left, right), (left - right).abs()
        interior = _from(2, self.internal_at_least)[total] + _from(1, self.internal_asymmetry_at_least)[apart.clamp(max=_ASYMMETRIC)]
        symmetric = _from(1, self.internal_symmetric_at_least)[least.clamp(max=_SYMMETRIC)]
        explicit = nn.functional.pad(symmetric_matrix(self.internal_explicit, _EXPLICIT), (1, LONGEST - _EXPLICIT, 1, LONGEST - _EXPLICIT))
        interior = interior + torch.where(apart == 0, symmetric, 0.0) + explicit
        return torch.where(least == 0, _from(1, self.bulge_at_least)[total], interior)


def weights(*shape: int) -> nn.Parameter:
    """Zeros, float64."""
    return nn.Parameter(torch.zeros(shape, dtype=torch.float64))


def symmetric_matrix(values: Tensor, size: int) -> Tensor:
    """A symmetric matrix out of its upper triangle, row by row."""
    place = torch.zeros(size, size, dtype=torch.int64)
    rows, columns = torch.triu_indices(size, size)
    place[rows, columns] = place[columns, rows] = torch.arange(len(values))
    return values[place]


def _from(first: int, steps: Tensor) -> Tensor:
    """Sums of steps by length, 0 below the first length that has one."""
    return torch.cat([torch.zeros(first, dtype=steps.dtype), steps.cumsum(0)])

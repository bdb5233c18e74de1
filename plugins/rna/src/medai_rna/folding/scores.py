"""The scores of loops: tables that hold for every sequence, and arrays over the positions of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

BASES = "NACGU"
"""Letters by code. 0 is a base that is not known, and in tables a neighbour that is not there."""

PAIRS = ("CG", "GC", "GU", "UG", "AU", "UA")
"""Kinds of pairs by code, each written 5' base first as it is seen from inside its loop: of the pair (i, j) that closes a loop, the bases
i and j; of a pair (k, l) inside it, the bases l and k."""

LONGEST = 30
"""Unpaired bases of a bulge or an interior loop, at most; and the last entry of a table of lengths."""

SHORTEST_HAIRPIN = 3

MOTIF_SIZES = (5, 6, 8)
"""Bases of the hairpins, closing pair and all, that may have a score of their own: of 3, 4 and 6 unpaired bases."""

_PAIR, _SIDE, _LENGTH = len(PAIRS), len(BASES), LONGEST + 1

SHAPES: dict[str, tuple[int, ...]] = {
    "hairpin_length": (_LENGTH,),
    "hairpin_extension": (1,),
    "hairpin_mismatch": (_PAIR, _SIDE, _SIDE),
    "hairpin_three": (_PAIR, _SIDE, _SIDE),
    "stack": (_PAIR, _PAIR),
    "bulge_one": (_PAIR, _PAIR),
    "bulge_base": (_SIDE,),
    "bulge_end": (_PAIR,),
    "bulge_mismatch": (_PAIR, _SIDE, _SIDE),
    "interior_size": (_LENGTH, _LENGTH),
    "interior_mismatch": (_PAIR, _SIDE, _SIDE),
    "interior_1n": (_PAIR, _SIDE, _SIDE),
    "interior_23": (_PAIR, _SIDE, _SIDE),
    "interior_11": (_PAIR, _PAIR, _SIDE, _SIDE),
    "interior_21": (_PAIR, _PAIR, _SIDE, _SIDE, _SIDE),
    "interior_22": (_PAIR, _PAIR, _SIDE, _SIDE, _SIDE, _SIDE),
    "multi": (3,),
    "multi_mismatch": (_PAIR, _SIDE, _SIDE),
    "exterior_unpaired": (1,),
    "exterior_mismatch": (_PAIR, _SIDE, _SIDE),
}
"""The tables but `hairpin_motif`, whose length is that of `Scores.motifs`."""


_SIZES = [int(np.prod(shape)) for shape in SHAPES.values()]

OFFSET = dict(zip(SHAPES, np.cumsum([0, *_SIZES[:-1]]).tolist(), strict=True)) | {"hairpin_motif": sum(_SIZES)}
"""Where each table begins in the vector that `Scores.pack` lays them out in."""


@dataclass(frozen=True)
class Scores:
    """The tables of scores, float64 tensors of the shapes in `SHAPES`; natural logarithms of weights, higher is better.

    Kinds of pairs are indices of `PAIRS`, each seen from inside the loop in question; sides are indices of `BASES`.

    Attributes:
        hairpin_length: by unpaired bases; a hairpin of n > 30 has the last entry and `hairpin_extension` times ln(n / 30).
        hairpin_extension: see there.
        hairpin_mismatch: (pair (i, j), base i+1, base j-1), of hairpins with more than three unpaired bases.
        hairpin_three: the same of hairpins with three.
        stack: (pair (i, j), pair (k, l)), of pairs that follow each other; kept symmetric by whoever fills it.
        bulge_one: (pair (i, j), pair (k, l)), of bulges of one base, which the stack goes through.
        bulge_base: the one unpaired base of such a bulge.
        bulge_end: of each of the two pairs of a longer bulge.
        bulge_mismatch: of each of the two pairs of any bulge, as `interior_mismatch`: one of the two neighbours belongs to the other pair.
        interior_size: (unpaired bases 5', unpaired bases 3'), of every bulge and interior loop.
        interior_mismatch: (pair, its neighbour 3' of its 5' base, its neighbour 5' of its 3' base) as seen from inside the loop, of each
            of the two pairs; for sizes that have no table of their own.
        interior_1n: the same of loops of 1 x n, n > 2.
        interior_23: the same of loops of 2 x 3.
        interior_11: (pair (i, j), pair (k, l), base i+1, base j-1).
        interior_21: (pair (i, j), pair (k, l), base i+1, base l+1, base j-1) where one base is 5' and two are 3'; where two are 5' and one
            is 3', the loop is read from its other pair.
        interior_22: (pair (i, j), pair (k, l), base i+1, base k-1, base l+1, base j-1).
        multi: closing, each branch (the closing pair is one), each unpaired base.
        multi_mismatch: (pair, neighbour 5' of its 5' base, neighbour 3' of its 3' base) of a branch as seen from the multiloop; of the
            closing pair (i, j), that is (pair (j, i), base j-1, base i+1).
        exterior_unpaired: each unpaired base of the exterior loop.
        exterior_mismatch: as `multi_mismatch`, of pairs in the exterior loop; the side 0 is the end of the sequence.
        hairpin_motif: scores of `motifs`, each in place of all else that a hairpin would score.
        motifs: hairpins of 5, 6 or 8 bases with their closing pair.
    """

    hairpin_length: Tensor
    hairpin_extension: Tensor
    hairpin_mismatch: Tensor
    hairpin_three: Tensor
    stack: Tensor
    bulge_one: Tensor
    bulge_base: Tensor
    bulge_end: Tensor
    bulge_mismatch: Tensor
    interior_size: Tensor
    interior_mismatch: Tensor
    interior_1n: Tensor
    interior_23: Tensor
    interior_11: Tensor
    interior_21: Tensor
    interior_22: Tensor
    multi: Tensor
    multi_mismatch: Tensor
    exterior_unpaired: Tensor
    exterior_mismatch: Tensor
    hairpin_motif: Tensor
    motifs: tuple[str, ...] = ()

    @classmethod
    def zeros(cls, motifs: tuple[str, ...] = ()) -> Scores:
        """Every score 0."""
        tables = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in SHAPES.items()}
        return cls(**tables, hairpin_motif=torch.zeros(len(motifs), dtype=torch.float64), motifs=motifs)

    @classmethod
    def unpack(cls, flat: Tensor, motifs: tuple[str, ...] = ()) -> Scores:
        """The tables out of one vector, as `pack` laid them; gradients flow.

        Args:
            flat: float64 (`Scores.size(motifs)`,).
            motifs: those of `hairpin_motif`.
        """
        shapes = {**SHAPES, "hairpin_motif": (len(motifs),)}
        parts = flat.split([int(np.prod(shape)) for shape in shapes.values()])
        return cls(**{name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}, motifs=motifs)

    @staticmethod
    def size(motifs: tuple[str, ...] = ()) -> int:
        """Entries of all tables together."""
        return OFFSET["hairpin_motif"] + len(motifs)

    def items(self) -> Iterator[tuple[str, Tensor]]:
        """The tables by name, in order."""
        return ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "motifs")

    def pack(self) -> Tensor:
        """All tables in one vector, float64; gradients flow."""
        return torch.cat([table.reshape(-1) for _, table in self.items()])

    @cached_property
    def vector(self) -> np.ndarray:
        """`pack` without gradients, as the compiled programme reads it."""
        return np.ascontiguousarray(self.pack().detach().cpu().numpy(), dtype=np.float64)

    def times(self, factor: float) -> Scores:
        """Each score times a number, such as energies times -1 / kT."""
        return Scores(**{name: table * factor for name, table in self.items()}, motifs=self.motifs)


PLANES = ("pair", "stack", "hairpin", "interior_outer", "interior_inner", "multi_outer", "multi_inner", "exterior")
"""Scores of a pair (i, j) at its place: of the pair whatever it does; as the outer one of a stack; as what closes a hairpin; as the outer
or inner one of a bulge or interior loop; as what closes a multiloop, or branches from it; as a pair of the exterior loop."""

UNPAIRED = ("hairpin", "interior", "multi", "exterior")
"""Scores of an unpaired base at its place, by the loop in which it stands; bulges are interior."""


@dataclass(frozen=True)
class Positions:
    """Scores at the positions of one sequence of N bases, added to those of the tables.

    Attributes:
        planes: float64 (8, N, N) in the order of `PLANES`; entries with i < j count.
        unpaired: float64 (4, N) in the order of `UNPAIRED`.
    """

    planes: Tensor
    unpaired: Tensor

    @classmethod
    def zeros(cls, length: int) -> Positions:
        """Every score 0."""
        planes = torch.zeros(len(PLANES), length, length, dtype=torch.float64)
        return cls(planes, torch.zeros(len(UNPAIRED), length, dtype=torch.float64))


class Places(NamedTuple):
    """`Positions` as the compiled programme reads them: float64 planes (8, N, N), and of unpaired scores the sums up to each position,
    (4, N + 1)."""

    planes: np.ndarray
    sums: np.ndarray


def places_of(positions: Positions | None) -> Places | None:
    """Without gradients; None stays None, for which the programme is compiled apart."""
    if positions is None:
        return None
    unpaired = positions.unpaired.detach().cpu().numpy().astype(np.float64)
    sums = np.zeros((len(UNPAIRED), unpaired.shape[1] + 1))
    np.cumsum(unpaired, axis=1, out=sums[:, 1:])
    return Places(np.ascontiguousarray(positions.planes.detach().cpu().numpy(), dtype=np.float64), sums)

"""The nearest-neighbour model's energies, laid out as the common parameter format has them, and the scores of loops that they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch

from medai_rna.folding.scores import BASES, LONGEST, PAIRS, SHORTEST_HAIRPIN, Scores
from medai_rna.folding.scores import SHAPES as LOOPS

GAS_CONSTANT = 1.98717e-3
"""kcal / (mol K), as the common programs have it."""

ZERO_CELSIUS = 273.15
MEASURED_AT = 37.0

_PAIR, _SIDE, _LENGTH = len(PAIRS), len(BASES), LONGEST + 1

SHAPES: dict[str, tuple[int, ...]] = {
    "stack": (_PAIR, _PAIR),
    "mismatch_hairpin": (_PAIR, _SIDE, _SIDE),
    "mismatch_internal": (_PAIR, _SIDE, _SIDE),
    "mismatch_internal_1n": (_PAIR, _SIDE, _SIDE),
    "mismatch_internal_23": (_PAIR, _SIDE, _SIDE),
    "mismatch_multi": (_PAIR, _SIDE, _SIDE),
    "mismatch_exterior": (_PAIR, _SIDE, _SIDE),
    "dangle5": (_PAIR, _SIDE),
    "dangle3": (_PAIR, _SIDE),
    "int11": (_PAIR, _PAIR, _SIDE, _SIDE),
    "int21": (_PAIR, _PAIR, _SIDE, _SIDE, _SIDE),
    "int22": (_PAIR, _PAIR, _SIDE - 1, _SIDE - 1, _SIDE - 1, _SIDE - 1),
    "hairpin": (_LENGTH,),
    "bulge": (_LENGTH,),
    "internal": (_LENGTH,),
    "multi": (3,),
    "ninio": (),
    "ninio_max": (),
    "terminal": (),
    "duplex": (),
    "extension": (),
}
"""The tables, less the axis of energy and enthalpy that comes before these."""


def thermal(temperature: float = MEASURED_AT) -> float:
    """kT in kcal/mol at a temperature in degrees Celsius."""
    return GAS_CONSTANT * (temperature + ZERO_CELSIUS)


@dataclass(frozen=True)
class Energies:
    """Free energies at 37 degrees Celsius and enthalpies in kcal/mol: float64, the two along the first axis, then the axes of `SHAPES`.

    Pairs are indices of `folding.scores.PAIRS`, each as seen from inside the loop in question, bases of `BASES`; infinite
    is what cannot be.

    Attributes:
        stack: (pair (i, j), pair (k, l)) of pairs that follow each other.
        mismatch_hairpin: (pair (i, j), base i+1, base j-1) of hairpins with more than three unpaired bases.
        mismatch_internal: (pair, its neighbour on the 3' side of its 5' base, the other), of both pairs of an interior loop.
        mismatch_internal_1n: the same of loops of 1 x n, n > 2.
        mismatch_internal_23: the same of loops of 2 x 3.
        mismatch_multi: (pair, 5' neighbour, 3' neighbour) of a branch of a multiloop with a base on both sides.
        mismatch_exterior: the same in the exterior loop.
        dangle5: (pair, 5' neighbour) where there is no other.
        dangle3: (pair, 3' neighbour) where there is no other.
        int11: as `Scores.interior_11`.
        int21: as `Scores.interior_21`.
        int22: as `Scores.interior_22`, without the unknown base.
        hairpin: by unpaired bases.
        bulge: by unpaired bases.
        internal: by unpaired bases of both sides.
        multi: closing, each branch, each unpaired base.
        ninio: for each base that one side of an interior loop has more than the other.
        ninio_max: `ninio` at most.
        terminal: of each pair AU or GU at the end of a helix.
        duplex: for bringing two strands together.
        extension: times ln(n / 30), of hairpins with n > 30 unpaired bases; its enthalpy has no effect.
        special: energy and enthalpy of whole hairpins with 3, 4 or 6 unpaired bases, by their letters with the closing pair.
    """

    stack: np.ndarray
    mismatch_hairpin: np.ndarray
    mismatch_internal: np.ndarray
    mismatch_internal_1n: np.ndarray
    mismatch_internal_23: np.ndarray
    mismatch_multi: np.ndarray
    mismatch_exterior: np.ndarray
    dangle5: np.ndarray
    dangle3: np.ndarray
    int11: np.ndarray
    int21: np.ndarray
    int22: np.ndarray
    hairpin: np.ndarray
    bulge: np.ndarray
    internal: np.ndarray
    multi: np.ndarray
    ninio: np.ndarray
    ninio_max: np.ndarray
    terminal: np.ndarray
    duplex: np.ndarray
    extension: np.ndarray
    special: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        for name, shape in SHAPES.items():
            table = np.array(getattr(self, name), dtype=np.float64)
            if table.shape != (2, *shape):
                raise ValueError(f"{name} has the shape {table.shape}, not {(2, *shape)}")
            table.flags.writeable = False
            object.__setattr__(self, name, table)
        object.__setattr__(self, "special", MappingProxyType(dict(self.special)))

    @classmethod
    def zeros(cls) -> Energies:
        """Every energy 0, no special hairpins."""
        return cls(**{name: np.zeros((2, *shape)) for name, shape in SHAPES.items()}, special={})

    def at(self, temperature: float) -> Energies:
        """The free energies at another temperature (degrees Celsius), in the place of those at 37: dH - T dS, T dS scaled from 37 degrees;
        what stands beside a branch or dangles from it never costs anything, as in the common programs."""
        warmth = (temperature + ZERO_CELSIUS) / (MEASURED_AT + ZERO_CELSIUS)
        tables = {name: _warmed(getattr(self, name), warmth) for name in SHAPES}
        for name in ("mismatch_multi", "mismatch_exterior", "dangle5", "dangle3"):
            tables[name][0] = np.minimum(tables[name][0], 0.0)
        tables["ninio_max"] = self.ninio_max
        tables["extension"] = np.array([self.extension[0] * warmth, self.extension[1]])
        special = {letters: (dh - (dh - dg) * warmth, dh) for letters, (dg, dh) in self.special.items()}
        return replace(self, **tables, special=special)

    def scores(self, temperature: float = MEASURED_AT) -> Scores:
        """The scores of loops: -E / kT, with neighbours on both sides of every branch (the dangles that are called 2).

        Args:
            temperature: in degrees Celsius.
        """
        tables, special = self.at(temperature).loops()
        scores = {name: torch.from_numpy(np.array(-table / thermal(temperature))) for name, table in tables.items()}
        return Scores(**scores, motifs=tuple(special))

    def loops(self) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
        """The free energies as the tables of `Scores`, in kcal/mol, by name; and the special hairpins. Each entry is a sum of entries of
        the energies, but for the limit of `ninio`; entries that no loop uses are 0."""
        energy = {name: getattr(self, name)[0] for name in SHAPES}
        terminal = energy["terminal"] * np.array([pair not in ("CG", "GC") for pair in PAIRS], dtype=np.float64)
        branch = terminal[:, None, None]
        possible = np.arange(_LENGTH) >= SHORTEST_HAIRPIN
        motifs = np.array([special for special, _ in self.special.values()], dtype=np.float64)
        tables = {
            "hairpin_length": np.where(possible, energy["hairpin"], 0.0),
            "hairpin_extension": energy["extension"].reshape(1),
            "hairpin_mismatch": energy["mismatch_hairpin"],
            "hairpin_three": branch,
            "stack": energy["stack"],
            "bulge_one": energy["stack"],
            "bulge_end": terminal,
            "interior_size": self._sizes(),
            "interior_mismatch": energy["mismatch_internal"],
            "interior_1n": energy["mismatch_internal_1n"],
            "interior_23": energy["mismatch_internal_23"],
            "interior_11": energy["int11"],
            "interior_21": energy["int21"],
            "interior_22": _with_unknown(energy["int22"]),
            "multi": energy["multi"],
            "multi_mismatch": energy["mismatch_multi"] + branch,
            "exterior_mismatch": _with_ends(energy["mismatch_exterior"], energy["dangle5"], energy["dangle3"]) + branch,
        }
        filled = {name: np.broadcast_to(tables.get(name, 0.0), shape) for name, shape in LOOPS.items()}
        return {**filled, "hairpin_motif": motifs}, tuple(self.special)

    def _sizes(self) -> np.ndarray:
        """Of bulges and interior loops by the unpaired bases of both sides, kcal/mol (31, 31)."""
        left, right = np.indices((_LENGTH, _LENGTH))
        total, uneven = left + right, np.abs(left - right)
        # Of a loop of 2 x 3 the common programs do not limit the term.
        asymmetry = np.where((total == 5) & (uneven == 1), uneven * self.ninio[0], np.minimum(uneven * self.ninio[0], self.ninio_max[0]))
        whole = (np.minimum(left, right) == 0) | ((left <= 2) & (right <= 2))
        loops = np.where(whole, 0.0, self.internal[0][np.minimum(total, LONGEST)] + asymmetry)
        loops[total > LONGEST] = 0.0
        loops[0, 1:] = loops[1:, 0] = self.bulge[0][1:]
        return loops

    def same_as(self, other: Energies, within: float = 0.0) -> bool:
        """Whether every energy and enthalpy is the same, to within kcal/mol."""
        tables = all(np.allclose(getattr(self, name), getattr(other, name), rtol=0, atol=within) for name in SHAPES)
        if not tables or set(self.special) != set(other.special):
            return False
        return all(np.allclose(self.special[letters], other.special[letters], rtol=0, atol=within) for letters in self.special)


def _warmed(table: np.ndarray, warmth: float) -> np.ndarray:
    energy, enthalpy = table
    with np.errstate(invalid="ignore"):
        warmed = np.where(np.isinf(energy) | (warmth == 1.0), energy, enthalpy - (enthalpy - energy) * warmth)
    return np.array([warmed, enthalpy])


def _with_unknown(table: np.ndarray) -> np.ndarray:
    """A table whose last four axes are known bases, with the unknown one: the worst of what it may be."""
    for axis in range(table.ndim - 4, table.ndim):
        table = np.concatenate([table.max(axis=axis, keepdims=True), table], axis=axis)
    return table


def _with_ends(both: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The exterior neighbours: the side 0 is the end of the sequence."""
    table = both.copy()
    table[:, :, 0], table[:, 0, :] = before, after
    table[:, 0, 0] = 0.0
    return table

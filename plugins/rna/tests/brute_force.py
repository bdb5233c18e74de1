"""Every structure of a short sequence, scored loop by loop in plain Python: what the compiled programmes must agree with.

Written from what `Scores` and `Positions` say of themselves, and from nothing else of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from math import log, prod

import numpy as np
import torch

from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import MOTIF_SIZES, PLANES, SHAPES, UNPAIRED, Positions, Scores
from medai_rna.folding.strand import Constraints

Structure = tuple[tuple[int, int], ...]
Use = tuple[str, tuple[int, ...], float]

KINDS = ["CG", "GC", "GU", "UG", "AU", "UA"]
SIDES = "NACGU"
PLACE_OF = {name: sum(prod(shape) for shape in list(SHAPES.values())[:index]) for index, name in enumerate(SHAPES)}
PLACE_OF["hairpin_motif"] = sum(prod(shape) for shape in SHAPES.values())


class Brute:
    """All structures of a folding, or those given, with their scores.

    Attributes:
        structures: each as its pairs in order.
        uses: of each, the scores that it is the sum of: (table, index, how often).
        scores: float64 (structures,).
    """

    def __init__(self, folding: Folding, structures: list[Structure] | None = None) -> None:
        self.folding = folding
        self.structures = structures or every(folding.letters, folding.constraints)
        self.uses = [list(uses(folding.letters, pairs, folding.scores.motifs)) for pairs in self.structures]
        self.scores = np.array([self._score(used) for used in self.uses])

    @cached_property
    def log_partition(self) -> float:
        top = self.scores.max()
        return float(top + np.log(np.exp(self.scores - top).sum()))

    @property
    def weights(self) -> np.ndarray:
        """The probability of each structure."""
        return np.exp(self.scores - self.log_partition)

    @property
    def probabilities(self) -> np.ndarray:
        """Of each pair, float64 (N, N), i < j."""
        length = len(self.folding.letters)
        found = np.zeros((length, length))
        for pairs, weight in zip(self.structures, self.weights, strict=True):
            for i, j in pairs:
                found[i, j] += weight
        return found

    def counts(self, weights: np.ndarray) -> Counts:
        """The sum of the structures' counts, each times its weight."""
        length = len(self.folding.letters)
        places = self.folding.positions is not None
        tables = np.zeros(Scores.size(self.folding.scores.motifs))
        planes, unpaired = np.zeros((len(PLANES), length, length)), np.zeros((len(UNPAIRED), length))
        for used, weight in zip(self.uses, weights, strict=True):
            for name, index, times in used:
                if name == "planes":
                    planes[index] += weight * times
                elif name == "unpaired":
                    unpaired[index] += weight * times
                else:
                    tables[_flat(name, index)] += weight * times
        return Counts(tables, planes if places else None, unpaired if places else None)

    def counts_of(self, pairs: Structure) -> Counts:
        """The counts of one of the structures."""
        return self.counts(np.array([float(other == pairs) for other in self.structures]))

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        tables = np.concatenate([table.detach().numpy().reshape(-1) for _, table in self.folding.scores.items()])
        positions = self.folding.positions
        if positions is None:
            return tables, None, None
        return tables, positions.planes.detach().numpy(), positions.unpaired.detach().numpy()

    def _score(self, used: list[Use]) -> float:
        tables, planes, unpaired = self._arrays
        total = 0.0
        for name, index, times in used:
            if name == "planes":
                total += times * planes[index] if planes is not None else 0.0
            elif name == "unpaired":
                total += times * unpaired[index] if unpaired is not None else 0.0
            else:
                total += times * tables[_flat(name, index)]
        return total


def every(letters: str, constraints: Constraints | None = None) -> list[Structure]:
    """All nested structures of pairs that can be, with three unpaired bases or more in each hairpin."""

    @cache
    def within(i: int, j: int) -> list[Structure]:
        if j - i < 4:
            return [()]
        found = list(within(i + 1, j))
        for k in range(i + 4, j + 1):
            if letters[i] + letters[k] in KINDS:
                found += [((i, k), *inner, *outer) for inner in within(i + 1, k - 1) for outer in within(k + 1, j)]
        return found

    letters = letters.upper().replace("T", "U")
    allowed = within(0, len(letters) - 1)
    return [pairs for pairs in allowed if constraints is None or _allows(constraints, pairs)]


def uses(letters: str, pairs: Structure, motifs: tuple[str, ...] = ()) -> Iterator[Use]:
    """The scores that a structure is the sum of."""
    letters = letters.upper().replace("T", "U")
    partner = dict(pairs)
    yield from _exterior(letters, _members(partner, -1, len(letters)))
    for i, j in pairs:
        yield "planes", (PLANES.index("pair"), i, j), 1
        branches, free = _members(partner, i, j)
        if not branches:
            yield from _hairpin(letters, i, j, free, motifs)
        elif len(branches) == 1:
            yield from _interior(letters, i, j, *branches[0], free)
        else:
            yield from _multi(letters, i, j, branches, free)


def random_letters(rng: np.random.Generator, length: int, letters: str = "ACGU") -> str:
    """A sequence."""
    return "".join(rng.choice(list(letters), length))


def random_scores(rng: np.random.Generator, letters: str = "", scale: float = 1.0) -> Scores:
    """Every score drawn from a normal distribution; with motifs out of the letters, where they have any."""
    ends = [(start, start + size) for size in MOTIF_SIZES for start in range(len(letters) - size + 1)]
    hairpins = sorted({letters[start:end] for start, end in ends if letters[start] + letters[end - 1] in KINDS})
    motifs = tuple(hairpins[::2])
    return Scores.unpack(torch.from_numpy(rng.normal(0, scale, Scores.size(motifs))), motifs)


def random_positions(rng: np.random.Generator, length: int, scale: float = 1.0) -> Positions:
    """Every score drawn from a normal distribution, those that do not count too."""
    planes = torch.from_numpy(rng.normal(0, scale, (len(PLANES), length, length)))
    return Positions(planes, torch.from_numpy(rng.normal(0, scale, (len(UNPAIRED), length))))


def random_folding(seed: int, longest: int = 16, shortest: int = 1, scale: float = 1.0) -> Folding:
    """A short random sequence with random scores, every other one with scores at its positions."""
    rng = np.random.default_rng(seed)
    letters = random_letters(rng, int(rng.integers(shortest, longest + 1)), "ACGUGCN"[: 4 + seed % 4])
    return Folding(letters, random_scores(rng, letters, scale), random_positions(rng, len(letters), scale) if seed % 2 else None)


def _allows(constraints: Constraints, pairs: Structure) -> bool:
    ends = {end for pair in pairs for end in pair}
    must, never = ({(min(pair), max(pair)) for pair in given} for given in (constraints.paired, constraints.forbidden))
    return must <= set(pairs) and not never & set(pairs) and not ends & set(constraints.unpaired)


def _members(partner: dict[int, int], i: int, j: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Pairs and unpaired bases of the loop between i and j."""
    branches, free = [], []
    place = i + 1
    while place < j:
        if place in partner:
            branches.append((place, partner[place]))
            place = partner[place]
        else:
            free.append(place)
        place += 1
    return branches, free


def _kind(letters: str, i: int, j: int) -> int:
    return KINDS.index(letters[i] + letters[j])


def _side(letters: str, i: int) -> int:
    return max(SIDES.find(letters[i]), 0) if 0 <= i < len(letters) else 0


def _exterior(letters: str, members: tuple[list[tuple[int, int]], list[int]]) -> Iterator[Use]:
    branches, free = members
    for place in free:
        yield "exterior_unpaired", (0,), 1
        yield "unpaired", (UNPAIRED.index("exterior"), place), 1
    for i, j in branches:
        yield "exterior_mismatch", (_kind(letters, i, j), _side(letters, i - 1), _side(letters, j + 1)), 1
        yield "planes", (PLANES.index("exterior"), i, j), 1


def _hairpin(letters: str, i: int, j: int, free: list[int], motifs: tuple[str, ...]) -> Iterator[Use]:
    yield "planes", (PLANES.index("hairpin"), i, j), 1
    for place in free:
        yield "unpaired", (UNPAIRED.index("hairpin"), place), 1
    if (spelled := letters[i : j + 1]) in motifs:
        yield "hairpin_motif", (motifs.index(spelled),), 1
        return
    yield "hairpin_length", (min(len(free), 30),), 1
    if len(free) > 30:
        yield "hairpin_extension", (0,), log(len(free) / 30)
    table = "hairpin_three" if len(free) == 3 else "hairpin_mismatch"
    yield table, (_kind(letters, i, j), _side(letters, i + 1), _side(letters, j - 1)), 1


def _interior(letters: str, i: int, j: int, k: int, m: int, free: list[int]) -> Iterator[Use]:
    outer, inner = _kind(letters, i, j), _kind(letters, m, k)
    if not free:
        yield "stack", (outer, inner), 1
        yield "planes", (PLANES.index("stack"), i, j), 1
        return
    yield "planes", (PLANES.index("interior_outer"), i, j), 1
    yield "planes", (PLANES.index("interior_inner"), k, m), 1
    for place in free:
        yield "unpaired", (UNPAIRED.index("interior"), place), 1
    left, right = k - i - 1, j - m - 1
    yield "interior_size", (left, right), 1
    if left == 0 or right == 0:
        yield "bulge_mismatch", (outer, _side(letters, i + 1), _side(letters, j - 1)), 1
        yield "bulge_mismatch", (inner, _side(letters, m + 1), _side(letters, k - 1)), 1
    if len(free) == 1:
        yield "bulge_one", (outer, inner), 1
        yield "bulge_base", (_side(letters, free[0]),), 1
    elif left == 0 or right == 0:
        yield "bulge_end", (outer,), 1
        yield "bulge_end", (inner,), 1
    elif (left, right) == (1, 1):
        yield "interior_11", (outer, inner, _side(letters, i + 1), _side(letters, j - 1)), 1
    elif (left, right) == (1, 2):
        yield "interior_21", (outer, inner, _side(letters, i + 1), _side(letters, m + 1), _side(letters, j - 1)), 1
    elif (left, right) == (2, 1):
        yield "interior_21", (inner, outer, _side(letters, m + 1), _side(letters, i + 1), _side(letters, k - 1)), 1
    elif (left, right) == (2, 2):
        sides = (_side(letters, i + 1), _side(letters, k - 1), _side(letters, m + 1), _side(letters, j - 1))
        yield "interior_22", (outer, inner, *sides), 1
    else:
        table = "interior_1n" if 1 in (left, right) else "interior_23" if {left, right} == {2, 3} else "interior_mismatch"
        yield table, (outer, _side(letters, i + 1), _side(letters, j - 1)), 1
        yield table, (inner, _side(letters, m + 1), _side(letters, k - 1)), 1


def _multi(letters: str, i: int, j: int, branches: list[tuple[int, int]], free: list[int]) -> Iterator[Use]:
    yield "multi", (0,), 1
    yield "multi", (1,), 1 + len(branches)
    yield "multi", (2,), len(free)
    for place in free:
        yield "unpaired", (UNPAIRED.index("multi"), place), 1
    yield "multi_mismatch", (_kind(letters, j, i), _side(letters, j - 1), _side(letters, i + 1)), 1
    yield "planes", (PLANES.index("multi_outer"), i, j), 1
    for k, m in branches:
        yield "multi_mismatch", (_kind(letters, k, m), _side(letters, k - 1), _side(letters, m + 1)), 1
        yield "planes", (PLANES.index("multi_inner"), k, m), 1


def _flat(name: str, index: tuple[int, ...]) -> int:
    place = 0
    for at, size in zip(index, SHAPES.get(name, index), strict=True):
        place = place * size + at
    return PLACE_OF[name] + place

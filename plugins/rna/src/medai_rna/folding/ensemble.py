"""All structures of a sequence, each by its weight: the partition function, and what is expected under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai.errors import DataError
from medai_rna.folding.counting import counted
from medai_rna.folding.inside import inside, work_of
from medai_rna.folding.loops import EXTERIOR_UNPAIRED, IN_EXTERIOR, IN_HAIRPIN, IN_INTERIOR, IN_MULTI, INTERIOR_SIZE, MULTI_UNPAIRED, PAIR
from medai_rna.folding.outside import outside, prefixes, raise_lower, transpose
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import LONGEST, Positions
from medai_rna.folding.tally import Tally, gather, tally_of
from medai_rna.folding.weights import Weights, weights_of

WINDOWS = (64, 16, 256, 1024)
"""Bases of the stretches out of whose own partition functions scales are taken, in the order in which they are tried."""

SHORT = 128
"""Bases of a sequence that is tried without scales first."""


@dataclass(frozen=True)
class Ensemble:
    """All structures of a sequence of N bases.

    Attributes:
        log_partition: the natural logarithm of the sum of their weights.
        probabilities: of the pairs (i, j), i < j, float64 (N, N); 0 elsewhere.
    """

    log_partition: float
    probabilities: np.ndarray


@dataclass(frozen=True)
class Filled:
    """The inside weights of a sequence; see `inside`."""

    weights: Weights
    closed: np.ndarray
    parts: np.ndarray
    suffix: np.ndarray

    @property
    def log_partition(self) -> float:
        """Not finite where float64 could not hold it."""
        with np.errstate(divide="ignore"):
            return float(np.log(self.suffix[0]) + self.weights.scale[-1])


def ensemble(folding: Folding) -> Ensemble:
    """The partition function, and the probability of every pair.

    Raises:
        DataError: no structure meets the constraints, or the scores are not finite or too large for float64.
    """
    found = filled(folding)
    return Ensemble(found.log_partition, _probabilities(folding, found, None)[0])


def log_partition_of(folding: Folding) -> float:
    """The natural logarithm of the partition function.

    Raises:
        DataError: as `ensemble`.
    """
    return filled(folding).log_partition


def expected_counts(folding: Folding) -> tuple[float, Counts]:
    """The logarithm of the partition function, and how often each score is used on average: its gradient.

    Raises:
        DataError: as `ensemble`.
    """
    found = filled(folding)
    tally = tally_of(folding.vector.size, len(folding.letters), folding.places is not None)
    probabilities, exterior = _probabilities(folding, found, tally)
    gather(tally)
    counts = counted(tally.tables, tally.places)
    sizes = np.add.outer(np.arange(LONGEST + 1), np.arange(LONGEST + 1)).reshape(-1)
    in_interiors = float(sizes @ counts.tables[INTERIOR_SIZE : INTERIOR_SIZE + sizes.size])
    # Every base is somewhere: those that are unpaired and nowhere else are in multiloops.
    elsewhere = 2 * probabilities.sum() + tally.in_hairpins[0] + in_interiors + exterior.sum()
    counts.tables[MULTI_UNPAIRED] = max(0.0, len(folding.letters) - elsewhere)
    counts.tables[EXTERIOR_UNPAIRED] = exterior.sum()
    if counts.planes is not None and counts.unpaired is not None:
        counts.planes[PAIR] = probabilities
        counts.unpaired[IN_EXTERIOR] = exterior
        paired = probabilities.sum(axis=0) + probabilities.sum(axis=1)
        counts.unpaired[IN_MULTI] = np.maximum(0, 1 - paired - counts.unpaired[[IN_HAIRPIN, IN_INTERIOR, IN_EXTERIOR]].sum(axis=0))
    return found.log_partition, counts


def filled(folding: Folding) -> Filled:
    """The inside weights, by a scale at which float64 holds them.

    Raises:
        DataError: as `ensemble`.
    """
    length = len(folding.letters)
    scale = np.zeros(length) if length <= SHORT else _refined(folding, np.zeros(length), WINDOWS[0])
    found = _filled(folding, scale)
    for window in WINDOWS:
        if np.isfinite(found.log_partition):
            break
        scale = _refined(folding, scale, window)
        found = _filled(folding, scale)
    if not np.isfinite(found.log_partition):
        raise DataError(
            f"the partition function of a sequence of {length} bases is {np.exp(found.log_partition)}: no structure meets the constraints, "
            "or scores are not finite or too large for float64"
        )
    return found


def _filled(folding: Folding, scale: np.ndarray) -> Filled:
    length = len(scale)
    found = Filled(weights_of(folding, scale), np.zeros((length, length)), np.zeros((length, length)), np.zeros(length + 1))
    inside(found.weights, folding.strand, folding.places, found.closed, found.parts, found.suffix, work_of(length))
    return found


def _refined(folding: Folding, scale: np.ndarray, window: int) -> np.ndarray:
    """A scale by which each window's own partition function is 1; that of windows where it is not finite stays."""
    refined = scale.copy()
    for start in range(0, len(scale), window):
        part = slice(start, min(start + window, len(scale)))
        found = _filled(_part(folding, part), scale[part]).log_partition
        if np.isfinite(found):
            refined[part] = found / (part.stop - part.start)
    return refined


def _part(folding: Folding, part: slice) -> Folding:
    """A stretch alone, without constraints."""
    positions = folding.positions
    if positions is not None:
        positions = Positions(positions.planes[:, part, part], positions.unpaired[:, part])
    return Folding(folding.letters[part], folding.scores, positions)


def _probabilities(folding: Folding, found: Filled, tally: Tally | None) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs (N, N), and of unpaired bases of the exterior loop (N,); the weights that were filled in are used up."""
    strand, places = folding.strand, folding.places
    length = len(folding.letters)
    prefix = np.zeros(length + 1)
    prefixes(found.weights, strand, places, found.closed, prefix)
    exterior = prefix[:-1] * found.weights.exterior * found.suffix[1:] / found.suffix[0]
    splits = np.zeros((length, length))
    transpose(found.parts)
    outside(found.weights, strand, places, found.closed, found.parts, prefix, found.suffix, splits, work_of(length), tally)
    raise_lower(splits)
    return splits, exterior

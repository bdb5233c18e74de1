"""All structures of a sequence, each by its weight: the partition function, and what is expected under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai_rna.folding.counting import counted
from medai_rna.folding.filling import Filled, filled, fillings
from medai_rna.folding.inside import work_of
from medai_rna.folding.loops import EXTERIOR_UNPAIRED, IN_EXTERIOR, IN_HAIRPIN, IN_INTERIOR, IN_MULTI, INTERIOR_SIZE, MULTI_UNPAIRED, PAIR
from medai_rna.folding.outside import clear_lower, outside, prefixes, transpose
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.sampling import sampled
from medai_rna.folding.scores import LONGEST
from medai_rna.folding.tally import Tally, gather, tally_of

__all__ = ["Ensemble", "ensemble", "expected_counts", "log_partition_of", "sampled"]


@dataclass(frozen=True)
class Ensemble:
    """All structures of a sequence of N bases.

    Attributes:
        log_partition: the natural logarithm of the sum of their weights.
        probabilities: of the pairs (i, j), i < j, float64 (N, N); 0 elsewhere.
    """

    log_partition: float
    probabilities: np.ndarray


def ensemble(folding: Folding) -> Ensemble:
    """The partition function, and the probability of every pair.

    Raises:
        DataError: no structure meets the constraints, or the scores are not finite or too far apart for float64.
        MemoryFault: the machine has not the memory that the sequence needs.
    """
    for found in fillings(folding):
        probabilities, _ = _probabilities(folding, found, None)
        if np.isfinite(probabilities.sum()):
            break
    return Ensemble(found.log_partition, probabilities)


def log_partition_of(folding: Folding) -> float:
    """The natural logarithm of the partition function.

    Raises:
        DataError, MemoryFault: as `ensemble`.
    """
    return filled(folding).log_partition


def expected_counts(folding: Folding) -> tuple[float, Counts]:
    """The logarithm of the partition function, and how often each score is used on average: its gradient.

    Raises:
        DataError, MemoryFault: as `ensemble`.
    """
    for found in fillings(folding):
        tally = tally_of(folding.vector.size, len(folding.letters), folding.places is not None)
        probabilities, exterior = _probabilities(folding, found, tally)
        if np.isfinite(probabilities.sum()):
            break
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


def _probabilities(folding: Folding, found: Filled, tally: Tally | None) -> tuple[np.ndarray, np.ndarray]:
    """Of pairs (N, N), and of unpaired bases of the exterior loop (N,); the weights that were filled in are used up."""
    strand, places = folding.strand, folding.places
    length = len(folding.letters)
    prefix = np.zeros(length + 1)
    prefixes(found.weights, strand, places, found.closed, prefix)
    exterior = prefix[:-1] * found.weights.exterior * found.suffix[1:] / found.suffix[0]
    transpose(found.parts)
    outside(found.weights, strand, places, found.closed, found.parts, prefix, found.suffix, work_of(length), tally)
    clear_lower(found.parts)
    return found.parts, exterior

"""The inside weights of a sequence, by a scale at which float64 holds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medai.errors import DataError
from medai_rna.folding.inside import inside, work_of
from medai_rna.folding.problem import Folding
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import Positions
from medai_rna.folding.weights import Weights, weights_of

WINDOWS = (64, 16, 256, 1024)
"""Bases of the stretches out of whose own partition functions scales are taken, in the order in which they are tried."""

SHORT = 128
"""Bases of a sequence that is tried without scales first."""

BYTES = 18
"""For each two bases: of two squares of weights, and what a `Strand` holds."""


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


def filled(folding: Folding) -> Filled:
    """The inside weights.

    Raises:
        DataError: no structure meets the constraints, or the scores are not finite or too large for float64.
        MemoryFault: the machine has not the memory that the sequence needs.
    """
    length = len(folding.letters)
    ensure_room(length, BYTES)
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

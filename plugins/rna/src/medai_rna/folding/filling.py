"""The inside weights of a sequence, by a scale at which float64 holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from medai.errors import DataError
from medai_rna.folding.inside import inside, work_of
from medai_rna.folding.problem import Folding
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scaling import scale_of
from medai_rna.folding.scores import Positions
from medai_rna.folding.weights import Weights, weights_of

WINDOW = 64
"""Bases of the stretches out of whose own partition functions scales are taken first."""

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
        DataError: no structure meets the constraints, or the scores are not finite or too far apart for float64.
        MemoryFault: the machine has not the memory that the sequence needs.
    """
    return next(fillings(folding))


def fillings(folding: Folding) -> Iterator[Filled]:
    """The inside weights by one scale after another, for what float64 cannot hold by the first.

    Raises:
        DataError: as `filled`, also where it was asked for more than there are.
        MemoryFault: likewise.
    """
    ensure_room(len(folding.letters), BYTES)
    for scale in _scales(folding):
        found = _filled(folding, scale)
        if np.isfinite(found.log_partition):
            yield found
    raise DataError(f"the weights of the structures of a sequence of {len(folding.letters)} bases are further apart than float64 can hold")


def _scales(folding: Folding) -> Iterator[np.ndarray]:
    """What to try in turn, the cheap first."""
    length = len(folding.letters)
    if length <= SHORT:
        yield np.zeros(length)
    yield _refined(folding, np.zeros(length), WINDOW)
    _refuse_infinite(folding)
    best = scale_of(folding)
    yield best
    yield _refined(folding, best, 4 * WINDOW)


def _refuse_infinite(folding: Folding) -> None:
    positions = folding.positions
    given = [folding.scores.pack()] + ([] if positions is None else [positions.planes.triu(1), positions.unpaired])
    if any(bool((scores.isnan() | (scores == np.inf)).any()) for scores in given):
        raise DataError("a score is not finite")


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

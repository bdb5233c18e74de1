"""What is asked of a grammar with parameters and a sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.folding.room import ensure_room
from medai_rna.folding.scores import LONGEST
from medai_rna.grammars.grammar import AFTER, BASES, UNKNOWN, Program
from medai_rna.grammars.programme import fill
from medai_rna.grammars.strands import Strand, known_strand, strand_of
from medai_rna.grammars.tracing import trace
from medai_rna.grammars.uses import spread
from medai_rna.grammars.weights import Weights

__all__ = [
    "Best",
    "Expected",
    "Filled",
    "Ready",
    "Strand",
    "Weights",
    "best",
    "expected",
    "filled",
    "known_strand",
    "log_likelihood",
    "pairs_of",
    "ready_of",
    "strand_of",
]

_TRIES = 40


@dataclass(frozen=True)
class Ready:
    """What the compiled programme is given, but for the scale; its arrays are those of `fill`.

    Attributes:
        bases_made: bases that each entry of `emissions` makes.
        unpaired: the weight of each base in a run of unpaired ones, float64 (N,).
    """

    program: Program
    rules: np.ndarray
    emissions: np.ndarray
    bases_made: np.ndarray
    lengths: np.ndarray
    lefts: np.ndarray
    rights: np.ndarray
    unpaired: np.ndarray
    strand: Strand

    def scaled(self, scale: float) -> tuple[object, ...]:
        """The arguments of the programme where each base counts `scale`."""
        return (
            self.program,
            self.rules,
            self.emissions * scale**self.bases_made,
            self.lengths,
            self.lefts,
            self.rights,
            _runs(self.unpaired * scale, self.strand.single),
            self.strand.pairs,
            self.strand.single,
        )


def ready_of(weights: Weights, strand: Strand) -> Ready:
    """A grammar's weights and a sequence, made ready.

    Raises:
        MemoryFault: the sequence needs more memory than the machine has free; says how much.
    """
    charts = len(weights.grammar.program.order) + int(weights.grammar.program.slot.max()) + 1
    ensure_room(len(strand.codes), 8 * (2 * charts + 1))
    lefts, rights = _coded(weights.grammar.program, strand.codes)
    single = weights.grammar.tables.get("single")
    unpaired = weights.emissions[single.wide + strand.codes] if single is not None else np.zeros(len(strand.codes))
    return Ready(
        weights.grammar.program, weights.rules, weights.emissions, weights.bases_made, weights.lengths, lefts, rights, unpaired, strand
    )


@dataclass(frozen=True)
class Expected:
    """What is known of all derivations of a sequence.

    Attributes:
        log_likelihood: the logarithm of the sum of their weights.
        counts: how often each parameter is used, on average by their weights, float64 (grammar.size,).
        probabilities: of pairs, float64 (N, N), upper triangle.
    """

    log_likelihood: float
    counts: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Best:
    """The derivation of the largest weight.

    Attributes:
        log_weight: its logarithm.
        counts: how often it uses each parameter.
        structure: the pairs that it makes.
    """

    log_weight: float
    counts: np.ndarray
    structure: Pairs


def log_likelihood(weights: Weights, strand: Strand) -> float:
    """The logarithm of the sum of the weights of all derivations; -inf where there is none. Errors as `ready_of`."""
    return filled(ready_of(weights, strand)).log_total


def expected(weights: Weights, strand: Strand) -> Expected:
    """The sum over all derivations, and what they use on average.

    Raises:
        DataError: there is no derivation.
        MemoryFault: as `ready_of`.
    """
    ready = ready_of(weights, strand)
    found = filled(ready)
    if found.log_total == -math.inf:
        raise DataError("the grammar cannot make this sequence and structure")
    rules, emissions, lengths, covered, probabilities = spread(*ready.scaled(found.scale), found.chart, found.turned)
    return Expected(found.log_total, weights.counted(rules, _with_runs(weights, emissions, strand, covered), lengths), probabilities)


def best(weights: Weights, strand: Strand) -> Best:
    """The best derivation (Cocke, Younger and Kasami's algorithm).

    Raises:
        DataError: there is no derivation.
        MemoryFault: as `ready_of`.
    """
    ready = ready_of(weights, strand)
    found = filled(ready, best=True)
    if found.log_total == -math.inf:
        raise DataError("the grammar cannot make this sequence and structure")
    rules, emissions, lengths, covered, partner = trace(*ready.scaled(found.scale), found.chart)
    counts = weights.counted(rules, _with_runs(weights, emissions, strand, covered), lengths)
    return Best(found.log_total, counts, pairs_of(partner))


def pairs_of(partner: Sequence[int] | np.ndarray) -> Pairs:
    """A structure from the partner of each base, -1 for none."""
    return Pairs(tuple((i, int(j)) for i, j in enumerate(partner) if j > i), len(partner))


@dataclass(frozen=True)
class Filled:
    """All spans; `log_total` is that of the whole sequence, without the scale."""

    chart: np.ndarray
    turned: np.ndarray
    scale: float
    log_total: float


def filled(ready: Ready, best: bool = False) -> Filled:
    """All spans, with a scale by which the whole sequence is neither too large nor too small for a float.

    Raises:
        DataError: no such scale is found.
    """
    length, scale, low, high = len(ready.strand.codes), float(len(BASES)), 0.0, math.inf
    start = ready.program.start
    for _ in range(_TRIES):
        chart, turned = fill(*ready.scaled(scale), best)
        total = chart[start, 0, length]
        if np.isfinite(total) and total > 0 and np.isfinite(chart.max()):
            return Filled(chart, turned, scale, math.log(total) - length * math.log(scale))
        if total == 0 and low == 0.0 and not _possible(ready):
            return Filled(chart, turned, scale, -math.inf)
        low, high = (scale, high) if total == 0 else (low, scale)
        scale = _nearer(chart, scale, low, high)
    raise DataError(f"the weights of derivations of {length} bases differ more than numbers can hold")


def _nearer(chart: np.ndarray, scale: float, low: float, high: float) -> float:
    """A better scale, between bounds: one by which the longest span with a weight would have the weight 1."""
    held = np.isfinite(chart) & (chart > 0)
    _, start, end = np.nonzero(held)
    if len(start):
        longest = int((end - start).argmax())
        guess = scale * math.exp(-math.log(chart[held][longest]) / max(1, int(end[longest] - start[longest])))
        if low < guess < high:
            return guess
    return scale * 2 if math.isinf(high) else scale / 2 if low == 0.0 else math.sqrt(low * high)


def _possible(ready: Ready) -> bool:
    """Whether there is a derivation at all: weights of 1 in place of all that are not 0."""
    program, *arrays = ready.scaled(1.0)
    ones = [np.where(np.asarray(array) > 0, 1.0, 0.0) if place in (0, 1, 2, 5) else array for place, array in enumerate(arrays)]
    chart, _ = fill(program, *ones, True)
    return bool(chart[ready.program.start, 0, len(ready.strand.codes)] > 0)


def _coded(program: Program, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The codes of bases at the left and right ends of spans, by shape of emission."""
    length, margin = len(codes), 8
    padded = np.full(length + 2 * margin, UNKNOWN, dtype=np.int64)
    padded[margin : margin + length] = codes
    count, digits = len(program.shapes), UNKNOWN + 1
    lefts, rights = np.zeros((count, length + 1), dtype=np.int64), np.zeros((count, length + 1), dtype=np.int64)
    for shape, (before, left, right, after) in enumerate(program.shapes[:, : AFTER + 1].tolist()):
        for offset in range(-before, left):
            lefts[shape] = lefts[shape] * digits + padded[margin + offset : margin + offset + length + 1]
        for offset in range(-right, after):
            rights[shape] = rights[shape] * digits + padded[margin + offset : margin + offset + length + 1]
    return lefts, rights


def _runs(unpaired: np.ndarray, single: np.ndarray) -> np.ndarray:
    """The weight of n unpaired bases from i on, float64 (N + 1, LONGEST + 1)."""
    length = len(unpaired)
    padded = np.zeros(length + LONGEST + 1)
    padded[:length] = unpaired * single
    found = np.ones((length + 1, LONGEST + 1))
    for n in range(1, LONGEST + 1):
        found[:, n] = found[:, n - 1] * padded[n - 1 : n + length]
    return found


def _with_runs(weights: Weights, emissions: np.ndarray, strand: Strand, covered: np.ndarray) -> np.ndarray:
    single = weights.grammar.tables.get("single")
    if single is not None:
        emissions[single.wide : single.wide + UNKNOWN + 1] += np.bincount(strand.codes, covered, UNKNOWN + 1)
    return emissions

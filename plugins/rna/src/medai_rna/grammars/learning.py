"""Expectation maximisation of a grammar's parameters, from sequences with known structures and without."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.folding.problem import each
from medai_rna.folding.room import in_training
from medai_rna.folding.scores import SHORTEST_HAIRPIN
from medai_rna.grammars.grammar import Grammar
from medai_rna.grammars.parsing import Strand, Weights, expected, known_strand, strand_of
from medai_rna.nested import nested


@dataclass(frozen=True)
class Example:
    """A sequence to learn from.

    Attributes:
        id: its case.
        letters: the sequence.
        structure: what is known of it, nested; None: nothing.
    """

    id: str
    letters: str
    structure: Pairs | None = None

    @classmethod
    def of(cls, id: str, letters: str, structure: Pairs | None) -> Example:
        """What grammars can make of a structure is learnt from: the largest part that is nested, without pairs around fewer than three
        bases."""
        if structure is None:
            return cls(id, letters)
        kept = tuple((i, j) for i, j in nested(structure).pairs if j - i > SHORTEST_HAIRPIN)
        return cls(id, letters, Pairs(kept, structure.length))

    @property
    def strand(self) -> Strand:
        """Errors as `strand_of`."""
        return strand_of(self.letters) if self.structure is None else known_strand(self.letters, self.structure)


@dataclass(frozen=True)
class Expectation:
    """What examples say under given weights.

    Attributes:
        counts: how often each parameter is used, summed over the examples, float64 (grammar.size,).
        log_likelihood: the sum over the examples, with their structures where these are known.
        bases: of the examples that were counted.
        impossible: those that the grammar cannot make, which are not counted.
    """

    counts: np.ndarray
    log_likelihood: float
    bases: int
    impossible: tuple[str, ...]

    @property
    def per_base(self) -> float:
        """The log likelihood per base; 0 without any."""
        return self.log_likelihood / max(1, self.bases)


def expectation(weights: Weights, examples: Sequence[Example], strand: Callable[[Example], Strand] | None = None) -> Expectation:
    """The expected uses of all parameters; sequences side by side, as many as torch has threads.

    Args:
        weights: of which they are expected.
        examples: counted.
        strand: what an example's derivations may do; None: they make its structure where that is known.

    Raises:
        MemoryFault: an example needs more memory than there is; names it.
    """

    def one(example: Example) -> tuple[np.ndarray, float] | None:
        try:
            with in_training(example.id):
                found = expected(weights, example.strand if strand is None else strand(example))
        except DataError:
            return None
        return found.counts, found.log_likelihood

    answers = each(one, examples)
    counts, total = np.zeros(weights.grammar.size), 0.0
    for answer in answers:
        if answer is not None:
            counts += answer[0]
            total += answer[1]
    made = [example for example, answer in zip(examples, answers, strict=True) if answer is not None]
    lost = tuple(example.id for example, answer in zip(examples, answers, strict=True) if answer is None)
    return Expectation(counts, total, sum(len(example.letters) for example in made), lost)


def even_prior(grammar: Grammar, count: float) -> np.ndarray:
    """So many uses of each parameter beforehand (Laplace's rule with 1); float64 (size,)."""
    return np.where(grammar.blocks >= 0, count, 0.0)


def prior_of(grammar: Grammar, count: float) -> np.ndarray:
    """As `even_prior`, but over numbers of unpaired bases, where most are never seen, fewer uses the more bases: together as many as the
    distribution has entries times `count`, falling by a tenth with each base."""
    found = even_prior(grammar, count)
    for lengths in grammar.lengths.values():
        if lengths.start >= 0:
            place = slice(lengths.start, lengths.start + lengths.totals.size)
            fall = np.where(found[place] > 0, 0.9 ** lengths.totals.ravel(), 0.0)
            found[place] = fall * (found[place].sum() / fall.sum())
    return found


def log_prior(parameters: np.ndarray, prior: np.ndarray) -> float:
    """The logarithm of the Dirichlet prior's density, up to a constant, by which counts beforehand are uses of each parameter."""
    used = prior > 0
    return float(prior[used] @ np.log(parameters[used])) if used.any() else 0.0


def not_made(impossible: Iterable[str]) -> str:
    """What is to be said of examples that a grammar cannot make."""
    names = sorted(impossible)
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} of the training sequences cannot be made by the grammar with their structures and are left out: {shown}"


def settled(before: float, now: float, tolerance: float) -> bool:
    """Whether the objective per base rises by less than the tolerance."""
    return math.isfinite(before) and now - before < tolerance

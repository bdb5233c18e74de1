"""Grammars against all derivations, listed one by one from the rules as they are written."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from medai.errors import DataError, MemoryFault
from medai.tasks import Pairs
from medai_rna.grammars.grammar import BASES, Grammar
from medai_rna.grammars.library import AMBIGUOUS, DOWELL_EDDY
from medai_rna.grammars.notation import Item, Letter, Production, Run, Symbol
from medai_rna.grammars.parsing import Strand, Weights, best, expected, known_strand, log_likelihood, strand_of

EVERYTHING = """
    S -> a S | L S | e                      # exterior
    L -> [b] a P a' [c]                     # a pair given its neighbours
    P -> [c] a P a' [c'] <stack>
       | [c] a x{1..3 hairpin} b [c']       # a mismatch and a loop
       | x{2..4 short}
       | x{1..2 bulge} Q | Q y{2}
       | x{1..3 interior} Q y{1..2}
       | Q a S+ (0.2)
    Q -> a b P b' a' | a x{1..2} a'
"""

GRAMMARS = {**DOWELL_EDDY, "everything": EVERYTHING}


@dataclass(frozen=True)
class Derivation:
    pairs: tuple[tuple[int, int], ...]
    uses: tuple[int, ...]

    def __add__(self, other: Derivation) -> Derivation:
        return Derivation(self.pairs + other.pairs, self.uses + other.uses)


class Lister:
    """All derivations of a sequence, by recursion over the rules' items."""

    def __init__(self, grammar: Grammar, letters: str, strand: Strand) -> None:
        self.grammar, self.letters, self.strand = grammar, letters, strand
        self.rules: dict[str, list[int]] = {}
        for index, production in enumerate(grammar.productions):
            self.rules.setdefault(production.name, []).append(index)

    def symbol(self, name: str, i: int, j: int) -> Iterator[Derivation]:
        for index in self.rules[name]:
            production = self.grammar.productions[index]
            for places in self.spans(production.items, i, j):
                yield from self.rule(index, production, places, i, j)

    def spans(self, items: tuple[Item, ...], i: int, j: int) -> Iterator[tuple[tuple[int, int], ...]]:
        """Every way to share out a span over the items."""
        if not items:
            if i == j:
                yield ()
            return
        item, rest = items[0], items[1:]
        if isinstance(item, Letter):
            sizes = range(1, 2)
        elif isinstance(item, Run):
            sizes = range(item.low, item.high + 1)
        else:
            sizes = range(int(item.solid), j - i + 1)
        fewest = sum(1 if isinstance(other, Letter) else other.low if isinstance(other, Run) else int(other.solid) for other in rest)
        for size in sizes:
            if i + size + fewest <= j:
                for others in self.spans(rest, i + size, j):
                    yield ((i, i + size), *others)

    def rule(self, index: int, production: Production, places: tuple[tuple[int, int], ...], i: int, j: int) -> Iterator[Derivation]:
        pairs: list[tuple[int, int]] = []
        uses = [index]
        bases = {place: item for item, (place, _) in zip(production.items, places, strict=True) if isinstance(item, Letter)}
        opened = {item.name: place for place, item in bases.items() if not item.primed}
        pairs += [(opened[base.name], place) for place, base in bases.items() if base.primed]
        paired = {end for pair in pairs for end in pair}
        for item, (start, end) in zip(production.items, places, strict=True):
            if isinstance(item, Run):
                if not all(self.strand.single[start:end]):
                    return
                uses += [self.entry("single", (place,)) for place in range(start, end)]
        free = [place for place in bases if place not in paired]
        if not all(self.strand.pairs[pair] for pair in pairs) or not all(self.strand.single[free]):
            return
        symbols = [(item, where) for item, where in zip(production.items, places, strict=True) if isinstance(item, Symbol)]
        if production.before or production.after or len(symbols) < 2:
            seen = [i - len(production.before) + t for t in range(len(production.before))] + [j + t for t in range(len(production.after))]
            if production.after and production.after[0].primed and (i == 0 or j == len(self.letters) or not self.strand.pairs[i - 1, j]):
                return
            if bases:
                step = next(step for step in self.grammar.steps if step.rule == index)
                uses.append(self.entry(step.table, sorted([*bases, *seen])))
        else:
            uses += [self.entry("pair", pair) for pair in pairs] + [self.entry("single", (p,)) for p in free]
        uses += self.lengths(index, production, places)
        made = [Derivation(tuple(pairs), tuple(uses))]
        for symbol, (start, end) in symbols:
            # Nothing is asked of the others where one makes nothing: it may be what asks.
            made = [one + two for one, two in itertools.product(made, self.symbol(symbol.name, start, end))] if made else []
        yield from made

    def entry(self, table: str, places: Iterable[int]) -> int:
        held = self.grammar.tables[table]
        letters = [BASES.index(self.letters[place]) for place in places if 0 <= place < len(self.letters)]
        assert len(letters) == held.emission.bases
        return held.start + int(np.ravel_multi_index(letters, (4,) * len(letters)))

    def lengths(self, index: int, production: Production, places: tuple[tuple[int, int], ...]) -> list[int]:
        step = next(step for step in self.grammar.steps if step.rule == index)
        runs = [(item, where) for item, where in zip(production.items, places, strict=True) if isinstance(item, Run)]
        if not step.lengths or not runs:
            return []
        held = self.grammar.lengths[step.lengths]
        numbers = [end - start - item.low for item, (start, end) in runs]
        if len(numbers) < len(held.shape):  # a run on one side alone
            numbers = [numbers[0], 0] if isinstance(production.items[0], Run) else [0, numbers[0]]
        return [held.start + int(np.ravel_multi_index(numbers, held.shape))]


def drawn(grammar: Grammar, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    return Weights(grammar, grammar.normalised(np.where(grammar.blocks >= 0, rng.gamma(1.0, size=grammar.size) + 0.01, 0.0)))


def listed(weights: Weights, letters: str, strand: Strand) -> tuple[np.ndarray, list[Derivation]]:
    found = list(Lister(weights.grammar, letters, strand).symbol(weights.grammar.productions[0].name, 0, len(letters)))
    return np.array([math.prod(weights.vector[use] for use in one.uses) for one in found]), found


def sequences(seed: int, lengths: tuple[int, ...]) -> list[str]:
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list(BASES), length)) for length in lengths]


LENGTHS = {"G1": (1, 4), "G2": (1, 4), "everything": (1, 7, 9)}


@pytest.mark.parametrize("name", GRAMMARS)
def test_sums_maxima_uses_and_probabilities_are_those_of_all_derivations(name: str) -> None:
    grammar = Grammar(GRAMMARS[name])
    for seed, letters in enumerate(sequences(3, LENGTHS.get(name, (1, 5, 7)))):
        # A context outside of the sequence is a base that is not known, which the list does not know of: the pair with neighbours has
        # them inside a longer sequence, whose ends are unpaired.
        letters = f"A{letters}C"
        weights, strand = drawn(grammar, seed), strand_of(letters, shortest=1)
        if name == "everything":
            strand.pairs[0, :] = strand.pairs[:, -1] = 0
        probabilities, derivations = listed(weights, letters, strand)
        found, top = expected(weights, strand), best(weights, strand)
        assert found.log_likelihood == pytest.approx(math.log(probabilities.sum()), abs=1e-10)
        assert top.log_weight == pytest.approx(math.log(probabilities.max()), abs=1e-10)
        assert log_likelihood(weights, strand) == found.log_likelihood
        assert name != "everything" or len(letters) < 11 or {use for one in derivations for use in one.uses} >= set(range(13))
        uses, pairs = np.zeros(grammar.size), np.zeros((len(letters), len(letters)))
        for share, one in zip(probabilities / probabilities.sum(), derivations, strict=True):
            np.add.at(uses, list(one.uses), share)
            for pair in one.pairs:
                pairs[pair] += share
        np.testing.assert_allclose(found.counts, uses, atol=1e-10)
        np.testing.assert_allclose(found.probabilities, pairs, atol=1e-10)
        chosen = [derivations[place] for place in np.flatnonzero(probabilities >= probabilities.max() * (1 - 1e-9))]
        assert top.structure.pairs in {tuple(sorted(one.pairs)) for one in chosen}
        assert float(top.counts[top.counts > 0] @ np.log(weights.vector[top.counts > 0])) == pytest.approx(top.log_weight, abs=1e-9)


@pytest.mark.parametrize("name", DOWELL_EDDY)
def test_a_known_structure_has_one_derivation_unless_the_grammar_is_ambiguous(name: str) -> None:
    grammar = Grammar(DOWELL_EDDY[name])
    letters, structure = "GGACAACGUUCC", Pairs.from_brackets("((.(...)..))")
    if name in AMBIGUOUS:
        letters, structure = "GACAGU", Pairs.from_brackets("((..))")
    weights, strand = drawn(grammar, 1), known_strand(letters, structure)
    probabilities, derivations = listed(weights, letters, strand)
    assert all(tuple(sorted(one.pairs)) == structure.pairs for one in derivations)
    found = expected(weights, strand)
    assert found.log_likelihood == pytest.approx(math.log(probabilities.sum()))
    assert (len(derivations) > 1) == (name in AMBIGUOUS)
    if name not in AMBIGUOUS:
        direct = np.bincount(derivations[0].uses, minlength=grammar.size)
        np.testing.assert_allclose(found.counts, direct, atol=1e-9)
    assert best(weights, strand).structure == structure


def test_free_parameters_are_those_of_the_paper() -> None:
    # Dowell and Eddy 2004: Knudsen and Hein's grammar has 21 free parameters.
    assert Grammar(DOWELL_EDDY["G6"]).free == 21


def test_a_base_that_is_not_known_may_be_each() -> None:
    weights = drawn(Grammar(DOWELL_EDDY["G5"]), 0)
    strands = [strand_of(f"GA{base}AC", shortest=1) for base in BASES]
    each = [math.exp(log_likelihood(weights, strand)) for strand in strands]
    found = expected(weights, strand_of("GANAC", shortest=1))
    assert math.exp(found.log_likelihood) == pytest.approx(sum(each))
    counts = sum(share * expected(weights, strand).counts for share, strand in zip(each, strands, strict=True)) / sum(each)
    np.testing.assert_allclose(found.counts, counts, atol=1e-12)


def test_long_sequences_neither_vanish_nor_overflow() -> None:
    grammar = Grammar(DOWELL_EDDY["G6"])
    letters = sequences(0, (400,))[0]
    unpaired = known_strand(letters, Pairs((), len(letters)))
    even = log_likelihood(Weights(grammar, grammar.even()), unpaired)
    for factor in (1e-3, 1e3):
        # A derivation of n unpaired bases has n emissions and uses 2 n rules.
        found = log_likelihood(Weights(grammar, grammar.even() * factor), unpaired)
        assert found == pytest.approx(even + 3 * len(letters) * math.log(factor), rel=1e-9)


def test_what_cannot_be_made_is_said() -> None:
    weights = drawn(Grammar("S -> a S a' | x{3}"), 0)
    assert log_likelihood(weights, strand_of("GAAAAC")) == -math.inf
    with pytest.raises(DataError, match="cannot make"):
        expected(weights, strand_of("GAAAAC"))
    with pytest.raises(DataError, match="cannot make"):
        best(weights, known_strand("GAAAC", Pairs((), 5)))
    with pytest.raises(DataError, match="empty"):
        strand_of("")


def test_a_sequence_that_is_too_long_is_refused_before_memory_is_taken() -> None:
    with pytest.raises(MemoryFault, match=r"a sequence of 400,000 bases needs 3,725.3 GiB"):
        strand_of("A" * 400_000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("S - a", "line 1, column 3: '-' is not part of a grammar"),
        ("S -> a |", "line 1, column 10: a rule of S is empty"),
        ("| a", "line 1, column 1: a line that begins with |"),
        ("\n\nS -> a T", "line 3, column 6: T has no rules"),
        ("S -> S S | e", r"line 1, column 6: S can make itself and nothing else \(.*\): write S\+"),
        ("S -> T\nT -> S | a", "line 1, column 6: S can make itself"),
        ("S -> a S | b a'", "line 1, column 12: a' has no a before it"),
        ("S -> x{3..40}", "line 1, column 6: a {} holds 30 bases at most"),
        ("S -> x{3..1}", "line 1, column 6: 'x{3..1}' ends before"),
        ("S -> a b S b' c' a'", "line 1, column 6: c' has no c"),
        ("S -> [b] S | a", r"line 1, column 6: bases in \[\] can be seen by a rule that makes bases"),
        ("S -> a <one> | b S c <one>", "line 1, column 16: the table 'one' is of another shape"),
        ("S -> x{2} S S | a", "line 1, column 6: unpaired bases in {} cannot stand beside several"),
        ("S -> a (2)", "line 1, column 8: .2. is no probability"),
        ("# nothing", "no rules"),
    ],
)
def test_a_text_that_is_no_grammar_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Grammar(text)

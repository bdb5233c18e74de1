"""What grammars learn: expectation maximisation, evolution along trees, and the number of nonterminals."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from grammar_sampling import sampled
from scipy.linalg import expm

from medai.errors import DataError, MemoryFault
from medai.tasks import Pairs
from medai_rna.alignment import MISSING, Alignment, codes_of
from medai_rna.grammars.evolution import Changes, Evolution, Tree, changes_in, column_likelihoods, distances, estimated, neighbour_joining
from medai_rna.grammars.grammar import Grammar
from medai_rna.grammars.hierarchical import Hierarchy, dirichlet_divergence, even_sticks, hierarchical_grammar
from medai_rna.grammars.learning import Example, expectation, log_prior, prior_of
from medai_rna.grammars.library import AMBIGUOUS, DOWELL_EDDY, KNUDSEN_HEIN_PAIR, KNUDSEN_HEIN_SINGLE, TORNADO
from medai_rna.grammars.parsing import Weights, best, expected, known_strand, log_likelihood, strand_of
from medai_rna.grammars.template import template_grammar

STRUCTURES = {
    "hairpin": ("GGGACUUCGGUCCCA", "((((.......))))"),
    "two": ("GGCAAAAGCCAGCGAAAGCU", "(((....))).(((...)))"),
    "bulge": ("GCAGCGAAAGCUGA", "((.((....))))."),
    "multi": ("GGACGAAAGUAGCAAAGCACC", "((.((...)).((...)).))"),
    "open": ("ACGUACGUA", "........."),
}


def examples() -> list[Example]:
    return [Example.of(name, letters, Pairs.from_brackets(brackets)) for name, (letters, brackets) in STRUCTURES.items()]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", ["G1", "G2", "G5", "G6S", "G8"])
def test_each_round_raises_the_likelihood(name: str, known: bool) -> None:
    grammar = Grammar(DOWELL_EDDY[name])
    given = [Example(each.id, each.letters, each.structure if known else None) for each in examples()]
    parameters, prior, course = grammar.even(), prior_of(grammar, 0.1), []
    for _ in range(5):
        found = expectation(Weights(grammar, parameters), given)
        assert not found.impossible
        course.append(found.log_likelihood + log_prior(parameters, prior))
        parameters = grammar.normalised(found.counts + prior)
    # Of an unambiguous grammar with known structures the counts depend on nothing.
    rises = np.diff(course)
    assert (rises >= -1e-9).all() and rises[0] > 1
    assert (rises[1:] < 1e-9).all() == (known and name not in AMBIGUOUS)


def test_parameters_stay_probabilities_and_lengths_seen_come_first() -> None:
    grammar = Grammar(TORNADO["nearest-neighbour"])
    found = expectation(Weights(grammar, grammar.even()), examples())
    assert not found.impossible
    parameters = grammar.normalised(found.counts + prior_of(grammar, 0.01))
    used = grammar.blocks >= 0
    np.testing.assert_allclose(np.bincount(grammar.blocks[used], parameters[used]), 1.0)
    assert (parameters[used] > 0).all() and not parameters[~used].any()
    names = grammar.names()
    of_hairpins = {name: value for name, value in zip(names, parameters, strict=True) if name.startswith("hairpin:")}
    assert max(of_hairpins, key=lambda name: of_hairpins[name]) == "hairpin:5"  # seven unpaired bases, of which two are the mismatch


@pytest.mark.parametrize("name", TORNADO)
def test_grammars_of_loops_are_unambiguous(name: str) -> None:
    grammar = Grammar(TORNADO[name])
    ones = Weights(grammar, np.where(grammar.blocks >= 0, 1.0, 0.0))
    for example in [*examples(), Example("long", "G" + "A" * 35 + "C", Pairs(((0, 36),), 37))]:
        # With all weights 1 the sum counts derivations; each is of a table's row, and a length.
        assert log_likelihood(ones, example.strand) == pytest.approx(0.0, abs=1e-9)


def test_what_crosses_or_is_too_short_is_not_learnt_from() -> None:
    found = Example.of("knot", "GGAACCAAGGAACC", Pairs.from_brackets("((.[[.)).()]]."))
    assert found.structure is not None
    assert set(found.structure.pairs) < {(0, 7), (1, 6), (3, 12), (4, 11), (9, 10)} and len(found.structure.pairs) == 2


def test_a_template_makes_its_structure_and_others() -> None:
    cloverleaf = Pairs.from_brackets("((((..(((....))).((....))..))))..")
    grammar = Grammar(template_grammar(cloverleaf))
    weights = Weights(grammar, grammar.even())
    letters = "GGCAAAGGGAAAACCCAGCAAAAGCAAUGCCAA"
    assert best(weights, strand_of(letters)).structure == cloverleaf
    other = Pairs.from_brackets("((((.(((....)))((.....))..)))).((...)).")
    assert math.isfinite(log_likelihood(weights, known_strand("GGCAAGGGAAAACCCGCAAAAAGCAAUGCCAGGAAACCA", other)))
    assert expected(weights, strand_of(letters)).probabilities[0, 30] > 0.9


def test_neighbour_joining_finds_the_tree_of_additive_distances() -> None:
    # ((0:1, 1:2):0.5, 2:1.5, (3:1, 4:3):2)
    legs, left, right = [1.0, 2.0, 1.5, 1.0, 3.0], 0.5, 2.0
    times = np.array([[0.0 if i == j else legs[i] + legs[j] + left * ((i < 2) != (j < 2)) + right * ((i > 2) != (j > 2)) for j in range(5)]
                      for i in range(5)])  # fmt: skip
    tree = neighbour_joining(times)
    np.testing.assert_allclose(_path_lengths(tree), times, atol=1e-9)
    assert neighbour_joining(np.zeros((1, 1))) == Tree((), 1)


def _path_lengths(tree: Tree) -> np.ndarray:
    depth: list[dict[int, float]] = [{leaf: 0.0} for leaf in range(tree.leaves)]
    found = np.zeros((tree.leaves, tree.leaves))
    for join in tree.joins:
        below = [{leaf: far + length for leaf, far in depth[child].items()} for child, length in join]
        for one, two in itertools.combinations(below, 2):
            for (a, far), (b, near) in itertools.product(one.items(), two.items()):
                found[a, b] = found[b, a] = far + near
        depth.append({leaf: far for part in below for leaf, far in part.items()})
    return found


def _evolution(seen: Changes | None = None) -> Evolution:
    single, pair = np.array(KNUDSEN_HEIN_SINGLE), np.array(KNUDSEN_HEIN_PAIR).ravel()
    return estimated(seen or Changes.none(), single / single.sum(), pair / pair.sum(), 5.0)


def test_likelihoods_of_columns_are_sums_over_all_ancestors() -> None:
    codes = codes_of(["GACN", "GUC-", "CAGA"])
    tree = Tree((((0, 0.3), (1, 0.1)), ((3, 0.2), (2, 0.4))), 3)
    evolution = _evolution()
    single, pair = column_likelihoods(codes, tree, evolution)
    one = {time: expm(evolution.single_rates * time) for time in (0.1, 0.2, 0.3, 0.4)}
    two = {time: expm(evolution.pair_rates * time) for time in (0.1, 0.2, 0.3, 0.4)}

    def total(frequencies: np.ndarray, step: dict[float, np.ndarray], leaves: list[list[int]]) -> float:
        states = range(len(frequencies))
        return float(
            sum(
                frequencies[root] * step[0.2][root, node] * step[0.3][node, a] * step[0.1][node, b] * step[0.4][root, c]
                for root, node in itertools.product(states, states)
                for a, b, c in itertools.product(*leaves)
            )
        )

    def may(code: int) -> list[int]:
        return list(range(4)) if code == MISSING else [int(code)]

    for column in range(4):
        assert single[column] == pytest.approx(math.log(total(evolution.single, one, [may(code) for code in codes[:, column]])))
    for i, j in ((0, 2), (1, 3)):
        leaves = [[4 * a + b for a, b in itertools.product(may(row[i]), may(row[j]))] for row in codes]
        assert pair[i, j] == pytest.approx(math.log(total(evolution.pair.ravel(), two, leaves)))


def test_rates_are_reversible_and_changes_that_were_seen_are_more_frequent() -> None:
    rng = np.random.default_rng(0)
    pairs = [(i, 59 - i) for i in range(20)]
    rows = []
    for _ in range(6):  # pairs of G and C that become A and U together, and unpaired bases that change at random
        row = [str(rng.choice(list("ACGU"))) if rng.random() < 0.1 else "A" for _ in range(60)]
        for i, j in pairs:
            row[i], row[j] = ("G", "C") if rng.random() < 0.85 else ("A", "U")
        rows.append("".join(row))
    evolution = _evolution(changes_in(codes_of(rows), pairs))
    for frequencies, rates in ((evolution.single, evolution.single_rates), (evolution.pair.ravel(), evolution.pair_rates)):
        flow = frequencies[:, None] * rates
        np.testing.assert_allclose(flow, flow.T, atol=1e-12)
        np.testing.assert_allclose(rates.sum(axis=1), 0.0, atol=1e-12)
    assert -(evolution.single @ np.diag(evolution.single_rates)) == pytest.approx(1.0)
    together, apart = 4 * 0 + 3, 4 * 0 + 1  # from GC to AU, and to AC
    assert evolution.pair_rates[4 * 2 + 1, together] > 20 * evolution.pair_rates[4 * 2 + 1, apart]


def test_distances_and_consensus_of_an_alignment() -> None:
    found = Alignment.of([("one", "GAUC-N"), ("two", "GAUCA-"), ("three", "GCUAA-")])
    assert found.letters == "GAUCAN"
    times = distances(codes_of([row for _, row in found.rows]))
    assert times[0, 1] == 0.0
    assert times[0, 2] == pytest.approx(-0.75 * math.log(1 - 4 / 3 * 2 / 4))
    with pytest.raises(DataError, match=r"rows of \[2, 3\] columns"):
        Alignment.of([("one", "GAU"), ("two", "GA")])


def test_variational_rounds_raise_the_bound_and_leave_nonterminals_unused() -> None:
    count, strength, kinds = 5, 2.0, np.array([0.15, 0.3, 0.1, 0.35, 0.1])
    grammar = Grammar(hierarchical_grammar(count))
    hierarchy = Hierarchy.of(grammar, count)
    sticks = even_sticks(count, 0.3)
    assert sticks.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(np.bincount(hierarchy.block, hierarchy.base(sticks, kinds)), 1.0)
    prior = np.where(grammar.blocks >= 0, 1.0, 0.0)
    rules = len(hierarchy.kinds)
    base = hierarchy.base(sticks, kinds)
    prior[:rules] = strength * base
    start = grammar.even()
    start[:rules] = base
    weights = grammar.normalised(start * np.random.default_rng(0).gamma(2.0, size=grammar.size))
    course: list[float] = []
    used: list[np.ndarray] = []
    for _ in range(30):
        found = expectation(Weights(grammar, weights), examples())
        if used:
            course.append(found.log_likelihood - dirichlet_divergence(used[-1] + prior, prior, grammar.blocks))
        used.append(found.counts)
        weights = hierarchy.variational(found.counts, base, strength, prior)
    assert (np.diff(course) > -1e-6).all() and course[-1] > course[0] + 1
    # A point of the top-level weights that is learnt with them gives them to those that are used.
    again = hierarchy.new_sticks(used[-1], sticks, kinds, strength, 0.3)
    assert again.sum() == pytest.approx(1.0)
    assert 1 <= hierarchy.effective(used[-1]) < count
    by_use = np.bincount(hierarchy.block, used[-1][:rules])[:count]
    assert again[by_use.argmax()] > again[by_use.argmin()]


def test_sequences_that_are_drawn_teach_what_they_were_drawn_from() -> None:
    grammar, rng = Grammar(DOWELL_EDDY["G6"]), np.random.default_rng(1)
    truth = grammar.even()
    truth[grammar.tables["single"].start : grammar.tables["single"].start + 4] = [0.7, 0.1, 0.1, 0.1]
    drawn = [Example(str(index), sampled(grammar, truth, rng)) for index in range(60)]
    parameters = grammar.even()
    for _ in range(8):
        parameters = grammar.normalised(expectation(Weights(grammar, parameters), drawn).counts + 0.1)
    by = {
        name: expectation(Weights(grammar, each), drawn).per_base
        for name, each in (("even", grammar.even()), ("truth", truth), ("learnt", parameters))
    }
    assert by["learnt"] > by["truth"] > by["even"] + 0.02
    adenine = grammar.tables["single"].start
    assert parameters[adenine] > 2 * parameters[adenine + 1 : adenine + 4].max()


def test_a_sequence_too_long_for_memory_is_named_with_the_way_out() -> None:
    grammar = Grammar(DOWELL_EDDY["G6"])
    giant = Example.of("giant", "A" * 400_000, None)
    with pytest.raises(MemoryFault, match=r"^case giant: a sequence of 400,000 bases .*longest=N leaves longer ones out"):
        expectation(Weights(grammar, grammar.even()), [giant])

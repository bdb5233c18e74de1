"""One structure's loops, score and counts, against the plain Python of `brute_force`."""

from __future__ import annotations

import numpy as np
import pytest
from brute_force import Brute, random_folding, random_letters, random_positions, random_scores

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import Scores
from medai_rna.folding.strand import Constraints
from medai_rna.folding.structure import Loop, counts_of, loops_of, score_of

MULTILOOP = "((..((...))..(((...)).)..((....)).))..((...))."


def test_counts_are_the_scores_that_a_structure_is_the_sum_of() -> None:
    for seed in range(30):
        brute = Brute(random_folding(seed, shortest=12))
        for pairs in brute.structures[:: max(1, len(brute.structures) // 10)]:
            found, wanted = counts_of(brute.folding, Pairs(pairs, len(brute.folding.letters))), brute.counts_of(pairs)
            _same(found, wanted)
            assert (found.planes is None) == (seed % 2 == 0)


@pytest.mark.parametrize("brackets", [MULTILOOP, "(" + "." * 40 + ")", "((" + "." * 17 + "((...))" + "." * 13 + "))"])
def test_score_and_counts_of_loops_that_short_sequences_have_no_room_for(brackets: str) -> None:
    rng = np.random.default_rng(1)
    pairs = Pairs.from_brackets(brackets)
    letters = list(random_letters(rng, len(brackets)))
    for i, j in pairs.pairs:
        letters[i], letters[j] = rng.choice(["GC", "CG", "GU", "UG", "AU", "UA"])
    folding = Folding("".join(letters), random_scores(rng), random_positions(rng, len(letters)))
    brute, counts = Brute(folding, [pairs.pairs]), counts_of(folding, pairs)
    assert score_of(folding, pairs) == pytest.approx(brute.scores[0], abs=1e-9)
    _same(counts, brute.counts_of(pairs.pairs))


def test_loops_with_their_members() -> None:
    assert loops_of(Pairs.from_brackets(".((.((...))((.(...)))))")) == [
        Loop("exterior", None, ((1, 22),), (0,)),
        Loop("stack", (1, 22), ((2, 21),), ()),
        Loop("multi", (2, 21), ((4, 10), (11, 20)), (3,)),
        Loop("stack", (4, 10), ((5, 9),), ()),
        Loop("hairpin", (5, 9), (), (6, 7, 8)),
        Loop("stack", (11, 20), ((12, 19),), ()),
        Loop("bulge", (12, 19), ((14, 18),), (13,)),
        Loop("hairpin", (14, 18), (), (15, 16, 17)),
    ]
    assert loops_of(Pairs.from_brackets("(.(...).)"))[1].kind == "interior"
    assert loops_of(Pairs.from_brackets("..")) == [Loop("exterior", None, (), (0, 1))]
    with pytest.raises(DataError, match="the pair 1-6 crosses"):
        loops_of(Pairs.from_brackets("(.[..)..]"))


@pytest.mark.parametrize(
    ("pairs", "constraints", "said"),
    [
        (Pairs(((0, 5), (3, 9)), 10), None, "G1-C6 crosses"),
        (Pairs(((0, 1),), 10), None, "G1-A2 cannot be"),
        (Pairs(((0, 9),), 10), Constraints(forbidden=((0, 9),)), "G1-C10 cannot be"),
        (Pairs((), 10), Constraints(paired=((0, 9),)), "G1 has to pair"),
        (Pairs((), 9), None, "9 positions for a sequence of 10"),
        (Pairs(((0, 5), (0, 9)), 10), None, "the position 1 pairs twice"),
        (Pairs.from_brackets("(" + "." * 31 + "(...))"), None, "G1-C38 closes a loop of more than 30"),
    ],
)
def test_a_structure_that_cannot_be(pairs: Pairs, constraints: Constraints | None, said: str) -> None:
    letters = "GAAUACAAAC" if pairs.length < 11 else "G" + "A" * 31 + "GAAACC"
    with pytest.raises(DataError, match=said):
        score_of(Folding(letters, Scores.zeros(), constraints=constraints), pairs)


def _same(found: Counts, wanted: Counts) -> None:
    for name, value in vars(wanted).items():
        assert (value is None) == (getattr(found, name) is None)
        if value is not None:
            np.testing.assert_allclose(getattr(found, name), value, atol=1e-12)

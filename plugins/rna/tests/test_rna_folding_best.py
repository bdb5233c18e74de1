"""The best structure, against all structures of short sequences and against ViennaRNA on long ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import RNA
from brute_force import Brute, random_folding, random_letters, random_positions, random_scores

from medai.errors import DataError, UsageError
from medai.tasks import Pairs
from medai_rna.energies.par import read_par
from medai_rna.energies.tables import thermal
from medai_rna.folding.best import best_structure, suboptimal
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import Scores
from medai_rna.folding.strand import Constraints
from medai_rna.folding.structure import score_of


def test_best_of_all_structures_of_short_sequences() -> None:
    _same_as_brute_force(200)


@pytest.mark.slow
def test_best_of_all_structures_of_two_thousand_short_sequences() -> None:
    _same_as_brute_force(2000)


def _same_as_brute_force(count: int) -> None:
    for seed in range(count):
        brute = Brute(random_folding(seed))
        score, pairs = best_structure(brute.folding)
        assert score == pytest.approx(brute.scores.max(), abs=1e-9)
        assert pairs.pairs in brute.structures
        scores = [score_of(brute.folding, Pairs(each, pairs.length)) for each in brute.structures]
        np.testing.assert_allclose(scores, brute.scores, atol=1e-9)


def test_constraints_hold_in_the_best_of_all_structures_that_meet_them() -> None:
    met = 0
    for seed in range(200):
        free = random_folding(seed, shortest=10)
        rng = np.random.default_rng(seed)
        structures = Brute(free).structures
        structure = structures[-1 - seed % min(3, len(structures))]
        others = [pair for pairs in structures for pair in pairs if pair not in structure]
        outside = [place for place in range(len(free.letters)) if all(place not in pair for pair in structure)]
        forbidden = [others[int(place)] for place in rng.integers(len(others), size=2)] if others else []
        constraints = Constraints(structure[: seed % 2], tuple(forbidden), tuple(outside[: seed % 3]))
        brute = Brute(Folding(free.letters, free.scores, free.positions, constraints))
        met += len(brute.structures) > 1
        score, pairs = best_structure(brute.folding)
        assert score == pytest.approx(brute.scores.max(), abs=1e-9)
        assert pairs.pairs in brute.structures
    assert met > 60


@pytest.mark.parametrize("length", [45, 150])
def test_what_must_be_and_may_not_be_in_long_sequences(length: int) -> None:
    rng = np.random.default_rng(length)
    letters = random_letters(rng, length)
    folding = Folding(letters, random_scores(rng), random_positions(rng, length))
    free, structure = best_structure(folding)
    assert score_of(folding, structure) == pytest.approx(free)
    kept = Constraints(paired=structure.pairs[::2])
    score, same = best_structure(Folding(letters, folding.scores, folding.positions, kept))
    assert score == pytest.approx(free) and same == structure
    without = Constraints(forbidden=structure.pairs[::2], unpaired=(structure.pairs[1][0],))
    score, other = best_structure(Folding(letters, folding.scores, folding.positions, without))
    assert score < free
    assert not set(other.pairs) & set(structure.pairs[::2])
    assert structure.pairs[1][0] not in {end for pair in other.pairs for end in pair}


def test_sequences_with_nothing_to_pair() -> None:
    assert best_structure(Folding("", Scores.zeros())) == (0, Pairs((), 0))
    assert best_structure(Folding("NNNNNNNNNN", Scores.zeros())) == (0, Pairs((), 10))
    assert best_structure(Folding("ac", Scores.zeros())) == (0, Pairs((), 2))


def test_a_forced_pair_that_no_loop_allows() -> None:
    letters = "G" + "A" * 20 + "GAAAC" + "A" * 20 + "C"
    constraints = Constraints(paired=((0, 46), (21, 25)))
    with pytest.raises(DataError, match="no structure meets the constraints"):
        best_structure(Folding(letters, Scores.zeros(), constraints=constraints))


def test_energies_are_those_of_the_common_program(tmp_path: Path) -> None:
    # benchmarks/rna_folding.py holds a thousand sequences against it.
    count = 20
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(tmp_path / "vienna.par"))
    scores, rng = read_par(tmp_path / "vienna.par").scores(), np.random.default_rng(count)
    for length in np.linspace(20, 500, count).astype(int):
        letters = random_letters(rng, int(length))
        theirs = RNA.fold_compound(letters, RNA.md(dangles=2))
        score, structure = best_structure(Folding(letters, scores))
        energy = -score * thermal()
        assert energy == pytest.approx(theirs.mfe()[1], abs=0.01)
        assert energy == pytest.approx(theirs.eval_structure(structure.to_brackets()), abs=0.01)


def test_all_structures_of_a_band() -> None:
    for seed in range(120):
        brute = Brute(random_folding(seed))
        within = (0.0, 0.7, 3.0, 100.0)[seed % 4]
        found = suboptimal(brute.folding, within)
        wanted = [score for score in brute.scores if score >= brute.scores.max() - within]
        assert [score for score, _ in found] == pytest.approx(sorted(wanted, reverse=True), abs=1e-9)
        assert len({pairs.pairs for _, pairs in found}) == len(found)
        assert {pairs.pairs for _, pairs in found} <= set(brute.structures)


def test_no_more_structures_than_wanted() -> None:
    brute = Brute(random_folding(0, shortest=16))
    found = suboptimal(brute.folding, 100.0, 5)
    assert [score for score, _ in found] == pytest.approx(sorted(brute.scores, reverse=True)[:5], abs=1e-9)
    for within, most in ((-1.0, 5), (1.0, 0)):
        with pytest.raises(UsageError, match="a band of 0 or more"):
            suboptimal(brute.folding, within, most)


def test_the_band_of_the_common_program(tmp_path: Path) -> None:
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(tmp_path / "vienna.par"))
    scores, letters = read_par(tmp_path / "vienna.par").scores(), random_letters(np.random.default_rng(8), 90)
    theirs = {one.structure: one.energy for one in RNA.fold_compound(letters, RNA.md(dangles=2, uniq_ML=1)).subopt(300)}
    ours = {pairs.to_brackets(): -score * thermal() for score, pairs in suboptimal(Folding(letters, scores), 3.01 / thermal())}
    # What lies on the edge of the band, where the last digit decides, may be in either.
    edge = min(theirs.values()) + 2.98
    assert sum(energy < edge for energy in theirs.values()) > 500
    assert {made for made, energy in theirs.items() if energy < edge} <= ours.keys()
    assert {made for made, energy in ours.items() if energy < edge} <= theirs.keys()
    assert all(ours[made] == pytest.approx(theirs[made], abs=0.01) for made in ours.keys() & theirs.keys())

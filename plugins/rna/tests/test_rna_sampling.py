"""Structures drawn by their weights, against the probabilities of all."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from brute_force import Brute, random_folding, random_letters, random_positions, random_scores
from scipy.stats import chisquare

from medai.tasks import Pairs
from medai_rna.folding.ensemble import ensemble, sampled
from medai_rna.folding.problem import Folding, each
from medai_rna.folding.scores import Scores
from medai_rna.folding.strand import Constraints
from medai_rna.folding.structure import score_of


@pytest.mark.parametrize("seed", range(12))
def test_structures_come_as_often_as_their_weights_say(seed: int) -> None:
    """Pearson's test, with fixed seeds, so that what is correct stays so."""
    brute = Brute(random_folding(seed, shortest=15, longest=18))
    count = 20_000
    drawn = Counter(pairs.pairs for pairs in sampled(brute.folding, count, np.random.default_rng(seed)))
    assert set(drawn) <= set(brute.structures)
    expected = brute.weights * count
    observed = np.array([drawn[pairs] for pairs in brute.structures])
    order = np.argsort(expected)
    # Rare structures count together, so that some ten are expected in each bin.
    starts = np.flatnonzero(np.diff(np.cumsum(expected[order]) // 10, prepend=-1))
    assert len(starts) > 3
    assert chisquare(np.add.reduceat(observed[order], starts), np.add.reduceat(expected[order], starts)).pvalue > 1e-3


def test_pairs_of_a_longer_sequence_come_as_often_as_their_probabilities_say() -> None:
    """Multiloops and long interior loops are in it."""
    rng = np.random.default_rng(5)
    letters = random_letters(rng, 150)
    folding = Folding(letters, random_scores(rng, scale=0.4), random_positions(rng, 150, 0.2))
    count = 4000
    drawn = sampled(folding, count, rng)
    found = np.zeros((150, 150))
    for pairs in drawn:
        assert np.isfinite(score_of(folding, pairs))
        for pair in pairs.pairs:
            found[pair] += 1 / count
    wanted = ensemble(folding).probabilities
    assert np.abs(found - wanted).max() < 0.05
    common = wanted > 0.01
    found, wanted = found[common], wanted[common]
    assert np.mean((found - wanted) ** 2 / (wanted * (1 - wanted) / count)) == pytest.approx(1, abs=0.35)


def test_the_same_seed_draws_the_same_and_constraints_hold() -> None:
    folding = Folding("GGGAAACCCAAAGGGAAACCC", Scores.zeros(), constraints=Constraints(paired=((1, 7),), unpaired=(12,)))
    drawn = sampled(folding, 300, np.random.default_rng(1))
    assert drawn == sampled(folding, 300, np.random.default_rng(1)) != sampled(folding, 300, np.random.default_rng(2))
    assert all((1, 7) in pairs.pairs for pairs in drawn)
    assert not any(12 in pair for pairs in drawn for pair in pairs.pairs)
    assert sampled(folding, 0, np.random.default_rng(1)) == []


def test_threads_do_not_mix_their_draws() -> None:
    foldings = [Folding("GGGAAACCCAAAGGGAAACCC"[shift:], Scores.zeros()) for shift in range(6)]

    def draw(folding: Folding) -> list[Pairs]:
        return sampled(folding, 400, np.random.default_rng(len(folding.letters)))

    assert each(draw, foldings, threads=3) == [draw(folding) for folding in foldings]

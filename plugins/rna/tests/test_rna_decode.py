"""Structures out of probabilities, against all that there are."""

from __future__ import annotations

import numpy as np
import pytest
from brute_force import every, random_letters

from medai.errors import DataError, MemoryFault, UsageError
from medai.tasks import Pairs
from medai_rna.folding.decode import centroid, mea, nussinov, probknot
from medai_rna.models.boltzmann import BoltzmannLikelihood
from medai_rna.models.contrafold import Contrafold
from medai_rna.models.turner import Turner


def _random(rng: np.random.Generator, letters: str) -> tuple[np.ndarray, list[tuple[tuple[int, int], ...]]]:
    """Probabilities of pairs under random weights of all structures of a sequence, and the structures."""
    structures = every(letters)
    weights = rng.dirichlet(np.full(len(structures), 3 / len(structures)))
    found = np.zeros((len(letters), len(letters)))
    for pairs, weight in zip(structures, weights, strict=True):
        for pair in pairs:
            found[pair] += weight
    return found, structures


def _accuracy(probabilities: np.ndarray, pairs: tuple[tuple[int, int], ...], gamma: float) -> float:
    unpaired = 1 - probabilities.sum(axis=0) - probabilities.sum(axis=1)
    ends = [end for pair in pairs for end in pair]
    return sum(2 * gamma * probabilities[pair] for pair in pairs) + np.delete(unpaired, ends).sum()


@pytest.mark.parametrize("gamma", [0.25, 1.0, 8.0])
def test_no_structure_has_a_higher_expected_accuracy(gamma: float) -> None:
    rng = np.random.default_rng(int(gamma * 4))
    for _ in range(60):
        letters = random_letters(rng, int(rng.integers(1, 17)))
        probabilities, structures = _random(rng, letters)
        found = mea(probabilities, gamma)
        assert found.pairs in structures
        assert _accuracy(probabilities, found.pairs, gamma) == pytest.approx(max(_accuracy(probabilities, s, gamma) for s in structures))


def test_centroid_is_the_pairs_more_probable_than_not() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        probabilities, _ = _random(rng, random_letters(rng, 16))
        pairs = centroid(probabilities).pairs
        assert pairs == tuple((int(i), int(j)) for i, j in np.argwhere(probabilities > 0.5))
        held += len(pairs)
    assert held > 30


def test_probabilities_of_crossing_pairs_give_nested_structures_all_the_same() -> None:
    """As a network may say."""
    probabilities = np.zeros((12, 12))
    probabilities[0, 8], probabilities[1, 7], probabilities[4, 11] = 0.6, 0.6, 0.9
    assert centroid(probabilities).pairs == ((4, 11),)
    assert mea(probabilities, 8).pairs == ((0, 8), (1, 7))


def test_probknot_pairs_each_others_most_probable_partners() -> None:
    probabilities = np.zeros((30, 30))
    for step in range(3):
        probabilities[step, 12 - step] = 0.4
        probabilities[6 + step, 22 - step] = 0.3
    probabilities[0, 29] = 0.39
    probabilities[15, 28] = probabilities[16, 27] = 0.9
    crossing = Pairs(((0, 12), (1, 11), (2, 10), (6, 22), (7, 21), (8, 20)), 30)
    assert probknot(probabilities) == crossing
    assert probknot(probabilities, shortest=2).pairs == (*crossing.pairs, (15, 28), (16, 27))
    probabilities[6, 26] = 0.35
    assert probknot(probabilities).pairs == crossing.pairs[:3]


def test_nussinov_finds_the_most_pairs() -> None:
    rng = np.random.default_rng(4)
    for _ in range(60):
        letters = random_letters(rng, int(rng.integers(1, 17)))
        assert len(nussinov(letters).pairs) == max(len(pairs) for pairs in every(letters))
    assert nussinov("ggggaaaacTcc").to_brackets() == "((((....))))"


def test_nussinov_by_what_pairs_are_worth() -> None:
    assert nussinov("GGAAAUC").to_brackets() == "((...))"
    assert nussinov("GGAAAUC", {"CG": 3}).to_brackets() == ".(....)"
    assert nussinov("GGUUUUUUC", {"CG": 3, "GU": 1}).pairs in {((0, 8), (1, 5)), ((0, 8), (1, 6)), ((0, 8), (1, 7))}
    with pytest.raises(UsageError, match="'GA' is no pair"):
        nussinov("GA", {"GA": 1})


def test_nussinov_refuses_what_would_not_fit() -> None:
    with pytest.raises(MemoryFault, match="10,000,000 bases needs"):
        nussinov("A" * 10**7)


@pytest.mark.parametrize("decode", [mea, centroid, probknot])
def test_odd_probabilities(decode) -> None:
    assert decode(np.zeros((0, 0))) == Pairs((), 0)
    assert decode(np.zeros((3, 3))) == Pairs((), 3)
    with pytest.raises(DataError, match="square"):
        decode(np.zeros((3, 4)))
    with pytest.raises(DataError, match="not finite"):
        decode(np.full((3, 3), np.nan))


def test_gamma_above_0() -> None:
    with pytest.raises(UsageError, match="gamma = 0"):
        mea(np.zeros((3, 3)), 0)


@pytest.mark.parametrize("model", [Turner, BoltzmannLikelihood, Contrafold])
def test_a_model_refuses_a_wrong_choice_when_it_is_built(model) -> None:
    with pytest.raises(UsageError, match=r"gamma = -1: not above 0"):
        model(decode="mea", gamma=-1)
    with pytest.raises(UsageError, match="decode = 'cyk': mfe, mea, centroid or probknot"):
        model(decode="cyk")

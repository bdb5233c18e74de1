"""The partition function and what is expected under it, against all structures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import RNA
import torch
from brute_force import Brute, Structure, every, random_folding, random_letters, random_positions, random_scores

from medai.errors import DataError, MemoryFault
from medai_rna.energies.par import read_par
from medai_rna.energies.tables import thermal
from medai_rna.folding.best import best_structure
from medai_rna.folding.ensemble import ensemble, expected_counts, log_partition_of
from medai_rna.folding.problem import Counts, Folding
from medai_rna.folding.scores import LONGEST, Positions, Scores
from medai_rna.folding.strand import Constraints


@pytest.mark.parametrize("count", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_short_sequences_with_random_scores(count: int) -> None:
    for seed in range(count):
        brute = Brute(random_folding(seed))
        found = ensemble(brute.folding)
        assert found.log_partition == pytest.approx(brute.log_partition, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(found.probabilities, brute.probabilities, atol=1e-9)


def test_expected_counts_of_short_sequences() -> None:
    for seed in range(100):
        brute = Brute(random_folding(seed, shortest=8))
        log_partition, counts = expected_counts(brute.folding)
        assert log_partition == pytest.approx(brute.log_partition, rel=1e-9, abs=1e-9)
        _same(counts, brute.counts(brute.weights))


@pytest.mark.parametrize("seed", range(4))
def test_loops_that_short_sequences_have_no_room_for(seed: int) -> None:
    """Long ones, of letters of which few pair."""
    rng = np.random.default_rng(seed)
    letters = "".join(rng.permutation(list("A" * 54 + "G" * 6 + "C" * 6 + "N")))
    positions = random_positions(rng, len(letters), 0.3) if seed % 2 else None
    folding = Folding(letters, random_scores(rng, letters), positions)
    brute = Brute(folding, [pairs for pairs in every(letters) if _within_bounds(pairs)])
    log_partition, counts = expected_counts(folding)
    assert len(brute.structures) > 150
    assert log_partition == pytest.approx(brute.log_partition, rel=1e-9)
    np.testing.assert_allclose(ensemble(folding).probabilities, brute.probabilities, atol=1e-9)
    _same(counts, brute.counts(brute.weights))


@pytest.mark.parametrize("seed", range(40))
def test_constraints_leave_the_structures_that_keep_them(seed: int) -> None:
    folding = constrained(seed)
    brute = Brute(folding)
    log_partition, counts = expected_counts(folding)
    assert log_partition == pytest.approx(brute.log_partition, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(ensemble(folding).probabilities, brute.probabilities, atol=1e-9)
    _same(counts, brute.counts(brute.weights))


@pytest.mark.parametrize("scale", [-1.5, 1.0, 4.0])
def test_scores_whose_weights_float64_could_not_hold(scale: float) -> None:
    """A score that every structure has shifts the partition function and nothing else."""
    rng = np.random.default_rng(1)
    letters = random_letters(rng, 700)
    scores = random_scores(rng, scale=0.3)
    plain = ensemble(Folding(letters, scores))
    positions = Positions.zeros(len(letters))
    positions.unpaired[:] = scale
    positions.planes[0] = 2 * scale
    shifted = ensemble(Folding(letters, scores, positions))
    assert shifted.log_partition == pytest.approx(plain.log_partition + scale * len(letters), rel=1e-10)
    np.testing.assert_allclose(shifted.probabilities, plain.probabilities, atol=1e-9)


def test_halves_of_very_different_weights() -> None:
    """Each stretch has a scale of its own: no scale of all would hold both halves."""
    rng = np.random.default_rng(2)
    letters = random_letters(rng, 600)
    positions = Positions.zeros(600)
    positions.unpaired[:, :300], positions.unpaired[:, 300:] = 5, -5
    positions.planes[0, :300, :300], positions.planes[0, 300:, 300:], positions.planes[0, :300, 300:] = 10, -10, -1000
    found = log_partition_of(Folding(letters, Scores.zeros(), positions))
    halves = [log_partition_of(Folding(part, Scores.zeros())) for part in (letters[:300], letters[300:])]
    # What is unpaired in the exterior loop is the same in the halves; the bound between them is in no pair.
    assert found == pytest.approx(sum(halves), abs=1e-6)


@pytest.mark.parametrize(("length", "seed"), [(120, 1), (400, 0), (400, 1)])
def test_scores_further_apart_than_those_of_energies(length: int, seed: int) -> None:
    """The scale then comes from the best structure, near which all the weight is."""
    rng = np.random.default_rng(seed)
    letters = random_letters(rng, length)
    folding = Folding(letters, random_scores(rng, scale=8), random_positions(rng, length, 8) if seed else None)
    best, structure = best_structure(folding)
    found = ensemble(folding)
    assert 1000 < best < found.log_partition < best + 20
    certain = found.probabilities[tuple(np.transpose(structure.pairs))]
    assert found.probabilities.max() <= 1 + 1e-9
    assert np.median(certain) > 0.5
    nudge = 1e-3
    wanted = expected_counts(folding)[1].tables
    moved = Scores.unpack(torch.from_numpy(folding.vector + nudge * rng.normal(size=wanted.size)), folding.scores.motifs)
    change = log_partition_of(Folding(letters, moved, folding.positions)) - found.log_partition
    assert change == pytest.approx((moved.vector - folding.vector) @ wanted, abs=2e-3)


def test_nothing_that_could_be() -> None:
    assert log_partition_of(Folding("", Scores.zeros())) == 0
    assert ensemble(Folding("", Scores.zeros())).probabilities.shape == (0, 0)
    with pytest.raises(DataError, match="no structure meets"):
        # The loop between the two pairs is too long, and nothing else is there.
        log_partition_of(Folding("G" + "A" * 40 + "GAAAC" + "C", Scores.zeros(), constraints=Constraints(paired=((0, 46), (41, 45)))))


def test_the_same_as_viennarna(tmp_path: Path) -> None:
    # benchmarks/rna_folding.py holds a thousand sequences against it.
    count = 25
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(tmp_path / "turner.par"))
    scores, rng = read_par(tmp_path / "turner.par").scores(), np.random.default_rng(count)
    for length in np.linspace(20, 500, count).astype(int):
        letters = random_letters(rng, int(length))
        theirs = RNA.fold_compound(letters, RNA.md(dangles=2, pf_smooth=0))
        wanted = -theirs.pf()[1] / thermal()
        found = ensemble(Folding(letters, scores))
        assert found.log_partition == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        np.testing.assert_allclose(found.probabilities, np.array(theirs.bpp())[1:, 1:], atol=1e-6)


@pytest.mark.parametrize("question", [best_structure, log_partition_of, ensemble, expected_counts])
def test_what_would_not_fit_is_refused_before_memory_is_taken(question) -> None:
    with pytest.raises(MemoryFault, match=r"100,000,000 bases needs [\d,.]+ GiB of memory; [\d,.]+ are free on this machine$"):
        question(Folding("A" * 10**8, Scores.zeros()))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_scores_that_are_not_finite(wrong: float) -> None:
    scores = Scores.unpack(torch.full((Scores.size(),), wrong, dtype=torch.float64))
    with pytest.raises(DataError, match="not finite"):
        ensemble(Folding("GGGAAACCC", scores))


def constrained(seed: int) -> Folding:
    """A short folding with constraints that some structure of it keeps."""
    rng = np.random.default_rng(seed)
    letters = random_letters(rng, int(rng.integers(12, 17)))
    structures = every(letters)
    kept = structures[int(rng.integers(len(structures)))]
    held = {end for pair in kept for end in pair}
    others = [pair for structure in structures for pair in structure if pair not in kept]
    constraints = Constraints(
        paired=tuple(pair[:: rng.choice([1, -1])] for pair in kept if rng.random() < 0.5),
        forbidden=tuple(others[int(rng.integers(len(others)))] for _ in range(2)) if others else (),
        unpaired=tuple(place for place in range(len(letters)) if place not in held and rng.random() < 0.3),
    )
    positions = random_positions(rng, len(letters)) if seed % 2 else None
    return Folding(letters, random_scores(rng, letters), positions, constraints)


def _within_bounds(pairs: Structure) -> bool:
    """Whether no interior loop is longer than the engine has them."""
    partner = dict(pairs)
    for i, j in pairs:
        branches, place = [], i + 1
        while place < j:
            if place in partner:
                branches.append((place, partner[place]))
                place = partner[place]
            place += 1
        if len(branches) == 1 and branches[0][0] - i - 1 + j - branches[0][1] - 1 > LONGEST:
            return False
    return True


def _same(found: Counts, wanted: Counts) -> None:
    for name, value in vars(wanted).items():
        assert (value is None) == (getattr(found, name) is None)
        if value is not None:
            np.testing.assert_allclose(getattr(found, name), value, atol=1e-9)

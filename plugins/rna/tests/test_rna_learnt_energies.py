"""Energies that are learnt from known structures: likelihood, constraint generation, loss-augmented constraint generation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from medai.errors import DataError, MemoryFault
from medai.tasks import Case, Pairs, Sample, Sequence
from medai_rna.energies.duplex import TERMS, Duplex, write_duplexes
from medai_rna.energies.par import read_par
from medai_rna.energies.published import load
from medai_rna.energies.tied import Tied
from medai_rna.exporters.parameters import ParameterFile
from medai_rna.folding.best import best_structure
from medai_rna.folding.ensemble import log_partition_of
from medai_rna.folding.problem import Folding
from medai_rna.folding.sampling import sampled
from medai_rna.folding.structure import counts_of, score_of
from medai_rna.models.boltzmann import BoltzmannLikelihood
from medai_rna.models.constraints import ConstraintGeneration, LossAugmentedConstraintGeneration


def structure(brackets: str) -> Pairs:
    opened, pairs = [], []
    for place, sign in enumerate(brackets):
        if sign == "(":
            opened.append(place)
        elif sign == ")":
            pairs.append((opened.pop(), place))
    return Pairs(tuple(sorted(pairs)), len(brackets))


class Feed:
    """Sequences and structures as a feed."""

    def __init__(self, known: list[tuple[str, Pairs]]) -> None:
        self.known = known

    def __len__(self) -> int:
        return len(self.known)

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Any]:
        raise NotImplementedError

    def samples(self, epoch: int = 0) -> Iterator[Sample[Sequence, Pairs]]:
        return (Sample(Case(str(place), str(place)), Sequence(letters), pairs) for place, (letters, pairs) in enumerate(self.known))


def context(rounds: int, notes: list[str] | None = None) -> Any:
    return SimpleNamespace(train=SimpleNamespace(epochs=rounds, steps=None), note=(notes if notes is not None else []).append)


@pytest.fixture(scope="module")
def tied() -> Tied:
    return Tied(load())


@pytest.fixture(scope="module")
def feed() -> Feed:
    """A sequence with a structure that is not its best one by Turner's tables, and one with its best."""
    return Feed(
        [
            ("GGGGAAAACCCCAAAAGGGGAAAACCCC", structure("((((....((((....))))....))))")),
            ("GGACUUCGGUCCAAGGACUUCGGUCC", structure("((((....))))..((((....))))")),
        ]
    )


def test_groups_move_what_they_are_named_after(tied: Tied) -> None:
    assert len(tied) == 229 and len(set(tied.names)) == 229
    moves = np.zeros(229)
    moves[tied.names.index("stack CA/GU")] = -0.25
    moves[tied.names.index("ninio")] = 0.1
    moved = tied.energies(moves)
    assert moved.stack[0][0, 5] == moved.stack[0][5, 0] == load().stack[0][0, 5] - 0.25
    assert moved.ninio[0] == 0.7 and moved.ninio_max[0] == 3.5 and moved.stack[1].tolist() == load().stack[1].tolist()


def test_scores_are_linear_in_the_moves(tied: Tied) -> None:
    """Up to the rounding of tables to hundredths, and where no base is unknown."""
    rng = np.random.default_rng(0)
    moves = np.minimum(rng.normal(0, 0.3, len(tied)), tied.highest)
    for _ in range(20):
        letters = "".join(rng.choice(list("ACGU"), 60))
        pairs = best_structure(Folding(letters, load().scores()))[1]
        straight = score_of(Folding(letters, tied.scores(moves)), pairs)
        assert score_of(Folding(letters, tied.energies(moves).scores()), pairs) == pytest.approx(straight, abs=0.2)


def test_no_neighbour_of_a_branch_costs_energy(tied: Tied) -> None:
    moved = tied.energies(np.where(np.isfinite(tied.highest), tied.highest, 0.0))
    for name in ("mismatch_multi", "mismatch_exterior", "dangle5", "dangle3"):
        assert getattr(moved, name)[0].max() <= 0


def test_the_likelihood_has_the_gradient_that_it_says(feed: Feed) -> None:
    model = BoltzmannLikelihood(spread=0.7)
    known = model.known(feed, context(1))
    moves = np.random.default_rng(1).normal(0, 0.2, len(model.tied))
    value, slope = model.objective(moves, known)
    for place in np.argsort(-np.abs(slope))[:12]:
        step = np.zeros(len(moves))
        step[place] = 1e-4
        ahead, behind = (model.objective(moves + sign * step, known)[0] for sign in (1, -1))
        assert (ahead - behind) / 2e-4 == pytest.approx(slope[place], abs=1e-4)
    direct = sum(log_partition_of(f) - score_of(f, p) for f, p in ((Folding(one, model.scores(moves)), p) for one, p in feed.known))
    assert value - model.prior(moves)[0] == pytest.approx(direct, abs=1e-9)


def test_likelihood_rises_with_every_round(feed: Feed) -> None:
    model = BoltzmannLikelihood(iterations=2)
    objectives = [float(progress.losses["objective"]) for progress in model.fit(feed, None, context(4))]
    assert len(objectives) == 4 and all(after < before for before, after in pairwise(objectives))
    start = model.objective(np.zeros(len(model.tied)), model.known(feed, context(1)))[0] / 2
    assert objectives[-1] < 0.8 * start


def test_likelihood_finds_the_energies_that_structures_were_drawn_from() -> None:
    model = BoltzmannLikelihood(spread=2.0, iterations=20)
    rng = np.random.default_rng(2)
    true = np.zeros(len(model.tied))
    place = model.tied.names.index("stack GC/CG")
    true[place] = 1.2
    drawn = []
    for _ in range(50):
        letters = "".join(rng.choice(list("GCAGC"), 24))
        drawn += [(letters, pairs) for pairs in sampled(Folding(letters, model.scores(true)), 3, rng)]
    list(model.fit(Feed(drawn), None, context(1)))
    assert 0.8 < model.moves[place] < 1.6


@pytest.mark.parametrize("method", [ConstraintGeneration, LossAugmentedConstraintGeneration])
def test_known_structures_become_the_best_ones(feed: Feed, method: type[ConstraintGeneration]) -> None:
    model = method(slack=200.0, bound=3.0)
    before = [best_structure(Folding(letters, model.tables.scores()))[1] for letters, _ in feed.known]
    assert any(found != known for found, (_, known) in zip(before, feed.known, strict=True))
    steps = list(model.fit(feed, None, context(30)))
    assert 1 < len(steps) < 30 and steps[-1].losses["violated"] == 0
    after = model.predict(SimpleNamespace(inputs=[Sequence(letters) for letters, _ in feed.known]))  # type: ignore[arg-type]
    assert after == [known for _, known in feed.known]


def test_a_margin_keeps_other_structures_away(feed: Feed) -> None:
    gaps = []
    for model in (ConstraintGeneration(slack=200.0, bound=3.0), LossAugmentedConstraintGeneration(slack=100.0, bound=3.0, margin=0.3)):
        list(model.fit(feed, None, context(30)))
        letters, known = feed.known[0]
        folding = Folding(letters, model.tables.scores())
        other = structure("((((....))))....((((....))))")
        gaps.append(score_of(folding, known) - score_of(folding, other))
    assert gaps[1] > gaps[0] + 1


def test_moves_stay_within_their_bound(feed: Feed) -> None:
    model = ConstraintGeneration(slack=1e4, bound=0.01)
    list(model.fit(feed, None, context(3)))
    assert np.abs(model.moves).max() == pytest.approx(0.01)


@pytest.mark.parametrize("method", [ConstraintGeneration, LossAugmentedConstraintGeneration, BoltzmannLikelihood])
def test_learning_goes_on_where_it_was_left(feed: Feed, method: Any) -> None:
    straight, first, second = method(), method(), method()
    list(straight.fit(feed, None, context(4)))
    list(first.fit(feed, None, context(2)))
    second.load_state_dict(first.state_dict())
    assert [progress.step for progress in second.fit(feed, None, context(4))][:1] in ([3], [])
    np.testing.assert_allclose(second.moves, straight.moves, atol=1e-8)


def test_melting_data_hold_what_they_measured(feed: Feed, tmp_path: Path) -> None:
    """Duplexes by whose energies every stack GG/CC is as in the tables: it moves less than without them."""
    moved = []
    write_duplexes([Duplex(2, ("GG", "CC"), -3.3 + 4.1, 0.001)], tmp_path / "m.csv")
    for melting in (None, str(tmp_path / "m.csv")):
        model = BoltzmannLikelihood(melting=melting)
        list(model.fit(feed, None, context(2)))
        terms = np.zeros(len(TERMS))
        terms[[TERMS.index("GG/CC"), TERMS.index("initiation")]] = 1
        moved.append(abs(float(model.tied.duplexes(terms[None])[1][0] @ model.moves)))
    assert moved[1] < 0.01 < moved[0]


def test_a_bad_row_of_melting_data_is_named(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("strand1,strand2,dG37,sd\nGC,GC,x,1\n")
    with pytest.raises(DataError, match=r"m\.csv: line 2, column dG37"):
        list(BoltzmannLikelihood(melting=str(tmp_path / "m.csv")).fit(feed, None, context(1)))


def test_structures_that_loops_cannot_make_up_are_left_out_and_named(feed: Feed) -> None:
    notes: list[str] = []
    crossing = Pairs(((0, 8), (4, 12)), 13)
    model = ConstraintGeneration()
    assert len(model.known(Feed([*feed.known, ("GGGGCAAAACCCC", crossing)]), context(1, notes))) == 2
    assert len(notes) == 1 and "1 of 3 structures" in notes[0] and "crosses" in notes[0]
    with pytest.raises(DataError, match="no structure can be learnt from"):
        model.known(Feed([("GGGGCAAAACCCC", crossing)]), context(1))


def test_what_was_learnt_is_read_by_other_programs(feed: Feed, tmp_path: Path) -> None:
    import RNA

    model = ConstraintGeneration(slack=200.0, bound=3.0)
    list(model.fit(feed, None, context(30)))
    exporter = ParameterFile()
    trained: Any = SimpleNamespace(use=SimpleNamespace(id="rna/andronescu-cg-2007"), task="base-pairing", predictor=model)
    path = exporter.write(trained, None, tmp_path)  # type: ignore[arg-type]
    assert read_par(path).same_as(model.tables, within=1e-6)
    batch: Any = SimpleNamespace(inputs=[Sequence(letters) for letters, _ in feed.known])
    assert exporter.open(path).predict(batch) == model.predict(batch)
    RNA.params_load(str(path))
    try:
        found = [RNA.fold_compound(letters, RNA.md(dangles=2)).mfe()[0] for letters, _ in feed.known]
    finally:
        RNA.params_load_RNA_Turner2004()
    assert [structure(brackets) for brackets in found] == [known for _, known in feed.known]


def test_counts_of_a_structure_give_its_energy(feed: Feed, tied: Tied) -> None:
    letters, pairs = feed.known[1]
    folding = Folding(letters, load().scores())
    assert -score_of(folding, pairs) * 0.616321 == pytest.approx(float(tied.origin @ counts_of(folding, pairs).tables), abs=1e-4)


@pytest.mark.parametrize("model", [BoltzmannLikelihood(), LossAugmentedConstraintGeneration()], ids=["likelihood", "constraints"])
def test_a_sequence_too_long_for_memory_is_named_with_the_way_out(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "G" * 3000 + "AAAA" + "C" * 3000
    known = model.known(Feed([(letters, Pairs(((2999, 3004),), len(letters)))]), context(1))
    monkeypatch.setattr("medai_rna.folding.room._available", lambda: 2**20)
    with pytest.raises(MemoryFault, match=rf"^case {known[0].case}: a sequence of 6,004 bases .*longest=N leaves longer ones out"):
        if isinstance(model, BoltzmannLikelihood):
            model.objective(np.zeros(len(model.tied)), known)
        else:
            model._violated(known)
    with pytest.raises(MemoryFault, match=r"^case \w+: a sequence of 400,000 bases .*longest=N leaves longer ones out"):
        model.known(Feed([("A" * 400_000, Pairs((), 400_000))]), context(1))

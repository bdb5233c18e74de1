"""Metrics of base pairs, by hand."""

from __future__ import annotations

import itertools
import math
import pickle
import time
from typing import Any

import numpy as np
import pytest
import RNA
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn.metrics import matthews_corrcoef

from medai.errors import UsageError
from medai.tasks import Batch, Case, Pairs, Sample, Sequence
from medai_rna.metrics.accuracy import PairF1
from medai_rna.metrics.energy import FreeEnergy
from medai_rna.metrics.ensemble import EnsembleDefect
from medai_rna.metrics.runtime import Runtime
from medai_rna.nested import canonical, nested
from medai_rna.probable import ProbablePairs


def sample(brackets: str, letters: str = "", family: str = "", id: str = "a") -> Sample[Sequence, Pairs]:
    attributes = {"family": family} if family else {}
    return Sample(Case(id, id, attributes=attributes), Sequence(letters or "N" * len(brackets)), Pairs.from_brackets(brackets))


def scored(metric: PairF1, *cases: tuple[str, Sample[Sequence, Pairs]]) -> dict[str, float]:
    return dict(metric.total([metric.case(Pairs.from_brackets(found), known) for found, known in cases]))


def test_a_sequence_is_scored_by_its_exact_pairs() -> None:
    found = scored(PairF1(), ("((.....))", sample("(((...)))")))
    assert found["precision"] == 1 and found["recall"] == pytest.approx(2 / 3) and found["f1"] == pytest.approx(0.8)


def test_matthews_correlation_is_that_of_the_matrix_of_pairs() -> None:
    known, found = Pairs.from_brackets("(((...)))."), Pairs.from_brackets(".(((..))).")
    upper = list(itertools.combinations(range(10), 2))
    wanted = matthews_corrcoef([pair in known.pairs for pair in upper], [pair in found.pairs for pair in upper])
    assert scored(PairF1(), (".(((..))).", sample("(((...))).")))["mcc"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("found", "right"),
    [("(....)..", 1), (".(...)..", 1), ("(.....).", 1), ("(...)...", 1), (".(....).", 0), ("..(..)..", 0), ("(......)", 0)],
)
def test_with_a_slip_one_end_may_be_one_position_off(found: str, right: int) -> None:
    got = scored(PairF1(slip=1), (found, sample("(....)..")))
    assert got == {"f1-slip": right, "precision-slip": right, "recall-slip": right}


def test_with_a_slip_what_is_found_and_what_is_right_are_counted_apart() -> None:
    # Both predicted pairs are beside the one known.
    structure = Pairs.of([(0, 5), (1, 4)], 7)
    metric = PairF1(slip=1)
    known = Sample(Case("a", "a"), Sequence("N" * 7), Pairs.of([(0, 4)], 7))
    assert dict(metric.total([metric.case(structure, known)])) == {"f1-slip": 1, "precision-slip": 1, "recall-slip": 1}


def test_sequences_weigh_alike_and_pooled_pairs_do() -> None:
    cases = (("(((...)))", sample("(((...)))")), (".........", sample("(.......)")))
    assert scored(PairF1(), *cases)["recall"] == 0.5
    pooled = scored(PairF1(average="pooled"), *cases)
    assert pooled["recall-pooled"] == 0.75 and pooled["precision-pooled"] == 1 and pooled["f1-pooled"] == pytest.approx(6 / 7)


def test_families_weigh_alike_however_many_sequences_they_have() -> None:
    right, wrong = ("(...)", "....."), ("(...)", "(...)")
    cases = [(right[0], sample("(...)", family="5s", id=str(place))) for place in range(3)]
    cases += [(wrong[1], sample("(..).", family="tRNA", id="t"))]
    found = scored(PairF1(average="families"), *cases)
    assert found["f1-families"] == 0.5 and found["f1-families-5s"] == 1 and found["f1-families-tRNA"] == 0
    assert scored(PairF1(), *cases)["f1"] == 0.75
    assert "f1-families-5s" not in scored(PairF1(average="families", most=1), *cases)


def test_a_family_is_the_group_where_no_attribute_says_it() -> None:
    known = sample("(...)")
    found = scored(PairF1(average="families"), ("(...)", known))
    assert found["f1-families-a"] == 1


def unnamed(brackets: str, id: str) -> Sample[Sequence, Pairs]:
    case = Case(id, f"sequence-{id}", attributes={"family": ""})
    return Sample(case, Sequence("N" * len(brackets)), Pairs.from_brackets(brackets))


def test_sequences_whose_family_nobody_says_are_no_families() -> None:
    named = ("(...)", sample("(...)", family="5s"))
    others = [("(...)", unnamed("(...)", "one")), (".....", unnamed("(...)", "two")), (".....", unnamed("(...)", "three"))]
    found = scored(PairF1(average="families"), named, *others)
    assert found["f1-families"] == found["f1-families-5s"] == 1 and found["f1-families-unnamed"] == pytest.approx(1 / 3)
    assert [name for name in found if name.startswith("f1-")] == ["f1-families", "f1-families-5s", "f1-families-unnamed"]
    alone = scored(PairF1(average="families"), *others)
    assert math.isnan(alone["f1-families"]) and math.isnan(alone["mcc-families"]) and alone["f1-families-unnamed"] == pytest.approx(1 / 3)
    assert "f1-families-unnamed" in scored(PairF1(average="families", most=0), named, *others)
    (axes,) = drawn(PairF1(average="families"), named, *others).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["unnamed (3)", "5s (1)"]
    (axes,) = drawn(PairF1(average="families"), *others).axes
    FigureCanvasAgg(axes.figure).draw()
    assert not axes.figure.legends


@pytest.mark.parametrize(
    ("found", "known", "wanted"),
    [(".....", "(...)", (0, 0, 0)), ("(...)", ".....", (0, 0, math.nan)), (".....", ".....", (math.nan, math.nan, math.nan))],
)
def test_pooled_figures_of_nothing_are_those_of_a_sequence(found: str, known: str, wanted: tuple[float, float, float]) -> None:
    got = scored(PairF1(average="pooled"), (found, sample(known)))
    assert [got[f"{name}-pooled"] for name in ("f1", "precision", "recall")] == pytest.approx(wanted, nan_ok=True)


def test_without_pseudoknots_the_largest_nested_parts_are_compared() -> None:
    known = sample("(((..[[..)))..]]")
    assert scored(PairF1(pseudoknots=False), ("(((......)))....", known))["f1-nested"] == 1
    assert scored(PairF1(), ("(((......)))....", known))["recall"] == pytest.approx(3 / 5)


def test_without_other_pairs_than_canonical_ones_both_structures_lack_them() -> None:
    known = sample("((...))", letters="GGAAATC")
    assert scored(PairF1(noncanonical=False), ("(.....)", known))["recall-canonical"] == 0.5  # G-T is a wobble pair
    known = sample("((...))", letters="GAAAAGC")
    assert scored(PairF1(noncanonical=False), ("(.....)", known))["f1-canonical"] == 1
    assert scored(PairF1(noncanonical=False), ("((...))", known))["f1-canonical"] == 1


@pytest.mark.parametrize(
    ("found", "known", "wanted"),
    [(".....", ".....", (1, 1, 1)), (".....", "(...)", (0, 0, 0)), ("(...)", ".....", (0, 0, math.nan))],
)
def test_structures_without_pairs_have_figures(found: str, known: str, wanted: tuple[float, float, float]) -> None:
    got = scored(PairF1(), (found, sample(known)))
    assert [got[name] for name in ("f1", "precision", "recall")] == pytest.approx(wanted, nan_ok=True)
    assert not math.isnan(got["mcc"])


def test_a_recall_that_is_not_defined_is_left_out_of_the_mean() -> None:
    assert scored(PairF1(), ("(...)", sample(".....")), ("(...)", sample("(...)")))["recall"] == 1


def test_names_say_what_was_chosen() -> None:
    metric = PairF1(average="pooled", slip=1, pseudoknots=False, noncanonical=False, by="sequences")
    assert next(iter(scored(metric, ("(...)", sample("(...)"))))) == "f1-slip-canonical-nested-pooled-by-sequence"
    assert metric.resampled == "cases" and PairF1().resampled == "groups"


@pytest.mark.parametrize("wrong", [{"slip": 2}, {"slip": -1}, {"most": -1}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        PairF1(**wrong)


def drawn(metric: PairF1, *cases: tuple[str, Sample[Sequence, Pairs]]) -> Any:
    return metric.draw([metric.case(Pairs.from_brackets(found), known) for found, known in cases], {})


CASES = (
    ("(...)", sample("(...)", "GAAAC", "5s", "one")),
    ("(...)", sample(".(..)", "GAAAC", "5s", "two")),
    ("((...)).....................", sample("(.....).....................", "G" * 28, "tRNA", "three")),
)


def test_the_median_and_the_worst_structure_are_drawn() -> None:
    figure = drawn(PairF1(), *CASES)
    assert [part.get_suptitle() for part in figure.subfigs] == [
        "three, 28 nt: median of 3 by F1, 0.667",
        "two, 5 nt: worst of 3 by F1, 0.000",
    ]
    assert len(drawn(PairF1(by="sequences"), CASES[0]).subfigs) == 1
    # Of an even number the better of the two in the middle is not it, as in the report's other pictures.
    figure = drawn(PairF1(), *CASES, (".......", sample("((...))", "GGAAACC", id="four")))
    assert [part.get_suptitle().partition(" of 4")[0] for part in figure.subfigs] == ["two, 5 nt: median", "four, 7 nt: worst"]
    assert drawn(PairF1(slip=1), *CASES) is None and drawn(PairF1(pseudoknots=False), *CASES) is None


def test_pooled_figures_are_drawn_over_length_and_families_in_rows() -> None:
    (axes,) = drawn(PairF1(average="pooled"), *CASES).axes
    assert axes.get_xscale() == "log" and axes.lines[0].get_xdata().tolist() == [5, 5, 28]
    (axes,) = drawn(PairF1(average="families"), *CASES).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["5s (2)", "tRNA (1)"]
    FigureCanvasAgg(axes.figure).draw()
    assert not axes.bbox.overlaps(axes.figure.legends[0].get_window_extent())


def largest_by_trying(pairs: list[tuple[int, int]]) -> int:
    def fits(some: tuple[tuple[int, int], ...]) -> bool:
        ends = [end for pair in some for end in pair]
        crossing = any(i < k < j < m for (i, j), (k, m) in itertools.permutations(some, 2))
        return len(set(ends)) == len(ends) and not crossing

    return next(size for size in range(len(pairs), -1, -1) if any(map(fits, itertools.combinations(pairs, size))))


def test_the_nested_part_is_the_largest_that_there_is() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        places = rng.permutation(20)[:16].tolist()
        pairs = sorted((min(pair), max(pair)) for pair in zip(places[::2], places[1::2], strict=True))
        kept = nested(Pairs(tuple(pairs), 20))
        assert set(kept.pairs) <= set(pairs) and len(kept.pairs) == largest_by_trying(pairs) == largest_by_trying(list(kept.pairs))


def test_of_a_base_triple_the_nested_part_has_one_pair() -> None:
    assert nested(Pairs(((0, 5), (0, 9), (1, 4)), 10)).pairs == ((0, 5), (1, 4))


def test_canonical_pairs_are_those_of_watson_crick_and_wobble() -> None:
    letters = "ACGUacgtN"
    kept = [letters[i] + letters[j] for i, j in itertools.combinations(range(9), 2) if canonical(Pairs(((i, j),), 9), letters).pairs]
    assert {pair.upper().replace("T", "U") for pair in kept} == {"AU", "UA", "CG", "GC", "GU", "UG"}


def probable(brackets: str, *probabilities: tuple[int, int, float]) -> ProbablePairs:
    matrix = np.zeros((len(brackets), len(brackets)))
    for i, j, value in probabilities:
        matrix[i, j] = value
    return ProbablePairs.chosen(Pairs.from_brackets(brackets), matrix)


def test_the_ensemble_defect_is_the_expected_share_of_bases_that_pair_otherwise() -> None:
    metric, known = EnsembleDefect(), sample("((...)).")
    # Of the four bases of the known pairs, two are right half the time; one base that is not paired is, one time in four.
    found = metric.case(probable("(.....).", (0, 6, 0.5), (1, 5, 1.0), (2, 7, 0.25)), known)
    assert metric.total([found])["ensemble-defect"] == pytest.approx((0.5 + 0.5 + 0.25 + 0.25) / 8)
    nothing = metric.case(probable("........"), known)
    assert metric.total([nothing, found])["ensemble-defect"] == pytest.approx((0.5 + 1.5 / 8) / 2)


def test_a_structure_without_probabilities_has_no_ensemble_defect() -> None:
    metric, known = EnsembleDefect(), sample("((...)).")
    with pytest.warns(UserWarning, match="a structure without probabilities of pairs"):
        plain = metric.case(Pairs.from_brackets("((...))."), known)
    assert math.isnan(metric.total([plain])["ensemble-defect"])
    found = metric.case(probable("((...)).", (0, 6, 1.0), (1, 5, 1.0)), known)
    assert metric.total([plain, found]) == {"ensemble-defect": 0}
    sure = EnsembleDefect(certain=True)
    assert sure.total([sure.case(Pairs.from_brackets("(.....)."), known)]) == {"ensemble-defect": 2 / 8}


def test_what_a_metric_keeps_of_a_long_sequence_is_small() -> None:
    long = probable("(" + "." * 1500 + ")", (0, 1501, 0.9))
    known = sample("(" + "." * 1500 + ")")
    for metric in (PairF1(), PairF1(average="families"), EnsembleDefect()):
        assert len(pickle.dumps(metric.case(long, known))) < 20_000


def test_probabilities_are_drawn_where_there_are_some() -> None:
    metric, known = EnsembleDefect(), sample("((...)).")
    plain = metric.case(Pairs.from_brackets("((...))."), known)
    assert metric.draw([plain], {}) is None
    figure = metric.draw([plain, metric.case(probable("(.....).", (0, 6, 0.5), (1, 5, 1.0)), known)], {})
    assert figure is not None and "a: median of 1" in figure.get_suptitle()


def test_a_triple_of_the_reference_has_the_probability_of_both_partners() -> None:
    known = Sample(Case("a", "a"), Sequence("N" * 7), Pairs.of([(0, 3), (0, 6)], 7, multiplets=True))
    metric = EnsembleDefect()
    assert metric.total([metric.case(probable("(.....)", (0, 3, 0.4), (0, 6, 0.6)), known)])["ensemble-defect"] == pytest.approx(1 / 7)


def test_the_difference_of_energies_is_that_of_viennarna() -> None:
    letters, known, found = "GGGGAAAACCCCAAGGGAAACCC", "((((....))))..(((...)))", "((((....))))..........."
    wanted = RNA.eval_structure_simple(letters, found) - RNA.eval_structure_simple(letters, known)
    metric = FreeEnergy()
    got = metric.total([metric.case(Pairs.from_brackets(found), sample(known, letters))])
    assert got["energy-difference"] == pytest.approx(abs(wanted), abs=0.05)


def test_pairs_without_an_energy_do_not_count() -> None:
    metric, letters = FreeEnergy(), "GGGGAAAACCCCAA"
    known = sample("((((....))))..", letters)
    knotted = Pairs.of([*known.reference.pairs, (5, 12)], 14) if known.reference else Pairs((), 14)  # A-A, and it crosses
    assert metric.total([metric.case(knotted, known)])["energy-difference"] == 0


class Slow:
    """Takes a millisecond for every hundred bases, squared."""

    def predict(self, batch: Batch[Any, Any]) -> list[Pairs]:
        time.sleep(sum((len(item.letters) / 100) ** 2 for item in batch.inputs) * 0.002)
        return [Pairs((), len(item.letters)) for item in batch.inputs]


def test_time_grows_by_a_power_of_the_length() -> None:
    found = Runtime(lengths=(200, 400, 800)).measure(Slow(), Batch.of([sample("....")]))
    assert found["runtime-exponent"] == pytest.approx(2, abs=0.3)
    assert found["ms-at-400-nt"] > found["ms-at-200-nt"] >= 8


def test_a_runtime_needs_two_lengths() -> None:
    with pytest.raises(UsageError, match="lengths"):
        Runtime(lengths=(100,))

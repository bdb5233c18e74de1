"""Metrics of base pairs, by hand."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from medai.errors import UsageError
from medai.tasks import Case, Pairs, Sample, Sequence
from medai_rna.metrics.accuracy import PairF1
from medai_rna.nested import canonical, nested


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

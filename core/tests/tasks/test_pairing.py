"""Base pairing: dot-bracket notation, conventions, metrics, files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medai.errors import DataError, PluginError
from medai.tasks import Batch, Case, Pairs, Sample, Sequence
from medai.tasks.pairing import BasePairing, PairScores

TASK = BasePairing()


def sample(letters: str, brackets: str | None) -> Sample[Sequence, Pairs]:
    return Sample(Case("a", "a"), Sequence(letters), None if brackets is None else Pairs.from_brackets(brackets))


def test_brackets_become_pairs_and_pairs_brackets() -> None:
    structure = Pairs.from_brackets("((..)).")
    assert structure == Pairs(((0, 5), (1, 4)), 7)
    assert structure.to_brackets() == "((..))."
    assert Pairs((), 0).to_brackets() == ""


@pytest.mark.parametrize("text", ["((..[[..))..]]", "(.[.{.<.A.).].}.>.a", "(())()"])
def test_pseudoknots_keep_their_brackets(text: str) -> None:
    assert Pairs.from_brackets(text).to_brackets() == text


def test_random_structures_survive_the_notation() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        places = rng.permutation(40)[:24].tolist()
        structure = Pairs.of(zip(places[::2], places[1::2], strict=True), 40)
        assert Pairs.from_brackets(structure.to_brackets()) == structure


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(()", "'\\(' at position 1 is not closed"),
        ("())", "at position 3 closes nothing"),
        ("(]", "closes nothing"),
        ("(?)", "not dot-bracket"),
    ],
)
def test_bad_notation_says_where(text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        Pairs.from_brackets(text)


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(0, 9)], "leaves"),
        ([(0, 3), (3, 4)], "position 4 pairs twice"),
        ([(2, 2)], "position 3 pairs with itself"),
        ([(-1, 2)], "leaves"),
        ([(0, 3), (3, 0)], "a pair stands twice"),
    ],
)
def test_impossible_pairs_are_refused(pairs: list[tuple[int, int]], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        Pairs.of(pairs, 5)


def test_pairs_pool_over_sequences() -> None:
    metric = PairScores()
    first = metric.case(Pairs.from_brackets("((..))"), sample("GGAACC", "((..))"))
    second = metric.case(Pairs.from_brackets("(...)."), sample("GAAACC", ".(..)."))
    assert (first, second) == ((2, 2, 2), (0, 1, 1))
    assert metric.total([first]) == {"f1": 1, "precision": 1, "recall": 1}
    assert metric.total([first, second]) == {"f1": pytest.approx(2 / 3), "precision": pytest.approx(2 / 3), "recall": pytest.approx(2 / 3)}


def test_what_has_no_denominator_is_not_defined() -> None:
    none, some = Pairs((), 4), sample("GAAC", "(..)")
    got = PairScores().total([PairScores().case(none, some)])
    assert got["f1"] == 0 and got["recall"] == 0 and math.isnan(got["precision"])


def test_a_plain_module_sees_letters_and_gives_logits() -> None:
    batch = Batch.of([sample("GACT", "(..)"), sample("GC", "..")])
    (letters,) = TASK.arguments(batch)
    assert letters.shape == (2, 4, 4)
    assert letters[0].argmax(0).tolist() == [2, 0, 1, 3]
    assert letters[1, :, 2:].sum() == 0
    target = TASK.target(batch)
    assert target.sum() == 2 and target[0, 0, 3] == 1 and target[0, 3, 0] == 1
    perfect = TASK.predictions(target * 2 - 1, batch)
    assert [structure.to_brackets() for structure in perfect] == ["(..)", ".."]


def test_of_two_pairs_at_one_position_the_better_is_taken() -> None:
    logits = torch.full((1, 5, 5), -1.0)
    logits[0, 0, 3], logits[0, 0, 4] = 1.0, 2.0
    assert TASK.predictions(logits, Batch.of([sample("GAAAC", None)])) == [Pairs(((0, 4),), 5)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [(sample("GAAC", "(...)"), "5 positions for a sequence of 4"), (sample("", None), "empty"), (sample("ga-c", None), "capital letters")],
)
def test_a_bad_sample_is_a_data_error(bad: Sample[Sequence, Pairs], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        TASK.check(bad)


@pytest.mark.parametrize("bad", [Pairs(((0, 2), (2, 3)), 4), Pairs(((3, 0),), 4), Pairs((), 3)])
def test_a_bad_prediction_is_a_plugin_error(bad: Pairs) -> None:
    with pytest.raises(PluginError, match="prediction of case a"):
        TASK.check_prediction(bad, sample("GAAC", None))


def test_predictions_come_back_from_their_file(tmp_path: Path) -> None:
    structure = Pairs.from_brackets("([.)].")
    path = TASK.save(structure, sample("GGACCA", None), tmp_path / "x")
    assert path.read_text() == ">a\nGGACCA\n([.)].\n"
    assert TASK.load(path) == structure


@pytest.mark.parametrize("text", ["", ">a\nGGA\n(..)\n", ">a\nGGAC\n(((.\n", "\xff"])
def test_a_file_that_is_not_one_names_itself(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.dbn"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"x\.dbn: "):
        TASK.load(path)


def test_sequences_open_without_structures(tmp_path: Path) -> None:
    path = tmp_path / "some.fasta"
    path.write_text(">one first\nggA\nCC\n\n>two\nGU\n")
    opened = TASK.open([path])
    assert [case.id for case in opened.cases()] == ["one", "two"]
    read = opened.read(opened.cases()[0], np.random.default_rng(0))
    assert read.inputs.letters == "GGACC" and read.reference is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("GGA\n", "not a FASTA file"),
        (">a\n>b\n", "'a' is empty"),
        (">a\nG1\n", "column 2: '1' in the sequence 'a' is no letter"),
        (">a\nG\n>a\nC\n", "'a' stands twice"),
        ("> \nG\n", "without a name"),
        ("", "no sequences"),
    ],
)
def test_a_bad_sequence_file_names_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bad.fa"
    path.write_text(text)
    with pytest.raises(DataError, match=reason) as caught:
        TASK.open([path])
    assert caught.value.path == path


def test_a_missing_or_binary_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        TASK.open([tmp_path / "none.fa"])
    (tmp_path / "binary.fa").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not a text file"):
        TASK.open([tmp_path / "binary.fa"])


def arcs(figure: Any) -> list[tuple[int, int, str]]:
    """The ends of each arc from 1, and its side."""
    lines = [line for group in figure.axes[0].collections for line in group.get_segments()]
    return sorted((round(line[0, 0]), round(line[-1, 0]), "above" if line[:, 1].max() > 0.1 else "below") for line in lines)


def test_the_picture_has_an_arc_for_each_pair_and_says_how_many_are_right() -> None:
    figure = TASK.draw(
        sample(
            "GGAAACCC",
            "((...)).",
        ),
        Pairs.from_brackets("(.....)."),
        {},
    )
    assert arcs(figure) == [(1, 7, "above"), (1, 7, "below"), (2, 6, "above")]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["right 1", "wrong 0", "missed 1"]
    figure = TASK.draw(
        sample(
            "GGAAACCC",
            ".(....).",
        ),
        Pairs.from_brackets("(.....)."),
        {},
    )
    assert arcs(figure) == [(1, 7, "below"), (2, 7, "above")]


def test_the_picture_names_its_case_and_has_no_position_but_those_of_letters() -> None:
    one = sample("GGAAACCC", "((...)).")
    (axes,) = TASK.draw(one, Pairs.from_brackets("(.....)."), {}).axes
    assert axes.get_title() == f"{one.case.id} (8 nt): reference above, prediction below"
    (low, high), ticks = axes.get_xlim(), axes.get_xticks()
    assert [tick for tick in ticks if low <= tick <= high and not 1 <= tick <= 8] == [] and low < 1 and high > 8


def test_without_a_reference_the_picture_is_of_the_prediction() -> None:
    figure = TASK.draw(sample("GGAAACC", None), Pairs.from_brackets("((...))"), {})
    assert arcs(figure) == [(1, 7, "above"), (2, 6, "above")]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["predicted 2"]
    TASK.draw(sample("GGAAACC", "......."), Pairs((), 7), {})  # nothing to draw is no error


TRIPLE = Pairs.of([(6, 0), (0, 3), (1, 5)], 7, multiplets=True)


def test_a_base_triple_is_a_structure_where_it_is_said() -> None:
    assert TRIPLE.pairs == ((0, 3), (0, 6), (1, 5)) and TRIPLE.several == (0,)
    case = sample("GGACACC", None)
    TASK.check(Sample(case.case, case.inputs, TRIPLE))
    with pytest.raises(DataError, match="position 1 pairs twice"):
        TASK.check(Sample(case.case, case.inputs, Pairs(TRIPLE.pairs, 7)))
    with pytest.raises(DataError, match="position 1 pairs with several others"):
        TRIPLE.to_brackets()


def test_that_there_may_be_multiplets_is_no_difference_between_equal_pairs() -> None:
    assert Pairs.of([(0, 4)], 5, multiplets=True) == Pairs.of([(0, 4)], 5)
    assert Pairs.of([(0, 4)], 5, multiplets=True).to_brackets() == "(...)"
    with pytest.raises(DataError, match="a pair stands twice"):
        Pairs.of([(0, 4), (4, 0)], 5, multiplets=True)


def test_a_prediction_with_a_triple_comes_back_from_its_file(tmp_path: Path) -> None:
    path = TASK.save(TRIPLE, sample("GGACACC", None), tmp_path / "x")
    assert path.name == "x.json"
    assert TASK.load(path) == TRIPLE and TASK.load(path).multiplets


@pytest.mark.parametrize("text", ["", "{}", '{"letters": "GG", "pairs": [[0, 7]]}', '{"letters": "GG", "pairs": [[0]]}', "[1]"])
def test_a_json_file_without_a_structure_names_itself(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"x\.json: "):
        TASK.load(path)

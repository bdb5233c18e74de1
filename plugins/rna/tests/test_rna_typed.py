"""Sequences on standard input, as people and programs pipe them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from medai.errors import DataError
from medai_rna.datasets.structures import Structures
from medai_rna.datasets.typed import Typed


def read(text: str) -> dict[str, str]:
    dataset = Typed(text)
    return {case.id: dataset.read(case, np.random.default_rng(0)).inputs.letters for case in dataset.cases()}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("GGGAAACCC\n", {"sequence-1": "GGGAAACCC"}),
        ("GGG AAA\n\n; a comment\nGCC", {"sequence-1": "GGGAAA", "sequence-2": "GCC"}),
        (">a one\nGGG\nAAA\n>b\nGC\n", {"a": "GGGAAA", "b": "GC"}),
        (">a\nGGAACC\n((..))\n", {"a": "GGAACC"}),
        ("GGAACC\n((..))\n", {"standard input": "GGAACC"}),
        ("1 G 3\n2 A 0\n3 C 1\n", {"standard input": "GAC"}),
        ("# STOCKHOLM 1.0\na GG-C\nb GGAC\n//\n", {"a": "GGC", "b": "GGAC"}),
        ("id,family,sequence,structure\na,,GGAACC,((..))\nb,,GGC,\n", {"a": "GGAACC", "b": "GGC"}),
        ("sequence;id\nGGAACC;a\n", {"a": "GGAACC"}),
    ],
)
def test_lines_and_files_are_read(text: str, wanted: dict[str, str]) -> None:
    assert read(text) == wanted


def test_what_is_read_otherwise_than_it_stands_is_said() -> None:
    with pytest.warns(UserWarning, match="standard input") as said:
        assert read("ggtt-cc\nGGUU\n") == {"sequence-1": "GGUUCC", "sequence-2": "GGUU"}
    (message,) = (str(item.message) for item in said)
    assert all(word in message for word in ("lower case", "T", "gaps")), message


def test_the_sequence_that_is_wrong_is_an_error_of_its_own() -> None:
    dataset = Typed("GGG\nGG1C\n")
    first, second = dataset.cases()
    assert dataset.read(first, np.random.default_rng(0)).inputs.letters == "GGG"
    with pytest.raises(DataError, match="standard input: line 2, column 3: '1' is no base"):
        dataset.read(second, np.random.default_rng(0))


def test_what_is_read_otherwise_names_the_sequences_line() -> None:
    with pytest.warns(UserWarning, match=r"T is read as U \(in 1, first standard input, line 3, column 2\)"):
        read(">one\nGGA\nCTC\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no sequences"),
        ("; nothing\n\n", "no sequences"),
        ("12\n", "line 1, column 1: '1' is no base"),
        ("GG!\n", "line 1, column 3: '!' is no base"),
        (">a\n", "empty"),
    ],
)
def test_nothing_that_can_be_used_is_an_error_that_names_standard_input(text: str, words: str) -> None:
    with pytest.raises(DataError, match="standard input") as caught:
        read(text)
    assert words in caught.value.reason and "/tmp" not in str(caught.value)


def test_datasets_of_structures_read_what_is_piped() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = Structures.unlabelled_text("GAC\n", pairs="foldable", longest=2)
    assert [case.id for case in dataset.cases()] == ["sequence-1"]

"""What is left of a known structure so that loops can score it."""

from __future__ import annotations

import pytest

from medai.tasks import Pairs
from medai_rna.datasets.choice import chosen
from medai_rna.datasets.foldable import foldable

LONG = "." * 31


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("((((...))))", "((((...))))"),
        ("((((..))))", "(((....)))"),
        (f"(({LONG}(((...)))))", f"..{LONG}(((...))).."),
        (f"((({LONG}((...)))))", f"((({LONG}.......)))"),
        (f"(((({LONG}((...)).))))", f"(((({LONG}........))))"),
        (f"(({LONG[1:]}(((...)))))", f"(({LONG[1:]}(((...)))))"),
        # The inner stem ends in a multiloop, which the outer one then closes.
        (f"(((({LONG}((.((...)).((...)).))))))", f"(((({LONG}...((...)).((...))...))))"),
        # Where a multiloop lies around, the outer stem ends there.
        (f"((...)(({LONG}(((...))))).(...))", f"((...)..{LONG}(((...))).." + ".(...))"),
    ],
)
def test_short_hairpins_and_the_smaller_stem_beside_a_long_loop_are_left_out(given: str, left: str) -> None:
    assert foldable(Pairs.from_brackets(given).pairs) == list(Pairs.from_brackets(left).pairs)


def test_what_is_chosen_as_foldable_can_be_scored() -> None:
    letters = "GGGG" + "A" * 33 + "CC" + "AAA" + "GG" + "CCCC"
    structure = Pairs.from_brackets("((((" + "." * 33 + "((...))))))")
    assert chosen(structure, letters, "foldable").to_brackets() == "((((" + "." * 40 + "))))"

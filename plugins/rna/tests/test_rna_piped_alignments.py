"""What is piped to a model of alignments."""

from __future__ import annotations

import numpy as np
import pytest

from medai.errors import DataError
from medai_rna.alignment import Alignment
from medai_rna.datasets.alignments import Alignments

RNG = np.random.default_rng(0)
STOCKHOLM = "# STOCKHOLM 1.0\n#=GF ID   pair\na   GGGGAAAACCCC\nb   GGCGAAAACGCC\n//\n"


def test_a_stockholm_text_is_an_alignment() -> None:
    data = Alignments.unlabelled_text(STOCKHOLM)
    (case,) = data.cases()
    found = data.read(case, RNG).inputs
    assert case.id == "pair" and isinstance(found, Alignment) and found.rows == (("a", "GGGGAAAACCCC"), ("b", "GGCGAAAACGCC"))


def test_lines_are_sequences_read_as_others_are() -> None:
    data = Alignments.unlabelled_text("ggggaaaacccc\nGGGTAAAAACCC\n")
    assert [data.read(case, RNG).inputs.letters for case in data.cases()] == ["GGGGAAAACCCC", "GGGUAAAAACCC"]


@pytest.mark.parametrize("text", ["MKVLAAGIVG\n", STOCKHOLM.replace("GGCGAAAACGCC", "GGCG")])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="standard input"):
        Alignments.unlabelled_text(text)

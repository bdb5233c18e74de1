"""Chemical probing as scores, and its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import RNA

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.energies.par import read_par
from medai_rna.energies.tables import thermal
from medai_rna.folding.ensemble import log_partition_of
from medai_rna.folding.probing import read_reactivities, shape_scores
from medai_rna.folding.problem import Folding
from medai_rna.folding.scores import Scores
from medai_rna.folding.structure import score_of


def test_bases_of_stacks_have_pseudo_energies() -> None:
    """In the helix of three pairs, the four outer bases are in one stack and the two in the middle in two."""
    reactivities = np.array([0.0, 1.0, 2.0, 9.0, 9.0, 9.0, 0.5, np.nan, -0.3])
    energy = 1.8 * np.log([1, 2, 3, 1.5, 1, 1]) - 0.6
    energy[4] = 0
    wanted = -(energy * [1, 2, 1, 1, 2, 1]).sum() / thermal()
    folding = Folding("GGGAAACCC", Scores.zeros(), shape_scores(reactivities))
    assert score_of(folding, Pairs.from_brackets("(((...)))")) == pytest.approx(wanted)
    assert score_of(folding, Pairs.from_brackets("(.(...).)")) == 0
    assert score_of(folding, Pairs.from_brackets("(.......)")) == 0


def test_the_same_as_viennarna(tmp_path: Path) -> None:
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(tmp_path / "turner.par"))
    scores = read_par(tmp_path / "turner.par").scores()
    rng = np.random.default_rng(1)
    for _ in range(10):
        letters = "".join(rng.choice(list("ACGU"), 80))
        # Those whose energies ViennaRNA, which rounds them to 0.01 kcal/mol, keeps as they are.
        reactivities = np.expm1((rng.integers(0, 200, 80) / 100) / 1.8)
        model = RNA.fold_compound(letters, RNA.md(dangles=2, pf_smooth=0))
        model.sc_add_SHAPE_deigan([-999.0, *reactivities.tolist()], 1.8, -0.6)
        wanted = -model.pf()[1] / thermal()
        assert log_partition_of(Folding(letters, scores, shape_scores(reactivities))) == pytest.approx(wanted, rel=1e-5)


def test_sequences_too_short_for_a_stack() -> None:
    for length in range(7):
        assert not shape_scores(np.ones(length)).planes.any()
    with pytest.raises(DataError, match="position 2 is infinite"):
        shape_scores(np.array([0.0, np.inf]))


def test_a_file_of_reactivities(tmp_path: Path) -> None:
    path = tmp_path / "rna.shape"
    path.write_text("# 1M7\n1\t0.25\n\n3 -999\n4 -0.1\r\n")
    np.testing.assert_array_equal(read_reactivities(path, 5), [0.25, np.nan, np.nan, -0.1, np.nan])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 0.2\n2 A 0.3\n", "line 2: 3 columns in place of two"),
        ("1 0.2\n6 0.3\n", "line 2: column 1: '6' is no position of a sequence of 5"),
        ("0 0.2\n", "line 1: column 1: '0' is no position"),
        ("1 high\n", "line 1: column 2: 'high' is no reactivity"),
        ("1 nan\n", "line 1: column 2: 'nan' is no reactivity"),
        ("1 0.1\n2 0.1\n1 0.2\n", "line 3: the position 1 stands in line 1 already"),
    ],
)
def test_bad_lines(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rna.shape"
    path.write_text(text)
    with pytest.raises(DataError, match=said) as error:
        read_reactivities(path, 5)
    assert error.value.path == path


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_reactivities(tmp_path / "none.shape", 5)
    (tmp_path / "rna.shape").write_bytes(b"\xff\xfe1")
    with pytest.raises(DataError, match="not a text file"):
        read_reactivities(tmp_path / "rna.shape", 5)

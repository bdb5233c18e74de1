"""Parameter files, and the energies of loops that they give, against ViennaRNA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import RNA
from brute_force import random_letters, uses

from medai.errors import DataError
from medai_rna.energies.par import HEADER, read_par, write_par
from medai_rna.energies.tables import SHAPES, Energies, thermal


@pytest.fixture(scope="module")
def vienna(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("par") / "vienna.par"
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(path))
    return path


def structures(rng: np.random.Generator, letters: str) -> list[str]:
    """The best structure and drawn ones, most of them far from the best, so that loops of every kind are in them."""
    found = []
    for beta in (1.0, 0.15, 0.05):
        model = RNA.md(dangles=2, uniq_ML=1)
        model.betaScale = beta
        RNA.init_rand(int(rng.integers(1 << 30)))
        folding = RNA.fold_compound(letters, model)
        found.append(folding.mfe()[0])
        folding.pf()
        found += folding.pbacktrack(3)
    return list(dict.fromkeys(found))


def pairs_of(brackets: str) -> tuple[tuple[int, int], ...]:
    return tuple((i - 1, j - 1) for i, j in enumerate(RNA.ptable(brackets)) if 0 < i < j)


def energy_of(loops: tuple[dict[str, np.ndarray], tuple[str, ...]], letters: str, brackets: str) -> tuple[float, set[str]]:
    tables, motifs = loops
    used = [use for use in uses(letters, pairs_of(brackets), motifs) if use[0] in tables]
    return sum(float(times * tables[name][index]) for name, index, times in used), {name for name, _, _ in used}


def test_energies_are_those_of_the_common_program(vienna: Path) -> None:
    rng = np.random.default_rng(4)
    loops = read_par(vienna).loops()
    seen: set[str] = set()
    for length in np.linspace(20, 220, 24).astype(int):
        letters = random_letters(rng, int(length)) if length % 3 else random_letters(rng, int(length), "ACGUGCGCU")
        model = RNA.fold_compound(letters, RNA.md(dangles=2))
        for brackets in structures(rng, letters):
            energy, kinds = energy_of(loops, letters, brackets)
            assert energy == pytest.approx(model.eval_structure(brackets), abs=0.01), (letters, brackets)
            seen |= kinds
    assert not set(loops[0]) - seen - {"hairpin_extension", "hairpin_motif"}  # which the next test has


@pytest.mark.parametrize(
    ("letters", "brackets"),
    [
        (
            "AGGGCUUCGGCCCA",
            ".((((....)))).",
        ),
        ("GGGGACAGUACUCCCC", "(((((......)))))"[:16]),
        ("GGGCAACGCCC", "((((...))))"),
        ("GGGG" + "A" * 45 + "CCCC", "((((" + "." * 45 + "))))"),
        ("GGAGNAAANCUCC", "((((.....))))"),
        ("GGAGNGAAACNCUCC", "((((.(...).))))"),
    ],
)
def test_energies_of_single_hairpins(vienna: Path, letters: str, brackets: str) -> None:
    energy, _ = energy_of(read_par(vienna).loops(), letters, brackets)
    assert energy == pytest.approx(RNA.fold_compound(letters, RNA.md(dangles=2)).eval_structure(brackets), abs=0.01)


@pytest.mark.parametrize("temperature", [20.0, 55.0])
def test_energies_at_other_temperatures(vienna: Path, temperature: float) -> None:
    """To 0.01 kcal/mol for each loop: the other program cuts each entry to a hundredth."""
    rng = np.random.default_rng(5)
    loops = read_par(vienna).at(temperature).loops()
    for length in range(20, 120, 10):
        letters = random_letters(rng, length)
        model = RNA.fold_compound(letters, RNA.md(dangles=2, temperature=temperature))
        for brackets in structures(rng, letters):
            energy, _ = energy_of(loops, letters, brackets)
            assert energy == pytest.approx(model.eval_structure(brackets), abs=0.01 * (3 * brackets.count("(") + 1))


def test_scores_are_energies_over_kt(vienna: Path) -> None:
    energies = read_par(vienna)
    assert thermal() == pytest.approx(0.61632, abs=1e-5)
    scores = energies.scores()
    for name, table in energies.loops()[0].items():
        np.testing.assert_allclose(getattr(scores, name).numpy(), -table / thermal())
    assert np.isfinite(scores.vector).all()
    assert scores.motifs == tuple(energies.special) and len(scores.motifs) == 22


def test_a_file_comes_back_as_it_was(vienna: Path, tmp_path: Path) -> None:
    energies = read_par(vienna)
    write_par(energies, tmp_path / "again.par")
    assert read_par(tmp_path / "again.par").same_as(energies)


def test_random_energies_come_back_to_the_hundredth(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    tables = {name: rng.normal(0, 3, (2, *shape)) for name, shape in SHAPES.items()}
    tables["ninio_max"] = np.array([3.0, 3.0])
    tables["bulge"][:, :2] = np.inf
    energies = Energies(**tables, special={"CUUCGG": (1.25, -3.5), "GAAAC": (-0.5, np.inf)})
    write_par(energies, tmp_path / "random.par")
    assert read_par(tmp_path / "random.par").same_as(energies, within=0.005 + 1e-9)


def test_the_common_program_reads_what_is_written(vienna: Path, tmp_path: Path) -> None:
    """With every energy moved, so that nothing of its own tables is left."""
    rng = np.random.default_rng(7)
    energies = read_par(vienna)
    tables = {name: getattr(energies, name) + rng.integers(-30, 10, getattr(energies, name).shape) / 100 for name in SHAPES}
    moved = Energies(**tables, special={letters: (dg - 0.5, dh) for letters, (dg, dh) in energies.special.items()})
    write_par(moved, tmp_path / "moved.par")
    RNA.params_load(str(tmp_path / "moved.par"))
    try:
        loops = read_par(tmp_path / "moved.par").at(37.0).loops()
        for length in range(30, 120, 10):
            letters = random_letters(rng, length)
            model = RNA.fold_compound(letters, RNA.md(dangles=2))
            for brackets in structures(rng, letters):
                assert energy_of(loops, letters, brackets)[0] == pytest.approx(model.eval_structure(brackets), abs=0.01)
    finally:
        RNA.params_load_RNA_Turner2004()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (HEADER, "## RNAfold parameter file", "line 1: the file begins"),
        ("# stack\n", "# stock\n", "line 3: 'stock' is not a section"),
        ("# stack_enthalpies\n", "# stack\n", "line 13: section stack stands twice, first in line 3"),
        ("  -240  -330", "  -240  -33O", "line 5: section stack: '-33O' is no number"),
        ("  -240  -330", "  -240", "line 11: section stack has 48 values, and not 49"),
        ("  -240  -330", "  -240   nan", "line 5: section stack: 'nan' is not finite"),
        ("# END", "CAACG 1", "section Triloops: a line holds a hairpin, its energy and its enthalpy"),
        ("# END", "CAACGG 1 2", "'CAACGG' is no hairpin of 5 bases"),
        ("# END", "CAACG 1 2", "section Triloops: CAACG stands twice"),
        ("# NINIO", "# END", "there is no section Misc, NINIO"),
        ("\n# stack\n", "12\n# stack\n", "line 2: '12' stands before the first section"),
    ],
)
def test_a_bad_file_says_what_and_where(vienna: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = vienna.read_text()
    assert old in text
    path = tmp_path / "bad.par"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=r"bad\.par") as caught:
        read_par(path)
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.par"):
        read_par(tmp_path / "none.par")

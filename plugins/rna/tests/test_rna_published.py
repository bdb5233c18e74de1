"""The tables that the plugin brings: what they must hold by themselves, and where ViennaRNA's differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import RNA

from medai.errors import UsageError
from medai_rna.energies.par import read_par, write_par
from medai_rna.energies.published import load
from medai_rna.energies.tables import SHAPES

README = Path(__file__).parents[1] / "README.md"
SIDES = {"mismatch": 2, "dangle": 1, "int11": 2, "int21": 3}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The differences as a table's rows: entries of known bases that differ, free energies first, and the largest difference."""
    path = tmp_path_factory.mktemp("par") / "vienna.par"
    RNA.params_load_RNA_Turner2004()
    RNA.params_save(str(path))
    ours, theirs = load("turner-2004"), read_par(path)
    found = [_row(name, getattr(ours, name), getattr(theirs, name)) for name in SHAPES]
    assert set(ours.special) == set(theirs.special)
    special = [np.array(list(dict(sorted(energies.special.items())).values())).T for energies in (ours, theirs)]
    return [*found, _row("special", *special)]


def _row(name: str, ours: np.ndarray, theirs: np.ndarray) -> str:
    sides = next((count for start, count in SIDES.items() if name.startswith(start)), 0)
    known = (slice(None),) * (ours.ndim - sides) + (slice(1, None),) * sides
    cells = []
    for mine, other in zip(ours[known], theirs[known], strict=True):
        possible = np.isfinite(mine) & np.isfinite(other)
        gaps = np.abs(np.where(possible, mine, 0) - np.where(possible, other, 0)).round(3)
        count, absent = int((gaps > 0).sum()), int((np.isfinite(mine) != np.isfinite(other)).sum())
        differ = f", by {gaps.max():.1f} at most" if count else ""
        cells.append(f"{count} of {mine.size}{differ}" + (f", {absent} absent" if absent else ""))
    return f"| `{name}` | {cells[0]} | {cells[1]} |"


def test_differences_from_viennarna_are_those_that_are_written_down(rows: list[str]) -> None:
    text = README.read_text(encoding="utf-8")
    assert not [row for row in rows if row not in text]


def test_free_energies_are_those_of_viennarna(rows: list[str]) -> None:
    assert all(row.split("|")[2].strip().startswith("0 of") for row in rows)


def test_tables_read_the_same_from_both_sides() -> None:
    turner = load()
    for kind in (0, 1):
        np.testing.assert_array_equal(turner.stack[kind], turner.stack[kind].T)
        np.testing.assert_array_equal(turner.int11[kind], turner.int11[kind].transpose(1, 0, 3, 2))
        np.testing.assert_array_equal(turner.int22[kind], turner.int22[kind].transpose(1, 0, 4, 5, 2, 3))


def test_an_unknown_base_is_the_worst_of_the_four() -> None:
    turner = load()
    np.testing.assert_array_equal(turner.mismatch_hairpin[0][:, 0, 1:], turner.mismatch_hairpin[0][:, 1:, 1:].max(axis=1))
    np.testing.assert_array_equal(turner.int21[0][..., 0, 1:, 1:], turner.int21[0][..., 1:, 1:, 1:].max(axis=2))


def test_special_hairpins_have_the_published_energies() -> None:
    special = load().special
    assert special["CUUCGG"][0] == 3.7 and special["ACAGUGUU"][0] == 1.8 and special["GUUAC"][0] == 6.9


def test_the_tables_can_be_written_for_other_programs(tmp_path: Path) -> None:
    write_par(load(), tmp_path / "turner.par")
    assert read_par(tmp_path / "turner.par").same_as(load(), within=1e-6)
    RNA.params_load(str(tmp_path / "turner.par"))
    try:
        letters = "GGGAAACUUCGGUUUCCGAAAGGCAUCGAAAGAUGCAAC"
        structure, energy = RNA.fold(letters)
    finally:
        RNA.params_load_RNA_Turner2004()
    assert RNA.fold(letters)[0] == structure and RNA.fold(letters)[1] == pytest.approx(energy, abs=1e-4)


def test_names_that_are_not_there_are_refused() -> None:
    with pytest.raises(UsageError, match=r"turner-1899.*turner-2004"):
        load("turner-1899")

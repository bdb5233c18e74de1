"""Melting data, and the regression of nearest-neighbour terms on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from medai.errors import DataError
from medai.tasks import Batch, Row, Trained, Value
from medai_rna.datasets.melting import DrawnMelting, Melting
from medai_rna.energies.duplex import STACKS, SYMMETRY, TERMS, drawn, read_duplexes, term_values, terms_of, with_terms, write_duplexes
from medai_rna.energies.par import read_par
from medai_rna.energies.published import load
from medai_rna.exporters.parameters import ParameterFile
from medai_rna.models.duplexes import DuplexEnergies, Xia1998, fitted

NOTHING: Any = SimpleNamespace()
HEADER = "strand1,strand2,dG37,sd\n"


class Feed:
    """A dataset as a feed."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset.cases())

    def batches(self, epoch: int, size: int, *, start: int = 0, micro: int = 1) -> Iterator[Any]:
        raise NotImplementedError

    def samples(self, epoch: int = 0) -> Any:
        return (self.dataset.read(case, np.random.default_rng(0)) for case in self.dataset.cases())


def batch_of(dataset: Any) -> Batch[Row, Value]:
    samples = list(Feed(dataset).samples())
    return Batch(tuple(s.case for s in samples), Row.stack([s.inputs for s in samples]), Value.stack([s.reference for s in samples]))


def test_terms_of_a_duplex_by_hand() -> None:
    # GCA pairs with UGC: stacks GC/CG and CA/GU, an end AU.
    assert {name: n for name, n in zip(TERMS, terms_of(("GCA", "UGC")), strict=True) if n} == {
        "GC/CG": 1,
        "CA/GU": 1,
        "initiation": 1,
        "terminal AU or GU": 1,
    }
    twice = dict(zip(TERMS, terms_of(("GGCC", "GGCC")), strict=True))
    assert twice["GG/CC"] == 2 and twice["GC/CG"] == 1 and twice["symmetry"] == 1 and twice["terminal AU or GU"] == 0


def test_terms_by_tables_are_the_published_ones() -> None:
    values = dict(zip(TERMS, term_values(load()), strict=True))
    published = {"AA/UU": -0.93, "AU/UA": -1.10, "UA/AU": -1.33, "CU/GA": -2.08, "CA/GU": -2.11, "GU/CA": -2.24, "GA/CU": -2.35}
    published |= {"CG/GC": -2.36, "GG/CC": -3.26, "GC/CG": -3.42, "initiation": 4.09, "terminal AU or GU": 0.45, "symmetry": 0.43}
    assert all(values[name] == pytest.approx(energy, abs=0.0501) for name, energy in published.items())
    assert len(STACKS) == 21


def test_both_strands_give_the_same_terms() -> None:
    for duplex in drawn(30, 0.1, np.random.default_rng(1), load(), wobble=True):
        np.testing.assert_array_equal(terms_of(duplex.strands), terms_of((duplex.strands[1], duplex.strands[0])))


def test_fitted_terms_are_those_that_the_duplexes_were_drawn_from() -> None:
    model = Xia1998()
    data = DrawnMelting(count=400, noise=0.1, seed=3)
    steps = list(model.fit(Feed(data), None, NOTHING))
    assert len(steps) == 1 and 0.8 < float(steps[0].losses["chi2"]) < 1.2
    true = dict(zip(TERMS, term_values(load()), strict=True))
    watson_crick = [*STACKS[:10], "initiation", "terminal AU or GU"]
    scaled = [(model.terms[name][0] - true[name]) / model.terms[name][1] for name in watson_crick]
    assert max(map(abs, scaled)) < 3.5 and max(model.terms[name][1] for name in watson_crick) < 0.06
    assert model.terms["symmetry"][0] == SYMMETRY and np.isnan(model.terms["symmetry"][1])
    assert model.terms["CG/GU"][0] == true["CG/GU"]  # no duplex has it


def test_wobble_pairs_are_fitted_where_they_are() -> None:
    model = Xia1998()
    list(model.fit(Feed(DrawnMelting(count=600, noise=0.05, wobble=True, seed=4)), None, NOTHING))
    assert [model.terms[name][0] for name in STACKS] == pytest.approx(term_values(load())[:21].tolist(), abs=0.1)


def test_uncertain_duplexes_count_less() -> None:
    counts, energies = np.ones((3, 1)), np.array([1.0, 1.0, 4.0])
    values, errors = fitted(counts, energies, np.array([0.1, 0.1, 1e3]))
    assert values[0] == pytest.approx(1.0, abs=1e-6) and errors[0] == pytest.approx(0.1 / np.sqrt(2), rel=1e-4)


def test_terms_that_cannot_be_told_apart_are_named_and_stay_near_the_tables(tmp_path: Path) -> None:
    twice = [each for each in drawn(60, 0.1, np.random.default_rng(2), load()) if each.strands[0] == each.strands[1]]
    write_duplexes(twice[:6], tmp_path / "m.csv")
    notes: list[str] = []
    model = Xia1998()
    list(model.fit(Feed(Melting(tmp_path)), None, SimpleNamespace(note=notes.append)))  # type: ignore[arg-type]
    assert len(notes) == 1 and "6 duplexes do not tell" in notes[0] and "initiation" in notes[0]
    assert np.isnan(model.terms["initiation"][1]) and model.terms["initiation"][0] == pytest.approx(4.1, abs=0.3)
    assert [float(v.values) for v in model.predict(batch_of(Melting(tmp_path)))] == pytest.approx([d.energy for d in twice[:6]], abs=0.2)


def test_errors_are_those_of_the_normal_equations() -> None:
    counts = np.random.default_rng(3).integers(0, 4, (30, 5)).astype(float)
    deviations = np.linspace(0.1, 0.4, 30)
    _, errors = fitted(counts, np.zeros(30), deviations)
    weighted = counts / deviations[:, None]
    np.testing.assert_allclose(errors, np.sqrt(np.diag(np.linalg.inv(weighted.T @ weighted))))
    _, errors = fitted(np.hstack([counts, counts[:, :1]]), np.zeros(30), deviations)
    assert np.isnan(errors).tolist() == [True, False, False, False, False, True]


def test_a_state_is_taken_up(tmp_path: Path) -> None:
    model, other = Xia1998(), Xia1998()
    data = DrawnMelting(count=200)
    list(model.fit(Feed(data), None, NOTHING))
    other.load_state_dict(model.state_dict())
    assert str(other.terms) == str(model.terms)
    assert not list(other.fit(Feed(data), None, NOTHING))
    mine, its = (each.predict(batch_of(data)) for each in (model, other))
    assert all(a.values.equal(b.values) for a, b in zip(mine, its, strict=True))
    errors = [float(a.values - s.reference.values) for a, s in zip(mine, Feed(data).samples(), strict=True)]
    assert np.std(errors) == pytest.approx(0.1, rel=0.2)


def test_fitted_stacks_stand_in_the_tables_place(tmp_path: Path) -> None:
    model, data = Xia1998(), DrawnMelting(count=200)
    list(model.fit(Feed(data), None, NOTHING))
    np.testing.assert_allclose(term_values(model.tables)[:-1], [value for value, _ in list(model.terms.values())[:-1]])
    assert model.tables.hairpin[0][4] == load().hairpin[0][4]
    exporter = ParameterFile()
    trained = Trained(SimpleNamespace(id="rna/xia-1998"), "regression", model, None, {})  # type: ignore[arg-type]
    path = exporter.write(trained, batch_of(data), tmp_path)
    assert read_par(path).same_as(model.tables, within=1e-6)
    assert "GC/CG" in (tmp_path / "terms.csv").read_text()
    again = exporter.open(path).predict(batch_of(data))
    assert all(abs(float(a.values - b.values)) < 1e-5 for a, b in zip(again, model.predict(batch_of(data)), strict=True))


def test_terms_taken_out_and_put_back_are_the_same() -> None:
    assert with_terms(load(), term_values(load())).same_as(load())


def test_tables_predict_what_was_drawn_from_them() -> None:
    found = DuplexEnergies().predict(batch_of(DrawnMelting(count=30, noise=1e-6)))
    assert [float(value.values) for value in found] == pytest.approx(
        [d.energy for d in drawn(30, 1e-6, np.random.default_rng(0), load())], abs=0.01
    )


def test_a_file_comes_back(tmp_path: Path) -> None:
    Melting.write_stub(tmp_path, 12, 5)
    assert read_duplexes(tmp_path / "melting.csv") == drawn(12, 0.1, np.random.default_rng(5), load())
    cases = Melting(tmp_path).cases()
    assert len(cases) == 12 and cases[0].attributes == {"sd": 0.1}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("GCA,UGC,-1.0,0", "line 3, column sd: 0 is not above 0"),
        ("GCA,UGC,low,0.1", "line 3, column dG37: 'low' is no number"),
        ("GCA,UGC,,0.1", "line 3, column dG37: '' is no number"),
        ("GXA,UGC,-1,0.1", "line 3, column strand1: 'GXA' holds X"),
        ("GCA,UG,-1,0.1", "line 3, column strand2: UG has not the length of GCA"),
        ("GCA,UCC,-1,0.1", "line 3, column strand2: UCC does not pair with GCA at its position 2: C with C"),
        ("G,C,-1,0.1", "line 3, column strand1: 'G' is no strand of two bases"),
        ("GCA", "line 3, column strand2: '' is no strand"),
    ],
)
def test_a_bad_row_says_where_and_the_rest_is_read(tmp_path: Path, row: str, says: str) -> None:
    (tmp_path / "m.csv").write_text(f"{HEADER}GCA,TGC,-1.2,0.1\n{row}\ngcgc,gcgc,-4,0.2\n")
    data = Melting(tmp_path / "m.csv")
    good, bad, last = data.cases()
    assert data.read(good, np.random.default_rng(0)).reference is not None
    assert float(data.read(last, np.random.default_rng(0)).inputs.values[TERMS.index("symmetry")]) == 1
    with pytest.raises(DataError, match=r"m\.csv") as caught:
        data.read(bad, np.random.default_rng(0))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("strand1,strand2,dG37\nGC,GC,1\n", "line 1: there is no column sd"), (HEADER, "no rows"), ("", "there is no column")],
)
def test_a_bad_table_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(DataError, match=says):
        Melting(tmp_path / "m.csv")

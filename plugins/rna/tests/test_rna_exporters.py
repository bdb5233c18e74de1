"""Structures as files of other programs and as drawings."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from medai.errors import DataError, UsageError
from medai.tasks import Batch, Case, Label, Pairs, Sample, Sequence
from medai_rna.alignment import Alignment
from medai_rna.exporters.pictures import Svg
from medai_rna.exporters.probabilities import Probabilities
from medai_rna.exporters.structures import Structures
from medai_rna.formats.files import read_records
from medai_rna.formats.stockholm import read_stockholm
from medai_rna.probable import ProbablePairs, probabilities_of

KNOT = Pairs.from_brackets("((..[[..))..]]")
TRIPLE = Pairs.of([(0, 6), (0, 3), (1, 5)], 7, multiplets=True)


def sample(letters: str, id: str = "a", reference: Pairs | None = None) -> Sample[Sequence, Pairs]:
    return Sample(Case(id, id, attributes={"family": "5s"}), Sequence(letters), reference)


def rows() -> list[tuple[Sample[Sequence, Pairs], Pairs]]:
    return [(sample("GGAACCAAUUACGG", "x/1"), KNOT), (sample("GGTAACC", "x-1"), Pairs.from_brackets("((...))"))]


@pytest.mark.parametrize(
    ("format", "suffix"), [("dbn", "dbn"), ("ct", "ct"), ("bpseq", "bpseq"), ("stockholm", "sto"), ("bprna", "st"), ("json", "json")]
)
def test_each_format_is_read_again_with_its_pseudoknot(tmp_path: Path, format: Any, suffix: str) -> None:
    files = Structures(format).write(rows(), tmp_path)
    assert [path.name for path in files] == [f"x-1.{suffix}", f"x-1-1.{suffix}"]
    (first,), (second,) = (read_records(path) for path in files)
    assert first.structure == KNOT and first.letters == "GGAACCAAUUACGG"
    assert second.letters == "GGUAACC" and second.structure is not None and second.structure.to_brackets() == "((...))"


@pytest.mark.parametrize("format", ["dbn", "ct", "stockholm", "json"])
def test_all_structures_stand_in_one_file(tmp_path: Path, format: Any) -> None:
    (path,) = Structures(format, together=True).write(rows(), tmp_path)
    assert [record.structure for record in read_records(path)] == [prediction for _, prediction in rows()]


def test_a_file_of_bprna_holds_one() -> None:
    with pytest.raises(UsageError, match="together = true: a file of format = bprna holds one structure"):
        Structures("bprna", together=True)


def test_without_pseudoknots_the_nested_part_is_written(tmp_path: Path) -> None:
    (path, _) = Structures("dbn", pseudoknots=False).write(rows(), tmp_path)
    assert path.read_text().split()[-1] == "((......)) ....".replace(" ", "")


def test_of_multiplets_json_loses_nothing_and_the_others_refuse_or_say_what(tmp_path: Path) -> None:
    case = sample("GGACACC")
    (path,) = Structures("json").write([(case, TRIPLE)], tmp_path)
    assert json.loads(path.read_text())["structures"][0]["pairs"] == [[0, 3], [0, 6], [1, 5]]
    with pytest.raises(DataError, match="base 1 has several partners, which ct cannot hold"):
        Structures("ct").check(case, TRIPLE)
    with pytest.warns(UserWarning, match="1 pairs of 1 structures are lost"):
        (path,) = Structures("ct", lossy="warn").write([(case, TRIPLE)], tmp_path)
    (record,) = read_records(path)
    assert record.structure is not None and record.structure.pairs == ((0, 3), (1, 5))
    Structures("ct", pseudoknots=False).check(case, TRIPLE)


@pytest.mark.parametrize("together", [False, True])
def test_an_alignment_keeps_its_rows_in_stockholm_and_the_others_say_that_they_do_not(tmp_path: Path, together: bool) -> None:
    rows = (("one", "GGU-AACC"), ("two", "GGUAAACC"))
    case: Sample[Sequence, Pairs] = Sample(Case("RF1", "RF1"), Alignment.of(rows))
    answers = [(case, Pairs.from_brackets("((....))"))]
    (path,) = Structures("stockholm", together=together).write(answers, tmp_path)
    (found,) = read_stockholm(path)
    assert found.name == "RF1" and found.rows == rows and found.structure == answers[0][1]
    with pytest.warns(UserWarning, match="dbn holds no alignment: 2 are written as their consensus; format=stockholm holds rows") as told:
        Structures("dbn", together=together).write(answers * 2, tmp_path)
    assert len(told) == 1


def test_of_an_alignments_multiplets_stockholm_says_what_is_lost(tmp_path: Path) -> None:
    case: Sample[Sequence, Pairs] = Sample(Case("RF1", "RF1"), Alignment.of([("one", "GGACACC")]))
    with pytest.warns(UserWarning, match="1 pairs of 1 structures are lost"):
        (path,) = Structures("stockholm", lossy="warn").write([(case, TRIPLE)], tmp_path)
    assert read_stockholm(path)[0].structure == Pairs(((0, 3), (1, 5)), 7)


@pytest.mark.parametrize("exporter", [Structures(), Svg(), Probabilities()])
def test_what_is_no_structure_is_refused(exporter: Any) -> None:
    with pytest.raises(DataError, match="no structure"):
        exporter.check(sample("GGA"), Label(1))


def texts(path: Path) -> list[str]:
    return ["".join(node.itertext()).strip() for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_a_layout_is_an_svg_with_its_letters(tmp_path: Path) -> None:
    case = sample("GGUAACC", reference=Pairs.from_brackets("((...))"))
    (path,) = Svg().write([(case, Pairs.from_brackets("(.....)"))], tmp_path / "one")
    found = texts(path)
    assert "".join(text for text in found if text in set("ACGU")) == "GGUAACC" * 2
    assert {"reference", "prediction", "right 1", "missed 1", "a (7 nt)"} <= set(found)
    (again,) = Svg().write([(case, Pairs.from_brackets("(.....)"))], tmp_path / "two")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("options", "word"),
    [({"drawing": "arcs"}, "predicted 2"), ({"drawing": "matrix"}, "predicted 2"), ({"coordinates": "viennarna"}, "5'")],
)
def test_other_drawings_are_svg_too(tmp_path: Path, options: dict[str, Any], word: str) -> None:
    found = ProbablePairs.chosen(Pairs.from_brackets("((...))"), np.zeros((7, 7)))
    (path,) = Svg(**options).write([(sample("GGUAACC"), found)], tmp_path)
    assert word in texts(path)


def test_probabilities_go_with_a_structure_that_equals_any_other() -> None:
    plain = Pairs.from_brackets("((...))")
    matrix = np.full((7, 7), 0.25)
    probable = ProbablePairs.chosen(plain, matrix)
    assert probable == plain and plain == probable and hash(probable) == hash(plain) and probable != Pairs((), 7)
    assert probabilities_of(probable)[0, 6] == 0.25 and probabilities_of(probable)[6, 0] == 0
    assert probabilities_of(plain).sum() == 2 and probabilities_of(plain)[1, 5] == 1
    assert probabilities_of(Pairs((), 3)).sum() == 0


def test_probabilities_are_a_table(tmp_path: Path) -> None:
    matrix = np.zeros((7, 7))
    matrix[0, 6], matrix[1, 5], matrix[2, 6] = 0.75, 1e-4, 0.02
    rows = [(sample("GGUAACC"), ProbablePairs.chosen(Pairs.from_brackets("((...))"), matrix))]
    (path,) = Probabilities(least=0.05).write(rows, tmp_path)
    assert path.read_text().splitlines() == ["i,j,probability,chosen", "1,7,0.750000,yes", "2,6,0.000100,yes"]
    plain = [(sample("GGUAACC"), Pairs.from_brackets("(.....)"))]
    with pytest.warns(UserWarning, match="1 of 1 structures come without probabilities"):
        (path,) = Probabilities().write(plain, tmp_path / "plain")
    assert path.read_text().splitlines() == ["i,j,probability,chosen", "1,7,,yes"]
    with pytest.raises(DataError, match="comes without probabilities"):
        Svg(drawing="matrix").write(plain, tmp_path / "drawn")
    assert not list((tmp_path / "drawn").glob("*"))
    with pytest.raises(UsageError, match="least"):
        Probabilities(least=2)


@pytest.mark.parametrize("stored", [False, True])
def test_where_probabilities_come_from_is_said_of_what_is_predicted_and_of_what_a_run_keeps(tmp_path: Path, stored: bool) -> None:
    plain = Pairs.from_brackets("(.....)")
    case = sample("GGUAACC", reference=plain if stored else None)
    with pytest.raises(DataError, match="and none with decode=mfe or cyk") as refused:
        Svg(drawing="matrix").check(case, plain)
    assert ("`medai predict RUN INPUT --to rna/svg --set drawing=matrix`" in refused.value.reason) == stored
    with pytest.warns(UserWarning, match="and none with decode=mfe or cyk") as told:
        Probabilities().write([(case, plain)], tmp_path)
    assert ("`medai predict RUN INPUT --to rna/probabilities`" in str(told[0].message)) == stored


def test_a_model_that_decodes_probabilities_gives_them() -> None:
    from medai_rna.models.turner import Turner

    batch = Batch.of([sample("GGGGAAAACCCC")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = Turner(decode="centroid").predict(batch)
    assert isinstance(found, ProbablePairs) and found.to_brackets() == "((((....))))"
    assert all(found.probabilities[i, j] > 0.5 for i, j in found.pairs)

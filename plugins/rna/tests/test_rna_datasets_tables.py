"""Tables of structures, and those that the plugin brings along."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest

from medai.errors import DataError, UsageError
from medai.tasks import Pairs
from medai_rna.datasets import tables
from medai_rna.datasets.choice import chosen
from medai_rna.datasets.tables import KnownStructures, StructureTable
from medai_rna.formats.nesting import is_nested, largest_nested, layers
from medai_rna.formats.notation import brackets_of
from medai_rna.nested import CANONICAL

RNG = np.random.default_rng(0)
HEAD = "id,family,sequence,structure\n"


def table(folder: Path, text: str) -> Path:
    path = folder / "some.csv"
    path.write_text(text)
    return path


def test_the_known_structures_are_sound_and_say_their_sources() -> None:
    data = KnownStructures()
    assert len(data.cases()) == 46 and len({case.group for case in data.cases()}) == 15
    for case in data.cases():
        sample = data.read(case, RNG)
        assert sample.reference is not None and sample.reference.pairs, case.id
        letters = sample.inputs.letters
        assert all(letters[i] + letters[j] in CANONICAL and j - i > 3 for i, j in sample.reference.pairs), case.id
        assert case.group == case.attributes["family"] and case.attributes["length"] == len(letters)
    with Path(tables.__file__).with_name("known_structures.csv").open(encoding="utf-8") as file:
        assert all(len(row["source"]) > 10 for row in csv.DictReader(file))


def test_yeast_phenylalanine_transfer_rna_is_a_clover() -> None:
    data = KnownStructures()
    case = next(case for case in data.cases() if case.id == "tRNA-Sc-Phe")
    sample = data.read(case, RNG)
    assert sample.reference is not None and sample.inputs.letters.startswith("GCGGAUUUAGCUCAGUUGGGAGAGC")
    assert sample.reference.to_brackets() == "(((((((..((((........)))).(((((.......))))).....(((((.......))))))))))))...."


def test_the_stub_is_read_again(tmp_path: Path) -> None:
    StructureTable.write_stub(tmp_path, 6, 0)
    data = StructureTable(tmp_path)
    assert [case.group for case in data.cases()] == ["hairpin", "two-hairpins", "pseudoknot"] * 2
    structures = [data.read(case, RNG).reference for case in data.cases()]
    assert [is_nested(structure.pairs) for structure in structures if structure] == [True, True, False] * 2


def test_few_families_for_many_sequences_are_told_with_the_way_out(tmp_path: Path) -> None:
    rows = [f"r{number},{'RFAM' if number else 'CRW'},{'ACGU' * 3}{'A' * number},\n" for number in range(41)]
    path = table(tmp_path, HEAD + "".join(rows))
    with pytest.warns(UserWarning, match=r"some\.csv: 41 sequences are of 2 families \(40 of RFAM\).*groups=sequence"):
        StructureTable(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len({case.group for case in StructureTable(path, groups="sequence").cases()}) == 41
        StructureTable(table(tmp_path, HEAD + "".join(rows[:40])))


def test_a_sequence_without_a_family_is_a_group_with_its_copies(tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + "a,,GGAAACC,((...))\nb,,GGAAACC,((...))\nc,tRNA,GGAAACC,\nd,,GGGAAACCC,\n")
    groups = [case.group for case in StructureTable(path).cases()]
    assert groups[0] == groups[1] != groups[3] and groups[2] == "tRNA"
    assert len({case.group for case in StructureTable(path, groups="sequence").cases()}) == 2
    data = StructureTable(path)
    assert data.read(data.cases()[2], RNG).reference is None


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("x,,GGAAACC,((...)", "line 3, column 'structure': 6 signs for a sequence of 7 letters"),
        ("x,,GGAAACC,((...).", "line 3, column 'structure', sign 1: the '(' is not closed"),
        ("x,,GGAAACC,(...)).", "line 3, column 'structure', sign 6: the ')' closes nothing"),
        ("x,,GGAAACC,((.?.))", "line 3, column 'structure', sign 4: '?' is no sign of a structure"),
        ("x,,GGA1ACC,((...))", "line 3, column 'sequence', sign 4: '1' is no base"),
        ("x,,,", "line 3, column 'sequence', sign 1: the sequence is empty"),
        ("x,,GG-AACC,((()))..", "line 3, column 'structure': 8 signs for a sequence of 7 letters"),
        ("x,,GG-AACC,(.(..))", "line 3, column 'sequence', sign 3: a gap is paired"),
        ("x,,GGAAACC", "line 3: 3 columns, the header has 4"),
        (",,GGAAACC,((...))", "line 3, column 'id': it is empty"),
    ],
)
def test_a_bad_row_says_where_and_the_others_are_read(tmp_path: Path, row: str, fault: str) -> None:
    data = StructureTable(table(tmp_path, f"{HEAD}good,,GGAAACC,((...))\n{row}\nlast,,GGAAACC,((...))\n"))
    good, bad, last = data.cases()
    assert data.read(good, RNG).reference == data.read(last, RNG).reference == Pairs.from_brackets("((...))")
    with pytest.raises(DataError) as caught:
        data.read(bad, RNG)
    assert fault in caught.value.reason and caught.value.path == tmp_path / "some.csv"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,seq,structure\na,GG,..\n", "line 1: no column 'sequence'; the columns are id, seq, structure"),
        ("", "no column 'id'"),
        ("id,sequence,id\na,GG,b\n", "two columns have one name"),
        (HEAD, "no sequences"),
        (HEAD + "a,,G?,\nb,,G!,\n", "none of 2 sequences can be used; line 2, column 'sequence', sign 2"),
        (HEAD + 'a,,"GG,\n', "not CSV"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        StructureTable(table(tmp_path, text))


def test_what_is_read_otherwise_than_it_stands_is_said_once(tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + "a,,GGTAACC,((...))\nb,,gguaacc,((...))\nc,,GGTNXCC,((...))\nd,,GG-U-ACC,((...)).\n")
    with pytest.warns(UserWarning, match="sequences of some") as caught:
        data = StructureTable(path)
    assert len(caught) == 1
    said = str(caught[0].message)
    assert "T is read as U (in 2, first some.csv, line 2, column 'sequence', sign 3)" in said
    assert "lower case is read as capitals (in 1, first some.csv, line 3, column 'sequence', sign 1)" in said
    assert "X is read as N (in 1" in said and "stand for several bases stay" in said
    letters = [data.read(case, RNG).inputs.letters for case in data.cases()[:3]]
    assert letters == ["GGUAACC", "GGUAACC", "GGUNNCC"]


def test_gaps_are_taken_out_and_pairs_move(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="gaps are taken out"):
        data = StructureTable(table(tmp_path, HEAD + "a,,GG-AAA..CC,((......))\n"))
    sample = data.read(data.cases()[0], RNG)
    assert sample.inputs.letters == "GGAAACC" and sample.reference == Pairs.from_brackets("((...))")


def test_long_sequences_are_left_out_and_counted(tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + "a,,GGAAACC,((...))\nb,,GGGAAACCC,(((...)))\n")
    with pytest.warns(UserWarning, match="1 of 2 sequences are longer than 7 and left out"):
        assert [case.id for case in StructureTable(path, longest=7).cases()] == ["a"]
    with pytest.raises(DataError, match="2 of 2 sequences are longer than 3"):
        StructureTable(path, longest=3)
    with pytest.raises(UsageError, match="longest is a number of bases"):
        StructureTable(path, longest=0)


def test_pairs_are_chosen_as_it_is_said() -> None:
    letters = "GGAGACCUUAC"
    whole = Pairs.of([(0, 6), (1, 5), (2, 9), (3, 7), (4, 10)], 11)
    assert chosen(whole, letters) == whole
    assert chosen(whole, letters, "canonical").pairs == ((0, 6), (1, 5), (3, 7))
    assert chosen(whole, letters, "nested").pairs == ((0, 6), (1, 5))
    assert chosen(whole, letters, "nested-canonical").pairs == ((0, 6), (1, 5))
    assert chosen(Pairs.of([(0, 6), (1, 9), (3, 7)], 11), "GNAGAACUAAC", "canonical").pairs == ((0, 6), (3, 7))


def test_of_a_triple_the_canonical_pair_stays() -> None:
    triple = Pairs.of([(0, 7), (1, 6), (1, 9)], 10, multiplets=True)
    kept = chosen(triple, "GGAAAACCAG", multiplets="drop")
    assert kept.pairs == ((0, 7), (1, 6)) and not kept.multiplets
    assert chosen(triple, "GGAAAACCAG").pairs == triple.pairs


def test_the_largest_nested_part_is_as_large_as_any() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        places = rng.permutation(14)[:10].tolist()
        pairs = [(min(pair), max(pair)) for pair in zip(places[::2], places[1::2], strict=True)]
        if rng.random() < 0.5:
            pairs.append((min(places[0], places[2]), max(places[0], places[2])))
        best = max(sum(bits >> k & 1 for k in range(len(pairs))) for bits in range(1 << len(pairs)) if is_nested(part(pairs, bits)))
        found = largest_nested(pairs)
        assert is_nested(found) and set(found) <= set(pairs) and len(found) == best
        assert sorted(pair for layer in layers(pairs) for pair in layer) == sorted(set(pairs))


def part(pairs: list[tuple[int, int]], bits: int) -> list[tuple[int, int]]:
    return [pair for k, pair in enumerate(pairs) if bits >> k & 1]


def test_the_largest_layer_has_round_brackets() -> None:
    text = ".[[[.((((((]]]...))))))."
    assert brackets_of(Pairs.from_brackets(text).pairs, len(text)) == text


@pytest.mark.realdata
def test_canonical_nested_pairs_are_those_that_were_published(real_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = StructureTable(real_data / "rna" / "vl0.csv", pairs="nested-canonical")
        theirs = StructureTable(real_data / "rna" / "vl0_canonical.csv")
    published = {case.id: theirs.read(case, RNG).reference for case in theirs.cases()}
    same = [ours.read(case, RNG).reference == published[case.id] for case in ours.cases()]
    assert len(same) == 1300 and sum(same) >= 1280

"""Files of structures: what is written is read again, and what was read by hand."""

from __future__ import annotations

import gzip
import warnings
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medai.errors import DataError, UsageError
from medai.tasks import Pairs
from medai_rna.formats.brackets import read_dbn
from medai_rna.formats.ct import read_ct
from medai_rna.formats.files import WRITERS, format_of, read_records, write_records
from medai_rna.formats.loops import elements_of, loops_of
from medai_rna.formats.record import Record
from medai_rna.formats.stockholm import Aligned, read_stockholm, write_stockholm

HOLDING = ("dbn", "ct", "bpseq", "stockholm", "bprna", "json")
CASES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def structures(draw: st.DrawFn, *, multiplets: bool = False) -> Record:
    """Any letters, and pairs of any positions, so that they cross; names without blanks, which Stockholm cannot hold."""
    letters = draw(st.text("ACGUN", min_size=1, max_size=40))
    order = draw(st.permutations(range(len(letters))))
    count = draw(st.integers(0, min(8, len(letters) // 2)))
    pairs = list(zip(order[:count], order[count : 2 * count], strict=True))
    if multiplets and len(letters) > 2 * count and count:
        pairs.append((order[0], order[2 * count]))
    return Record(draw(st.text(ascii_lowercase, min_size=1, max_size=6)), letters, Pairs.of(pairs, len(letters), multiplets=multiplets))


def read(path: Path, kind: str) -> list[Record]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return read_records(path, kind=kind)


@CASES
@given(records=st.lists(structures(), min_size=1, max_size=4, unique_by=lambda record: record.name), kind=st.sampled_from(HOLDING))
def test_what_is_written_is_read_again(tmp_path: Path, records: list[Record], kind: str) -> None:
    path = tmp_path / f"any.{kind}"
    write_records(records, path, kind)
    found = read(path, kind)
    assert [(each.name, each.letters, each.fault) for each in found] == [(each.name, each.letters, "") for each in records]
    assert [each.structure for each in found] == [each.structure for each in records]


@CASES
@given(record=structures(multiplets=True))
def test_json_alone_holds_multiplets(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "any.json"
    write_records([record], path)
    (found,) = read(path, "json")
    assert found.structure == record.structure
    assert record.structure is not None
    if not record.structure.several:
        return
    for kind in set(HOLDING) - {"json"}:
        with pytest.raises(DataError, match="several partners"):
            write_records([record], tmp_path / "x", kind)
        with pytest.warns(UserWarning, match="1 pairs of 1 structures are lost"):
            write_records([record], tmp_path / "x", kind, lossy="warn")
        (kept,) = read(tmp_path / "x", kind)
        assert kept.structure is not None and not kept.structure.several and set(kept.structure.pairs) <= set(record.structure.pairs)


@CASES
@given(letters=st.lists(st.text("ACGU", min_size=1, max_size=200), min_size=1, max_size=4))
def test_fasta_holds_sequences(tmp_path: Path, letters: list[str]) -> None:
    records = [Record(f"s{place}", each) for place, each in enumerate(letters)]
    write_records(records, tmp_path / "any.fa")
    assert [(each.name, each.letters, each.structure) for each in read_records(tmp_path / "any.fa")] == [
        (each.name, each.letters, None) for each in records
    ]


def test_energies_stay_where_there_is_a_place_for_them(tmp_path: Path) -> None:
    record = Record("a", "GGGAAACCC", Pairs.from_brackets("(((...)))"), energy=-1.2)
    for kind in ("dbn", "ct", "json"):
        write_records([record], tmp_path / "x", kind)
        assert read_records(tmp_path / "x", kind=kind)[0].energy == -1.2


def test_a_connect_table_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "two.ct"
    body = ["1 G 0 2 5 1", "2 a 1 3 0 2", "3 A 2 4 0 3", "4 A 3 5 0 4", "5 t 4 0 1 5"]
    path.write_text("\n".join(["# a comment", "5 ENERGY = -3.4  first one", *body, "", "5 dG = 0.1 first one", *body]) + "\n")
    with pytest.warns(UserWarning, match="T is read as U"):
        first, second = read_ct(path)
    assert (first.name, first.energy, first.letters) == ("first one", -3.4, "GAAAU")
    assert first.structure == second.structure == Pairs(((0, 4),), 5)
    assert (second.name, second.energy) == ("first one-2", 0.1)


def test_dot_brackets_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "some.dbn"
    path.write_text("; comment\n>a first\nGGGA\nAACCC\n(((.\n..))) (-1.50)\n\n>b\nACGU\nACGU\n>c\nGGAACC\n([..)]\n")
    a, b, c = read_dbn(path)
    assert (a.name, a.letters, a.energy) == ("a", "GGGAAACCC", -1.5) and a.structure == Pairs.from_brackets("(((...)))")
    assert b.letters == "ACGUACGU" and b.structure is None
    assert c.structure == Pairs.from_brackets("([..)]")


def test_dot_brackets_without_a_name_are_called_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "PDB_00001.dp"
    path.write_text("# File PDB_00001.dp\n# RNA SSTRAND\n\nGGGAAACCC\n(((...)))\n")
    (found,) = read_records(path)
    assert found.name == "PDB_00001" and found.structure == Pairs.from_brackets("(((...)))")


STOCKHOLM = """# STOCKHOLM 1.0
#=GF AC RF99999
#=GF ID toy
#=GF DE a toy
#=GF DE family

one/1-9     GGG-AA
two         GgGTAA
#=GR two SS <<<.__
#=GC SS_cons <<<.__

one/1-9     AC.C
two         ACCC
#=GR two SS _>>>
#=GC SS_cons _>>>
//
"""


def test_a_consensus_is_laid_on_each_sequence(tmp_path: Path) -> None:
    path = tmp_path / "toy.sto.gz"
    path.write_bytes(gzip.compress(STOCKHOLM.encode()))
    with pytest.warns(UserWarning, match="T is read as U"):
        (aligned,) = read_stockholm(path)
    assert (aligned.name, aligned.accession, aligned.description) == ("toy", "RF99999", "a toy family")
    assert aligned.rows == (("one/1-9", "GGG-AAAC-C"), ("two", "GGGUAAACCC"))
    assert aligned.structure == aligned.own["two"] == Pairs(((0, 9), (1, 8), (2, 7)), 10)
    # What gaps brought closer than a hairpin can be is no pair any more.
    near = replace(aligned, rows=(("one", "GGG----CCC"),), own={}).records()[0]
    assert (near.letters, near.structure) == ("GGGCCC", Pairs(((0, 5),), 6))
    one, two = aligned.records()
    # The gap of the one takes a pair with it.
    assert (one.letters, one.structure) == ("GGGAAACC", Pairs(((0, 7), (2, 6)), 8))
    assert two.structure == aligned.structure and two.family == "RF99999"


def test_alignments_are_written_and_read_again(tmp_path: Path) -> None:
    whole = Aligned("toy", "RF1", "words", (("a", "GGG-AAACCC"), ("b", "GGGUAAACCC")), Pairs(((0, 9), (1, 8), (4, 7)), 10))
    crossing = Aligned("knot", rows=(("a", "GGGAAACCCAAA"),), structure=Pairs(((0, 7), (3, 11)), 12), own={"a": Pairs(((0, 7),), 12)})
    write_stockholm([whole, crossing], tmp_path / "x.sto")
    found = read_stockholm(tmp_path / "x.sto")
    assert [replace(each, line=0) for each in found] == [whole, crossing]


def test_loops_have_the_letters_of_bprna() -> None:
    text = ".((.((.((...)).)))).((.((...)).((...))))."
    structure = Pairs.from_brackets(text)
    assert loops_of(structure.pairs, len(text)) == "ESSBSSISSHHHSSISSSSXSSMSSHHHSSMSSHHHSSSSE"
    assert loops_of((), 3) == "EEE"


def test_stems_and_loops_are_listed_as_bprna_lists_them() -> None:
    """bpRNA_RFAM_22522, and what bpRNA-1m says of it."""
    letters = (
        "GGAGCGAUUGGACCACCUUGCAGUUUCAUGGCACACUCUCUCCAUUUCUCUACCGUUCAUGCAGCGGUUGAUCGAUUGGGUUGCUGGUUGAUUGAUCGAUCGAUGGUCAGGAGUUGG"
        "AAGAGAAUUGGAGAGAGUGCAUUGUGAAUUGCGGGGUUGACGAGGCGGAGGG"
    )
    text = (
        "...............(((((((((((.(((((.(((((((((((.(((((((.((...............((((((((..................))))))))...........))"
        ").))))).))))))))))).)))))))))))))))))..............."
    )
    found = elements_of(letters, Pairs.from_brackets(text).pairs)
    assert found[:3] == [
        'S1 16..26 "CCUUGCAGUUU" 144..154 "AAUUGCGGGGU"',
        'S2 28..32 "AUGGC" 139..143 "UUGUG"',
        'S3 34..34 "C" 138..138 "A"',
    ]
    assert found[8:11] == [
        'S9 71..78 "AUCGAUUG" 97..104 "CGAUCGAU"',
        'H1 79..96 "GGUUGCUGGUUGAUUGAU" (78,97) G:C',
        'B1 27..27 "C" (26,144) U:A (28,143) A:G',
    ]
    assert found[14] == 'B5 119..119 "A" (118,52) A:A (120,51) G:U'
    assert found[17:] == [
        'I1.1 56..70 "UUCAUGCAGCGGUUG" (55,116) G:G',
        'I1.2 105..115 "GGUCAGGAGUU" (104,71) U:A',
        'E1 1..15 "GGAGCGAUUGGACCA"',
        'E2 155..169 "UGACGAGGCGGAGGG"',
    ]


def test_multiloops_have_parts() -> None:
    text = ".((.((...)).((...))))..(...)"
    found = elements_of("A" * len(text), Pairs.from_brackets(text).pairs)
    assert [line.split(" ", 1)[0] for line in found] == ["S1", "S2", "S3", "S4", "H1", "H2", "H3", "M1.1", "M1.2", "X1", "E1"]
    assert found[7:10] == [
        'M1.1 4..4 "A" (3,20) A:A (5,11) A:A',
        'M1.2 12..12 "A" (11,5) A:A (13,19) A:A',
        'X1 22..23 "AA" (21,2) A:A (24,28) A:A',
    ]


def test_bprna_calls_its_files_dot_bracket_too(tmp_path: Path) -> None:
    path = tmp_path / "bpRNA_RFAM_7.dbn"
    path.write_text("#Name: bpRNA_RFAM_7\n#Length: ,9,\n#PageNumber: 1\nGGGAAACCC\n(((...)))\n")
    (found,) = read_records(path)
    assert (found.name, found.family, found.structure) == ("bpRNA_RFAM_7", "RFAM", Pairs.from_brackets("(((...)))"))


def test_a_bprna_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.st"
    text = '#Name: bpRNA_RFAM_7\n#Length:  9 \n#PageNumber: 1\nGGGAAACCC\n(((...)))\nSSSHHHSSS\nNNNNNNNNN\nS1 1..3 "GGG" 7..9 "CCC"\n'
    path.write_text(text + "#Name: bpRNA_CRW_8\n#Length: 9\nGGGAAACCC\n.........\n")
    first, second = read_records(path)
    assert (first.name, first.family) == ("bpRNA_RFAM_7", "RFAM") and first.structure == Pairs.from_brackets("(((...)))")
    assert (second.family, second.structure) == ("CRW", Pairs((), 9))


def test_json_may_count_from_one_and_be_what_medai_predict_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"positions": "from 1", "structures": [{"id": "a", "sequence": "GAAAC", "pairs": [[5, 1]]}]}')
    assert read_records(path)[0].structure == Pairs(((0, 4),), 5)
    path.write_text('{"id": "a", "letters": "GAAAC", "pairs": [[0, 4]]}')
    assert read_records(path)[0].structure == Pairs(((0, 4),), 5)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (STOCKHOLM, "stockholm"),
        ("#Name: a\nGAAAC\n(...)\n", "bprna"),
        ('[{"id": "a", "letters": "GAAAC", "pairs": [[0, 4]]}]', "json"),
        (">a\nGAAAC\n(...)\n", "dbn"),
        (">a\nGAAAC\n", "dbn"),
        ("# c\n1 G 5\n2 A 0\n3 A 0\n4 A 0\n5 C 1\n", "bpseq"),
        ("5 a\n1 G 0 2 5 1\n2 A 1 3 0 2\n3 A 2 4 0 3\n4 A 3 5 0 4\n5 C 4 0 1 5\n", "ct"),
        ("GAAAC\n(...)\n", "dbn"),
    ],
)
def test_a_file_whose_name_says_nothing_is_known_by_its_content(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "some.txt"
    path.write_text(text)
    assert format_of(path) == ""
    found = read(path, "")
    assert found == read(path, kind) and not found[0].fault


def test_what_is_no_format_is_said(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("what is this\n")
    with pytest.raises(DataError, match="no format that is known; there are fasta, dbn"):
        read_records(tmp_path / "some.txt")
    with pytest.raises(UsageError, match="no format to write; there are fasta"):
        write_records([], tmp_path / "some.txt")
    assert set(WRITERS) == {*HOLDING, "fasta"}


@pytest.mark.realdata
def test_rfam_seeds_are_read(real_data: Path) -> None:
    found = read_stockholm(real_data / "rna" / "rfam_14.2_seed_90_families.sto.gz")
    assert len(found) == 90 and not any(each.fault or each.faults for each in found)
    records = [record for aligned in found for record in aligned.records()]
    assert len(records) == sum(len(aligned.rows) for aligned in found) > 1500
    assert all(record.structure is not None and "-" not in record.letters for record in records)

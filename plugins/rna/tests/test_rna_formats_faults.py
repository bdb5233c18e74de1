"""Bad files: a message with line and column, and the rest of the file is read."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from medai.errors import DataError
from medai_rna.datasets.unlabelled import Unlabelled
from medai_rna.formats.files import read_records

GOOD = {
    "ct": "5 good\n1 G 0 2 5 1\n2 A 1 3 0 2\n3 A 2 4 0 3\n4 A 3 5 0 4\n5 C 4 0 1 5\n",
    "bpseq": "# name: good\n1 G 5\n2 A 0\n3 A 0\n4 A 0\n5 C 1\n",
    "dbn": ">good\nGAAAC\n(...)\n",
    "fa": ">good\nGAAAC\n",
    "st": "#Name: good\n#Length: 5\nGAAAC\n(...)\n",
    "sto": "# STOCKHOLM 1.0\n#=GF ID good\ngood GAAAC\n#=GC SS_cons <___>\n//\n",
    "json": '{"name": "good", "letters": "GAAAC", "pairs": [[0, 4]]}',
}
BAD = [
    ("ct", "3 bad\n1 G 0 2 3 1\n2 A 1 3 0 2\n3 C 2 0 9 3\n", "line 10, column 9: the partner 9 is out of range, there are 3 bases"),
    ("ct", "3 bad\n1 G 0 2 1 1\n2 A 1 3 0 2\n3 C 2 0 0 3\n", "line 8, column 9: the base 1 pairs with itself"),
    ("ct", "3 bad\n1 G 0 2 3 1\n2 A 1 3 0 2\n3 C 2 0 0 3\n", "line 8, column 9: 1 pairs with 3, but 3 pairs with none (line 10)"),
    ("ct", "3 bad\n1 G 0 2 3 1\n2 A 1 3 3 2\n3 C 2 0 1 3\n", "line 9, column 9: 2 pairs with 3, but 3 pairs with 1 (line 10)"),
    ("ct", "3 bad\n1 G 0 2 0 1\n2 A 1 3 0 2\n", "line 7, column 1: 3 bases are said, and 2 follow"),
    ("ct", "3 bad\n1 G 0 2 0 1\n2 A 1 3 x 2\n3 C 2 0 0 3\n", "line 9, column 9: a partner is a whole number, not 'x'"),
    ("ct", "3 bad\n1 G 0 2 0 1\n2 A 1 3\n3 C 2 0 0 3\n", "line 9: 4 columns, 6 are wanted"),
    ("ct", "3 bad\n1 G 0 2 0 1\n2 ? 1 3 0 2\n3 C 2 0 0 3\n", "line 9, column 3: '?' is no base"),
    ("ct", "0 bad\n", "line 7, column 1: the sequence is empty"),
    ("ct", "x bad\n", "line 7, column 1: the length at the beginning of a structure is a whole number, not 'x'"),
    ("bpseq", "# name: bad\n1 G 3\n2 A 0\n3 C 2\n", "line 8, column 5: 1 pairs with 3, but 3 pairs with 2 (line 10)"),
    ("bpseq", "# name: bad\n1 G 3\n2 A 0\n2 A 3\n3 C 1\n", "line 10, column 1: the position 2 stands twice, and a base has one partner"),
    ("bpseq", "# name: bad\n1 G 0\n3 A 0\n", "line 9, column 1: the position 3 is not 2"),
    ("bpseq", "# name: bad\n1 G 0\n2 A\n", "line 9: 2 columns, 3 are wanted"),
    ("bpseq", "# name: bad\n1 G 0\n2 - 1\n", "line 9, column 5: 2 pairs with 1, but 1 pairs with none (line 8)"),
    ("bpseq", "# name: bad\n1 G 2\n2 - 1\n", "line 9, column 3: a gap is paired"),
    ("dbn", ">bad\nGAAAC\n((..)\n", "line 6, column 1: the '(' is not closed"),
    ("dbn", ">bad\nGAA\nAC\n(..\n.]\n", "line 8, column 2: the ']' closes nothing"),
    ("dbn", ">bad\nGAAAC\n(..\n", "line 6, column 1: a structure of 3 signs for a sequence of 5 letters"),
    ("dbn", ">bad\nGA!AC\n(...)\n", "line 5, column 3: '!' is no base"),
    ("dbn", ">bad\n", "line 4: the sequence is empty"),
    ("dbn", ">\nGAAAC\n(...)\n", "line 4, column 2: a header line without a name"),
    ("dbn", ">bad\n(...)\n", "line 5, column 1: a structure without a sequence"),
    ("fa", ">bad\nGA\nJC\n", "line 5, column 1: 'J' is no base"),
    ("fa", ">bad\n>last\nG\n", "line 3: the sequence is empty"),
    ("st", "#Name: bad\n#Length: 5\nGAAAC\n(..)\n", "line 8, column 1: a structure of 4 signs for a sequence of 5 letters"),
    ("st", "#Name: bad\n#Length: 6\nGAAAC\n(...)\n", "line 7, column 1: 5 letters, and a length of 6 is said"),
    ("st", "#Name: bad\n#Length: 5\nGAAAC\n(.?.)\n", "line 8, column 3: '?' is no sign of a structure"),
    ("st", "#Name: bad\n", "line 5: a sequence and a structure are wanted"),
    ("sto", "# STOCKHOLM 1.0\n#=GF ID bad\na  GAAAC\nb  GAAA\n//\n", "line 9, column 4: b has 4 columns, the first sequence 5"),
    ("sto", "# STOCKHOLM 1.0\n#=GF ID bad\na  GAAAC\n#=GC SS_cons <___\n//\n", "line 9, column 14: SS_cons has 4 columns"),
    ("sto", "# STOCKHOLM 1.0\n#=GF ID bad\na  GAAAC\n#=GC SS_cons <__>>\n//\n", "line 9, column 18: the '>' closes nothing"),
    ("sto", "# STOCKHOLM 1.0\n#=GF ID bad\na GA AC\n//\n", "line 8: a name and a sequence are wanted"),
    ("sto", "# STOCKHOLM 1.0\n#=GF ID bad\nbad GA!AC\n//\n", "line 8, column 7: '!' is no base"),
]


@pytest.mark.parametrize(("suffix", "text", "fault"), BAD)
def test_what_is_bad_says_where_and_the_rest_is_read(tmp_path: Path, suffix: str, text: str, fault: str) -> None:
    path = tmp_path / f"some.{suffix}"
    later = GOOD[suffix].replace("good", "later")
    path.write_text(GOOD[suffix] + text + later)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = {record.name: record for record in read_records(path)}
    assert not found["good"].fault and not found["later"].fault
    assert found["good"].structure == found["later"].structure
    bad = [record for record in found.values() if record.fault]
    assert len(bad) == 1 and bad[0].fault.startswith(fault) and not bad[0].letters, bad
    path.write_text(text)
    if not text.startswith(">bad\n>last"):
        with pytest.raises(DataError) as caught:
            read_records(path)
        assert caught.value.path == path


@pytest.mark.parametrize("suffix", sorted(GOOD))
def test_damage_is_a_data_error_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(sorted(GOOD).index(suffix))
    path = tmp_path / f"some.{suffix}"
    whole = (GOOD[suffix] + GOOD[suffix].replace("good", "later")).encode()
    outcomes = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for _ in range(150):
            content = bytearray(whole)
            for _ in range(int(rng.integers(1, 4))):
                place = int(rng.integers(len(content)))
                if rng.random() < 0.5:
                    content[place] = int(rng.choice(list(b"()[]<>.{} \n\t#>/=-0123456789GACUXxz\"',\xff\x00")))
                else:
                    del content[place : place + int(rng.integers(1, 9))]
            path.write_bytes(content)
            try:
                found = read_records(path)
            except DataError as error:
                assert error.path == path
                outcomes.add("refused")
                continue
            outcomes.add("fault" if any(record.fault for record in found) else "read")
            for record in found:
                assert bool(record.fault) != bool(record.letters)
                assert record.structure is None or record.structure.length == len(record.letters)
    assert "refused" in outcomes and "read" in outcomes


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        ('{"name": "bad", "letters": "GAAAC", "pairs": [[0, 5]]}', "structure 2 (bad), pair 1: [0, 5] is out of range, there are 5 bases"),
        ('{"name": "bad", "letters": "GAAAC", "pairs": [[1, 1]]}', "structure 2 (bad), pair 1: a base pairs with itself"),
        ('{"name": "bad", "letters": "GAAAC", "pairs": [[0, 4], [4, 0]]}', "structure 2 (bad), pair 2: [4, 0] stands twice"),
        ('{"name": "bad", "letters": "GAAAC", "pairs": [[0, "x"]]}', "structure 2 (bad), pair 1: two positions are wanted"),
        ('{"name": "bad", "letters": "GAAAC", "pairs": 3}', "structure 2 (bad): pairs are a list"),
        ('{"name": "bad", "letters": "GA AC"}', "structure 2 (bad), letter 3: ' ' is no base"),
        ('{"name": "bad"}', "structure 2 (bad): no letters"),
        ("7", "structure 2: an object is wanted"),
    ],
)
def test_a_bad_structure_in_json_says_which(tmp_path: Path, item: str, fault: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(f"[{GOOD['json']}, {item}, {GOOD['json'].replace('good', 'later')}]")
    good, bad, later = read_records(path)
    assert not good.fault and not later.fault and bad.fault.startswith(fault)


def test_json_that_is_none_says_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "some.json").write_text('{\n "name": }')
    with pytest.raises(DataError, match="line 2, column 10: not JSON"):
        read_records(tmp_path / "some.json")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.sto").write_text(">a\nGAAAC\n")
    with pytest.raises(DataError, match="line 1, column 1: not a Stockholm file"):
        read_records(tmp_path / "some.sto")
    (tmp_path / "some.fa").write_text("GAAAC\n")
    with pytest.raises(DataError, match="line 1, column 1: not FASTA"):
        read_records(tmp_path / "some.fa")
    (tmp_path / "bad.sto.gz").write_text("no gzip")
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_records(tmp_path / "bad.sto.gz")
    for suffix in GOOD:
        (tmp_path / f"empty.{suffix}").write_text("")
        with pytest.raises(DataError):
            read_records(tmp_path / f"empty.{suffix}")


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("fa", ">a\nG!\n>a\nGGC\n"),
        ("csv", "id,sequence\na,G!\na,GGC\n"),
        ("ct", "1 a\n1 ! 0 0 0 1\n3 a\n1 G 0 2 0 1\n2 G 1 3 0 2\n3 C 2 0 0 3\n"),
        ("sto", "# STOCKHOLM 1.0\n#=GF ID one\na G!\nb GG\n//\n# STOCKHOLM 1.0\n#=GF ID two\na GGC\n//\n"),
    ],
)
def test_what_cannot_be_used_takes_no_name_from_what_can(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"some.{suffix}"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_records(path)
    good = {record.name: record.letters for record in found if not record.fault}
    (bad,) = (record for record in found if record.fault)
    assert good["a"] == "GGC" and bad.name.startswith("a (line ") and "'!' is no base" in bad.fault
    data = Unlabelled([path])
    (case,) = (case for case in data.cases() if case.id == "a")
    assert data.read(case, np.random.default_rng(0)).inputs.letters == "GGC"


@pytest.mark.parametrize(
    ("suffix", "text"), [("fa", ">a\nGG\n>a\nGC\n>a-2\nAA\n>a\nUU\n"), ("csv", "id,sequence\na,GG\na,GC\na-2,AA\na,UU\n")]
)
def test_of_one_name_all_sequences_are_read_and_what_they_are_called_is_said(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"some.{suffix}"
    path.write_text(text)
    with pytest.warns(UserWarning, match=rf"later ones are called NAME-2 and on \(in 2, first some\.{suffix}, a-3\)") as told:
        found = read_records(path)
    assert len(told) == 1 and {record.name: record.letters for record in found} == {"a": "GG", "a-3": "GC", "a-2": "AA", "a-4": "UU"}

"""Tables and sequences: thousands of damaged files are read or refused, and what is no number is not taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from damage import Victim, damaged

from medai.errors import DataError
from medai.io import open_rows, open_sequences

COUNT = 2000
TABLE = b"id,group,label,age,volume\n" + b"".join(b"p%d,g%d,ill,%d.5,-1.25e%d\n" % (n, n // 2, 50 + n, n) for n in range(20))
LETTERS = b">first a sequence\nACGUACGU\nGGCC\n\n; a comment\n>second\nacguu ac\n" + b">t%d\nACGU\n" * 10 % tuple(range(10))


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with Victim(tmp_path_factory.mktemp("victim")) as victim:
        yield victim


@pytest.mark.parametrize(("reader", "name", "good"), [("rows", "a.csv", TABLE), ("sequences", "a.fa", LETTERS)])
def test_a_damaged_text_is_read_or_refused(victim: Victim, reader: str, name: str, good: bytes) -> None:
    report = victim.feed(f"text_readers:{reader}", name, good, damaged(good, COUNT, text=True))
    report.check(COUNT)
    assert report.read > COUNT // 50


@pytest.mark.parametrize("cell", ["1_0", "1e39", "inf", "-infinity", "one", "0x10", "1,5", "9" * 400, '"' + "a" * 200_000 + '"'])
def test_what_is_no_number_is_refused(tmp_path: Path, cell: str) -> None:
    (tmp_path / "a.csv").write_text(f"id,x\na,{cell}\n")
    with pytest.raises(DataError) as caught:
        open_rows([tmp_path / "a.csv"])
    assert caught.value.path == tmp_path / "a.csv"
    assert len(caught.value.reason) < 200


def test_lines_inside_quotes_belong_to_their_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,x\n"one\ntwo",1\n"three\x85",2\n')
    assert [case.id for case in open_rows([tmp_path / "a.csv"]).cases()] == ["one\ntwo", "three\x85"]


def test_reasons_are_short_whatever_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "a.fa").write_text(f">{'x' * 5000}\nACGU\n>{'x' * 5000}\nACGU\n")
    with pytest.raises(DataError, match="stands twice") as caught:
        open_sequences([tmp_path / "a.fa"])
    assert len(caught.value.reason) < 200

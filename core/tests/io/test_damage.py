"""The harness that damages files: it is the same at every call, and notices whatever a reader must not do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from damage import Victim, damaged, each_of

GOOD = b"good and then quite a lot of bytes 12 34" * 20


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    folder = tmp_path_factory.mktemp("victim")
    (folder / "secret").write_text("secret")
    with Victim(folder, seconds=3, memory=256) as victim:
        yield victim


def test_damage_is_the_same_at_every_call_and_of_many_kinds() -> None:
    first = list(damaged(GOOD, 500, text=True))
    assert first == list(damaged(GOOD, 500, text=True))
    assert first != list(damaged(GOOD, 500, seed=1, text=True))
    assert sum(content != GOOD for content in first) > 450
    assert min(map(len, first)) < len(GOOD) < max(map(len, first))
    cases = list(each_of({"a": GOOD, "b": GOOD}, 500))
    assert all(sum(case.get(name) != GOOD for name in "ab") <= 1 for case in cases)
    assert {len(case) for case in cases} == {1, 2}


def test_what_is_read_and_what_is_refused_is_counted(victim: Victim) -> None:
    report = victim.feed("broken_readers:fine", "a", GOOD, [GOOD, b"bad", b""])
    assert (report.read, report.refused, report.faults) == (1, 2, [])
    assert report.reasons == {"not good": 2}
    report.check(3)
    with pytest.raises(AssertionError):
        report.check(4)


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ("crashes", "crashed with exit status -11"),
        ("hangs", "took more than 3 seconds"),
        ("raises", "KeyError"),
        ("names_no_file", "names no file of the case"),
        ("leaves_a_file", "os.symlink"),
        ("writes_outside", "for writing"),
        ("reads_outside", "outside the case"),
        ("keeps_it_open", "1 files are still open"),
    ],
)
def test_what_a_reader_must_not_do_is_a_fault(victim: Victim, reader: str, words: str) -> None:
    report = victim.feed(f"broken_readers:{reader}", "a", GOOD, [b"bad", GOOD])
    assert report.read >= 1
    assert len(report.faults) == 1
    assert words in report.faults[0]
    with pytest.raises(AssertionError, match=words):
        report.check(1)


def test_what_is_printed_is_kept(victim: Victim) -> None:
    report = victim.feed("broken_readers:prints", "a", GOOD, [b"bad", GOOD])
    assert (report.read, report.faults, report.printed) == (2, [], "careful: a strange file")
    assert victim.feed("broken_readers:fine", "a", GOOD, [GOOD]).printed == ""


def test_memory_is_limited(victim: Victim) -> None:
    report = victim.feed("broken_readers:takes_memory", "a", GOOD, [b"bad", GOOD])
    assert (report.read, report.refused, report.reasons) == (1, 1, {"out of memory": 1})

"""How alike sequences are, what belongs together, and what a run does with sequences that stand in two parts."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from medai.api import run
from medai.errors import DataError, UsageError
from medai_rna.datasets.structures import in_folds
from medai_rna.datasets.tables import KnownStructures, StructureTable
from medai_rna.identity.edits import fewest_edits
from medai_rna.identity.likeness import clusters, likenesses, shortest_stretch

HEAD = "id,family,sequence,structure\n"


def encoded(letters: str) -> np.ndarray:
    return np.array(["ACGU".find(letter) if letter in "ACGU" else 4 for letter in letters], dtype=np.int8)


def counted(pattern: str, text: str) -> int:
    """The textbook's table."""
    before = [0] * (len(text) + 1)
    for row, letter in enumerate(pattern, 1):
        line = [row]
        for column, other in enumerate(text, 1):
            same = letter == other and letter in "ACGU"
            line.append(min(before[column - 1] + (not same), before[column] + 1, line[-1] + 1))
        before = line
    return min(before)


def drawn(rng: np.random.Generator, length: int, letters: str = "ACGU") -> str:
    return "".join(rng.choice(list(letters), length))


def edited(rng: np.random.Generator, letters: str, edits: int) -> str:
    found = list(letters)
    for _ in range(edits):
        place = int(rng.integers(len(found)))
        kind = rng.integers(3)
        if kind == 0:
            found[place] = drawn(rng, 1)
        elif kind == 1 and len(found) > 1:
            del found[place]
        else:
            found.insert(place, drawn(rng, 1))
    return "".join(found)


@pytest.mark.parametrize("length", [1, 20, 63, 64, 65, 128, 130])
def test_edits_are_those_of_the_textbook(length: int) -> None:
    rng = np.random.default_rng(length)
    for _ in range(12):
        text = drawn(rng, length + int(rng.integers(0, 60)), "ACGUN")
        start = int(rng.integers(0, len(text) - length + 1))
        pattern = edited(rng, text[start : start + length], int(rng.integers(0, max(1, length // 3))))
        wanted = counted(pattern, text)
        assert fewest_edits(encoded(pattern), encoded(text), len(pattern)) == wanted
        # Beyond what is asked for, any larger number will do.
        assert (fewest_edits(encoded(pattern), encoded(text), max(0, wanted - 1)) > wanted - 1) or wanted == 0


@pytest.mark.parametrize("least", [0.8, 0.9, 0.95])
def test_no_like_sequence_is_missed(least: float) -> None:
    rng = np.random.default_rng(3)
    others = [drawn(rng, int(rng.integers(60, 140))) for _ in range(12)]
    own = [edited(rng, other[: int(rng.integers(55, 60))], int(rng.integers(0, 16))) for other in others]
    found = likenesses(own, others, least)
    for letters, like in zip(own, found, strict=True):
        identities = [1 - counted(*sorted((letters, other), key=len)) / min(len(letters), len(other)) for other in others]
        if like is None:
            assert max(identities) < least - 1e-9
        else:
            assert like.identity == pytest.approx(max(identities)) and like.identity >= least - 1e-9


def test_word_for_word_is_no_stretch_of_another() -> None:
    found = likenesses(["GGGAAACCC", "GGG", "GGGAAACCU"], ["AAA", "GGGAAACCC", "GGGAAACCC"], 1.0)
    assert [like and (like.other, like.identity) for like in found] == [(1, 1.0), None, None]


def test_a_short_sequence_is_not_like_a_stretch_that_is_there_by_chance() -> None:
    rng = np.random.default_rng(0)
    long = drawn(rng, 1000)
    assert likenesses([long[100:110]], [long], 0.9) == [None]
    assert likenesses([long[100:110]], [long[99:110]], 0.9)[0] is not None
    assert likenesses([long[100:150]], [long], 0.9)[0] is not None
    assert 20 <= shortest_stretch(0.9) <= 30 < shortest_stretch(0.8) <= 60


def test_what_others_join_is_one_cluster() -> None:
    rng = np.random.default_rng(1)
    first = drawn(rng, 100)
    chain = [first, "GGGGG" + first[5:], "GGGGGCCCCC" + first[10:]]
    alone = drawn(rng, 100)
    assert counted(chain[0], chain[2]) > 5 >= counted(chain[0], chain[1])
    assert clusters([chain[0], alone, chain[2], chain[1], alone], 0.95) == [0, 1, 0, 0, 1]
    assert clusters([chain[0], alone, chain[2], chain[1], alone], 1.0) == [0, 1, 2, 3, 1]


@pytest.mark.parametrize("least", [0.0, 1.1])
def test_an_identity_is_a_part(least: float) -> None:
    with pytest.raises(UsageError, match="identity is more than 0"):
        likenesses(["G"], ["G"], least)
    with pytest.raises(UsageError, match="identity is more than 0"):
        KnownStructures(identity=least)


def test_groups_are_clusters_where_it_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    first, other = drawn(rng, 60), drawn(rng, 60)
    path = tmp_path / "some.csv"
    path.write_text(f"{HEAD}a,x,{first},\nb,y,C{first[1:]},\nc,x,{other},\n")
    a, b, c = (case.group for case in StructureTable(path, groups="identity", identity=0.9).cases())
    assert a == b != c
    facts = StructureTable(path, groups="identity", identity=0.9, folds=2).facts
    assert facts["tested.groups"] == "identity" and facts["tested.identity"] == 0.9 and facts["tested.folds"] == 2
    assert "tested.identity" not in StructureTable(path).facts
    assert StructureTable(path, longest=100, pairs="nested").facts == {
        "tested.pairs": "nested",
        "tested.multiplets": "keep",
        "tested.groups": "family",
        "tested.longest": 100,
    }


def test_folds_hold_every_group_once_and_are_of_about_one_size() -> None:
    data = [KnownStructures(groups="sequence", folds=4, fold=fold) for fold in range(4)]
    tested = [{case.id for case in each.cases() if case.split == "test"} for each in data]
    assert sum(map(len, tested)) == len(set().union(*tested)) == len(data[0].cases())
    assert max(map(len, tested)) - min(map(len, tested)) <= 1
    by_family = KnownStructures(folds=3, fold=0).cases()
    assert {case.group for case in by_family if case.split == "test"}.isdisjoint(case.group for case in by_family if case.split == "train")
    assert in_folds(["a", "a", "a", "b", "c", "c"], 2, 0) == {"a": "test", "c": "train", "b": "train"}


@pytest.mark.parametrize(("folds", "fold"), [(1, 0), (3, 3), (3, -1), (-1, 0), (0, 1)])
def test_folds_that_cannot_be_are_refused(folds: int, fold: int) -> None:
    with pytest.raises(UsageError, match="there is no fold"):
        KnownStructures(folds=folds, fold=fold)
    with pytest.raises(UsageError, match="100 folds of 15 groups"):
        KnownStructures(folds=100).cases()


def test_the_audit_names_what_is_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    first, other, third = drawn(rng, 60), drawn(rng, 60), drawn(rng, 60)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(f"{HEAD}a,,{first},\nb,,C{other[:30]}{other[31:]},\nc,,{third},\nd,,?,\n")
    two.write_text(f"{HEAD}x,tRNA,{other},\ny,tRNA,{first},\nz,,!,\n")
    train, test = StructureTable(one), StructureTable(two)
    ids = [case.id for case in test.cases()]
    everything = [case.id for case in train.cases()]
    assert train.alike(everything, [(test, ids)], 1.0) == {"a": "y, word for word"}
    alike = train.alike(everything, [(object(), ["q"]), (test, ids)], 0.9)
    assert set(alike) == {"a", "b"} and alike["b"].startswith("x, identity 0.9")
    assert train.alike(["a"], [(test, ["x"])], 0.9) == {}


@pytest.mark.realdata
def test_the_audit_finds_what_is_known_of_the_published_sets(real_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train, valid, archive = (
            StructureTable(real_data / "rna" / f"{name}.csv") for name in ("trainseta", "vl0", "archiveii_five_families")
        )

    def word_for_word(data: StructureTable, others: StructureTable) -> int:
        return len(data.alike([case.id for case in data.cases()], [(others, [case.id for case in others.cases()])], 1.0))

    assert word_for_word(valid, train) == word_for_word(train, valid) == 29
    assert (word_for_word(archive, train), word_for_word(train, archive)) == (594, 550)


TWO = """extends = "rna/dowell-eddy-grammars"
data.structures = {folder = {use = "rna/csv", pairs = "foldable"}, roles = ["train", "valid"]}
data.test = {folder = {use = "rna/csv", pairs = "foldable"}, roles = ["test"]}
"""


def test_a_run_stops_at_a_leak_or_drops_it_from_training(tmp_path: Path) -> None:
    StructureTable.write_stub(tmp_path / "train", 12, 0)
    StructureTable.write_stub(tmp_path / "test", 6, 1)
    header, *rows = (tmp_path / "train" / "structures.csv").read_text().splitlines()
    # Other families in training, so that groups tell nothing.
    rows = [",".join([row.split(",")[0], "", *row.split(",")[2:]]) for row in rows]
    (tmp_path / "train" / "structures.csv").write_text("\n".join([header, *rows]) + "\n")
    with (tmp_path / "test" / "structures.csv").open("a") as file:
        file.writelines(f"copy-{place},hairpin,{row.split(',', 2)[2]}\n" for place, row in enumerate(rows[:2]))
    recipe = tmp_path / "two.toml"
    recipe.write_text(TWO)
    data: dict[str, str | Path] = {"structures": tmp_path / "train", "test": tmp_path / "test"}
    with pytest.raises(DataError, match=r"leak: .* is like copy-\d, word for word"):
        run(recipe, data=data, out=tmp_path, device="cpu")
    done = run(recipe, data=data, overrides={"protocol.split.leaks": "drop"}, out=tmp_path, device="cpu")
    record, summary = (json.loads((done.folder / f"{name}.json").read_text("utf-8")) for name in ("run", "summary"))
    assert record["parts"]["left out"] == 2 and record["parts"]["test"] == 8
    assert sorted(item["reason"] for item in summary["left_out"]) == ["like copy-0, word for word", "like copy-1, word for word"]
    assert any("taken out of training and validation: 2 of 20 cases" in note for note in record["notes"])
    options = record["configuration"]["protocol"]["options"]
    assert options["pairs"] == "foldable" and options["multiplets"] == "keep" and options["groups"] == "family"

"""Databases in the layouts in which they are handed out: names, families, published parts, and files that cannot be read."""

from __future__ import annotations

import gzip
import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

from medai.errors import DataError
from medai.tasks import Pairs
from medai_rna.datasets.folders import (
    ArchiveII,
    BpRna1m,
    PdbLists,
    PseudoBase,
    RfamSeed,
    RnaCentral,
    RnaStrAlign,
    RnaStrand,
    TrnaDb,
)
from medai_rna.datasets.structures import Structures
from medai_rna.datasets.tables import StructureTable
from medai_rna.formats.files import write_records
from medai_rna.formats.record import Record

RNG = np.random.default_rng(0)
HAIRPIN = Record("x", "GGGAAACCC", Pairs.from_brackets("(((...)))"))


def put(path: Path, record: Record = HAIRPIN, kind: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_records([record], path, kind)


@pytest.mark.parametrize(
    ("dataset", "groups"),
    [
        (ArchiveII, {"hairpin", "two-hairpins", "pseudoknot"}),
        (RnaStrAlign, {"hairpin", "two-hairpins", "pseudoknot"}),
        (RfamSeed, {"hairpin", "two-hairpins", "pseudoknot"}),
        (BpRna1m, None),
        (RnaStrand, None),
        (PdbLists, {"hairpin", "two-hairpins", "pseudoknot"}),
        (RnaCentral, None),
        (PseudoBase, None),
        (TrnaDb, None),
    ],
)
def test_each_reads_what_it_is_handed_out_as(dataset: type[Structures], groups: set[str] | None, tmp_path: Path) -> None:
    dataset.write_stub(tmp_path, 8, 0)  # type: ignore[attr-defined]
    data = dataset(tmp_path)
    assert len(data.cases()) == 8
    for case in data.cases():
        sample = data.read(case, RNG)
        assert sample.reference is not None and len(sample.reference.pairs) >= 4 and sample.reference.length == len(sample.inputs.letters)
    if groups is not None:
        assert {case.group for case in data.cases()} == groups


def test_spot_rnas_split_is_that_of_folders_or_lists(tmp_path: Path) -> None:
    BpRna1m.write_stub(tmp_path / "folders", 8, 0)
    by_folder = {case.id: case.split for case in BpRna1m(tmp_path / "folders").cases()}
    assert Counter(by_folder.values()) == {"train": 4, "test": 2, "valid": 2}
    flat = tmp_path / "flat"
    flat.mkdir()
    for part in ("TR0", "VL0", "TS0"):
        names = []
        for path in sorted((tmp_path / "folders" / part).iterdir()):
            shutil.copy(path, flat / path.name)
            names.append(path.name if part == "TR0" else path.stem)
        (flat / f"{part}.txt").write_text("\n".join(names) + "\n")
    assert {case.id: case.split for case in BpRna1m(flat).cases()} == by_folder
    (flat / "TS0.lst").write_text(names[0] + "\n" + next(id for id, part in by_folder.items() if part == "train"))
    with pytest.raises(DataError, match="line 2: bpRNA_RFAM_1 is in a list of the part train, too"):
        BpRna1m(flat)


def test_the_database_of_bprna_is_no_group(tmp_path: Path) -> None:
    BpRna1m.write_stub(tmp_path, 4, 0)
    data = BpRna1m(tmp_path)
    assert {case.attributes["family"] for case in data.cases()} == {"RFAM"} and len({case.group for case in data.cases()}) == 4


def test_archive_names_may_hold_dots(tmp_path: Path) -> None:
    put(tmp_path / "16s_A.fulgidus.ct")
    put(tmp_path / "deep" / "grp1_a.I1.b.ct")
    put(tmp_path / "unnamed.ct")
    cases = ArchiveII(tmp_path).cases()
    assert [(case.id, case.attributes["family"]) for case in cases] == [("16s_A.fulgidus", "16s"), ("unnamed", ""), ("grp1_a.I1.b", "grp1")]


def test_families_are_folders_and_names_repeat(tmp_path: Path) -> None:
    for home in (tmp_path / "own", tmp_path / "packed" / "RNAStrAlign"):
        put(home / "5S_rRNA_database" / "Bacteria" / "B00001.ct")
        put(home / "5S_rRNA_database" / "Archaea" / "B00001.ct")
        put(home / "tRNA_database" / "B00001.ct")
        cases = RnaStrAlign(tmp_path / home.relative_to(tmp_path).parts[0]).cases()
        assert [case.id for case in cases] == ["5S_rRNA-Archaea-B00001", "5S_rRNA-Bacteria-B00001", "tRNA-B00001"]
        assert [case.group for case in cases] == ["5S_rRNA", "5S_rRNA", "tRNA"]


def test_strands_sources_say_families_and_a_table_says_others(tmp_path: Path) -> None:
    put(tmp_path / "SPR_00001.bpseq")
    put(tmp_path / "PDB_00002.dp", kind="dbn")
    put(tmp_path / "CRW_00003.ct")
    (tmp_path / "families.csv").write_text("id,family\nCRW_00003,16S rRNA\n")
    found = {case.id: case.attributes["family"] for case in RnaStrand(tmp_path).cases()}
    assert found == {"SPR_00001": "tRNA", "PDB_00002": "", "CRW_00003": "16S rRNA"}
    (tmp_path / "families.csv").write_text("id,type\nCRW_00003,16S rRNA\n")
    with pytest.raises(DataError, match="no column 'family'"):
        RnaStrand(tmp_path)


def test_base_triples_are_kept_or_dropped(tmp_path: Path) -> None:
    PdbLists.write_stub(tmp_path, 3, 0)
    kept, dropped = PdbLists(tmp_path), PdbLists(tmp_path, multiplets="drop")
    triple, single = (data.read(data.cases()[2], RNG).reference for data in (kept, dropped))
    assert triple is not None and single is not None
    assert triple.several and not single.several and set(single.pairs) < set(triple.pairs)
    assert kept.facts["tested.multiplets"] == "keep" and dropped.facts["tested.multiplets"] == "drop"


def test_a_stretch_in_two_alignments_is_two_cases(tmp_path: Path) -> None:
    text = "".join(f"# STOCKHOLM 1.0\n#=GF AC {ac}\nX1.1/1-9 GGGAA-ACCC\n#=GC SS_cons <<<____>>>\n//\n" for ac in ("RF1", "RF2"))
    (tmp_path / "Rfam.sto.gz").write_bytes(gzip.compress(text.encode()))
    data = RfamSeed(tmp_path)
    assert [(case.id, case.group) for case in data.cases()] == [("RF1-X1.1/1-9", "RF1"), ("RF2-X1.1/1-9", "RF2")]
    assert data.read(data.cases()[0], RNG).reference == Pairs.from_brackets("(((...)))")
    assert [case.id for case in RfamSeed.unlabelled([tmp_path]).cases()] == ["X1.1/1-9", "RF2 X1.1/1-9"]


def test_a_file_that_cannot_be_read_is_a_lost_case(tmp_path: Path) -> None:
    put(tmp_path / "5s_good.ct")
    (tmp_path / "5s_bad.ct").write_text("3 x\n1 G 0 2 9 1\n2 A 1 3 0 2\n3 C 2 0 0 3\n")
    (tmp_path / "5s_binary.ct").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "._5s_hidden.ct").write_bytes(b"\x00")
    (tmp_path / "readme.pdf").write_bytes(b"\x00")
    data = ArchiveII(tmp_path)
    bad, binary, good = data.cases()
    assert data.read(good, RNG).reference == HAIRPIN.structure
    with pytest.raises(DataError, match="line 2, column 9: the partner 9 is out of range") as caught:
        data.read(bad, RNG)
    assert caught.value.path == tmp_path / "5s_bad.ct"
    with pytest.raises(DataError, match="not a text file"):
        data.read(binary, RNG)


def test_what_is_read_otherwise_is_said_once_for_a_folder(tmp_path: Path) -> None:
    for index in range(3):
        put(tmp_path / f"5s_{index}.ct", Record("x", "GGGTAACCC", Pairs.from_brackets("(((...)))")))
    with pytest.warns(UserWarning, match=r"T is read as U \(in 3, first 5s_0\.ct, line 5, column \d+\)") as caught:
        ArchiveII(tmp_path)
    assert len(caught) == 1


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_an_empty_or_missing_folder_says_so(tmp_path: Path, make: object) -> None:
    make(tmp_path / "none")  # type: ignore[operator]
    with pytest.raises(DataError, match=r"no such file or folder|no file of ct"):
        ArchiveII(tmp_path / "none")


def test_trnadb_is_fasta_with_structures(tmp_path: Path) -> None:
    (tmp_path / "all.fasta").write_text(">tdbR1|Homo_sapiens|9606|Ala|AGC\nGGGAAACCC\n(((...)))\n>tdbR2|x\nGGG7AACCC\n(((...)))\n")
    data = TrnaDb(tmp_path)
    good, modified = data.cases()
    assert good.attributes["family"] == "tRNA" and data.read(good, RNG).reference == HAIRPIN.structure
    with pytest.raises(DataError, match="line 5, column 4: '7' is no base"):
        data.read(modified, RNG)


def test_prediction_takes_files_of_any_format(tmp_path: Path) -> None:
    for kind in ("a.fasta", "b.dbn", "c.ct", "d.bpseq", "e.sto", "f.st", "g.json"):
        put(tmp_path / kind, Record(kind[0], "GGGAAACCC", Pairs.from_brackets("(((...)))")))
    (tmp_path / "h.csv").write_text("id,sequence\nh,GGGAAACCC\n")
    data = StructureTable.unlabelled([tmp_path], pairs="foldable", longest=3)
    assert [case.id for case in data.cases()] == list("abcdefgh")
    samples = [data.read(case, RNG) for case in data.cases()]
    assert all(sample.inputs.letters == "GGGAAACCC" and sample.reference is None for sample in samples)
    one = ArchiveII.unlabelled([tmp_path / "b.dbn", tmp_path / "c.ct"])
    assert [case.id for case in one.cases()] == ["b", "c"]


def test_of_one_name_in_two_files_both_are_answered(tmp_path: Path) -> None:
    put(tmp_path / "one.fa")
    put(tmp_path / "two.fa")
    (tmp_path / "three.fa").write_text(">y\nG!\n>z\nGGG\n")
    data = StructureTable.unlabelled([tmp_path / "one.fa", tmp_path / "two.fa", tmp_path / "three.fa"])
    assert [case.id for case in data.cases()] == ["x", "two x", "y", "z"]
    with pytest.raises(DataError, match="line 2, column 2: '!' is no base"):
        data.read(data.cases()[2], RNG)
    with pytest.raises(DataError, match="the name 'x' stands twice"):
        StructureTable.unlabelled([tmp_path / "one.fa"] * 5)


def test_a_sequence_that_cannot_be_used_leaves_its_name_to_that_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "one.fa").write_text(">a\nG!\n>b\nGGG\n")
    (tmp_path / "two.fa").write_text(">a\nGGG\n")
    data = StructureTable.unlabelled([tmp_path / "one.fa", tmp_path / "two.fa"])
    assert [case.id for case in data.cases()] == ["one a", "b", "a"]


def test_a_file_among_others_that_cannot_be_read_is_one_case(tmp_path: Path) -> None:
    put(tmp_path / "one.fa")
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    data = StructureTable.unlabelled([tmp_path])
    assert [case.id for case in data.cases()] == ["x", "settings", "table"]
    with pytest.raises(DataError, match="no column 'id'"):
        data.read(data.cases()[2], RNG)
    with pytest.raises(DataError, match="no letters") as caught:
        StructureTable.unlabelled([tmp_path / "settings.json", tmp_path / "table.csv"])
    assert caught.value.path == tmp_path / "settings.json"


def test_of_one_file_name_in_two_folders_both_are_read(tmp_path: Path) -> None:
    put(tmp_path / "a" / "5s_x.ct")
    put(tmp_path / "b" / "5s_x.ct")
    assert [case.id for case in ArchiveII(tmp_path).cases()] == ["5s_x", "5s_x 5s_x"]


@pytest.mark.realdata
def test_real_files_are_read(real_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seeds = RfamSeed(real_data / "rna" / "rfam_14.2_seed_90_families.sto.gz")
        knots = PseudoBase(real_data / "rna" / "pseudobase_short.csv")
    assert len(seeds.cases()) > 1500 and len({case.group for case in seeds.cases()}) == 90
    assert len(knots.cases()) == 350
    assert sum(bool((found := knots.read(case, RNG).reference) and found.pairs) for case in knots.cases()) == 350


@pytest.mark.parametrize("kind", [ArchiveII, BpRna1m, PdbLists, PseudoBase, RnaCentral, RnaStrAlign, RnaStrand, TrnaDb])
def test_what_a_recipe_says_of_its_table_fits_other_datasets(kind: type[Structures]) -> None:
    """`--data structures=rna/archiveii:FOLDER` learns from the same pairs: parameters of one name and type are handed on."""
    own, theirs = (get_type_hints(each.__init__) for each in (StructureTable, kind))
    assert all(theirs[name] == own[name] for name in ("pairs", "longest", "multiplets"))

"""Dataset B's folders and table through the real reader, and BUSI beside it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook
from PIL import Image as Picture

from medai.errors import DataError
from medai.tasks.detection import Detection
from medai_breast.datasets.bus import Bus
from medai_breast.datasets.mixed import BusAndBusi, BusiToBus
from medai_breast.datasets.sheets import rows_of

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.filterwarnings("ignore:BUS")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn") / "both"
    BusAndBusi.write_stub(root, n=15, seed=0)
    return root


@pytest.fixture
def both(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "both")


@pytest.fixture
def folder(both: Path) -> Path:
    return both / "BUS"


def table(folder: Path, *rows: tuple[Any, ...], name: str = "DatasetB.xlsx") -> None:
    (folder / "DatasetB.xlsx").unlink(missing_ok=True)
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / name)


def refusal(folder: Path, id: str) -> str:
    """What is said of one case; every other is read."""
    dataset = Bus(folder)
    said = {}
    for case in dataset.cases():
        try:
            dataset.read(case, RNG)
        except DataError as error:
            said[case.id] = str(error)
    assert list(said) == [id]
    return said[id]


def test_types_come_from_the_table_and_boxes_from_the_masks(folder: Path) -> None:
    dataset = Bus(folder)
    cases = dataset.cases()
    assert [(case.id, case.attributes["class"]) for case in cases] == [
        (f"bus-{n:06d}", "malignant" if n % 2 == 0 else "benign") for n in range(1, 6)
    ]
    for case, label, count in zip(cases, (0, 1, 0, 1, 0), (1, 1, 2, 1, 1), strict=True):
        sample = dataset.read(case, RNG)
        assert sample.reference is not None and sample.reference.labels.tolist() == [label] * count
        Detection().check(sample)
    first = Bus(folder.parent).read(cases[0], RNG)  # in the folder above too
    assert first.reference is not None and len(first.reference) == 1
    assert Bus(folder, one_class=True).read(cases[1], RNG).reference.labels.tolist() == [0]  # type: ignore[union-attr]


def test_a_table_may_write_names_in_other_ways(folder: Path) -> None:
    wanted = Bus(folder).cases()
    rows = (("000001.png", "Benign"), ("000002", " MALIGNANT "), (3.0, "benign"), (4, "malignant"), ("5", "Benign"))
    table(folder, ("a title", None), (), ("id", "IMAGE", "x", "type"), *((n, name, "", kind) for n, (name, kind) in enumerate(rows)))
    assert Bus(folder).cases() == wanted
    (folder / "DatasetB.xlsx").rename(folder / "types.xlsx")
    (folder / "original").rename(folder / "Original")
    assert Bus(folder).cases() == wanted


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "DatasetB.xlsx").unlink(), "BUS: no table DatasetB.xlsx in it; it holds GT, original"),
        (lambda root: table(root, ("Image", "Kind"), (1, "Benign")), "columns Image and Type are wanted; the first row has Image, Kind"),
        (lambda root: table(root, ("Image", "Type")), "DatasetB.xlsx: no rows"),
        (lambda root: table(root, ("Image", "Type"), (1, "Benign"), ("000001.png", "Benign")), "line 3: a second row for the image 000001"),
        (lambda root: (root / "DatasetB.xlsx").write_bytes(b"PK no zip"), "DatasetB.xlsx: cannot be read as a table: BadZipFile"),
        (lambda root: (root / "DatasetB.xlsx").write_bytes(b"0" * (9 << 20)), "DatasetB.xlsx: a table of 9,437,184 bytes"),
        (lambda root: (root / "GT").rename(root / "masks"), "BUS: the folders original and gt are wanted in it, or in a folder in it"),
        (lambda root: shutil.copy(root / "GT" / "000001.png", root / "GT" / "1.png"), "1.png: is called as 000001.png is"),
    ],
)  # fmt: skip
def test_what_concerns_the_folder_is_an_error_that_names_it(folder: Path, change: Any, said: str) -> None:
    change(folder)
    with pytest.raises(DataError) as caught:
        Bus(folder).cases()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: (root / "original" / "000002.png").unlink(), "GT/000002.png: is a mask without an image"),
        (lambda root: (root / "GT" / "000002.png").unlink(), "original/000002.png: has no mask of its name in GT"),
        (lambda root: [path.unlink() for path in root.glob("*/000002.png")], "000002.png: is not there, though DatasetB.xlsx lists it"),
        (lambda root: retyped(root, None), "original/000002.png: has no row, or no type, in DatasetB.xlsx"),
        (lambda root: retyped(root, "Cyst"), "original/000002.png: the type 'cyst' in DatasetB.xlsx is neither benign nor malignant"),
        (lambda root: Picture.new("1", (128, 96)).save(root / "GT" / "000002.png"), "GT/000002.png: an empty mask"),
    ],
)  # fmt: skip
def test_what_concerns_a_case_costs_that_case_alone(folder: Path, change: Any, said: str) -> None:
    change(folder)
    assert said in refusal(folder, "bus-000002")


def retyped(folder: Path, kind: str | None) -> None:
    book = load_workbook(folder / "DatasetB.xlsx")
    book.worksheets[0]["B3"] = kind
    book.save(folder / "DatasetB.xlsx")


def test_rows_of_a_table(tmp_path: Path) -> None:
    table(tmp_path, ("Image", "Type"), (1, "a"), (), (None, None), (2, None), name="t.xlsx")
    assert list(rows_of(tmp_path / "t.xlsx", ("Image", "Type"))) == [
        (2, {"Image": "1", "Type": "a"}),
        (5, {"Image": "2", "Type": ""}),
    ]


def test_both_mixed_and_the_split_that_is_published(both: Path) -> None:
    mixed, published = BusAndBusi(both), BusiToBus(both)
    assert Counter(case.attributes["dataset"] for case in mixed.cases()) == {"BUSI": 10, "BUS": 5}
    assert {case.split for case in mixed.cases()} == {None} and len({case.id for case in mixed.cases()}) == 15
    assert {(case.attributes["dataset"], case.split) for case in published.cases()} == {("BUSI", "train"), ("BUS", "test")}
    for case in published.cases():
        sample = published.read(case, RNG)
        assert sample.case == case
        Detection().check(sample)
    assert mixed.facts == {"model.classes": 2, "protocol.options.classes": ["benign", "malignant"]}
    assert len(BusAndBusi.unlabelled([both]).cases()) == 15


def test_both_are_wanted(both: Path) -> None:
    shutil.rmtree(both / "BUS")
    with pytest.raises(DataError, match="original and gt are wanted in it, or in a folder in it; it holds Dataset_BUSI_with_GT"):
        BusAndBusi(both)

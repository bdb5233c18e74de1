"""Tables: what stands in a CSV file, as rows with classes or values; and the recipes that learn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from medai._cli import cli
from medai.errors import DataError, UsageError
from medai_standard.datasets.tables import BundledTable, LabelledTable, TableOfValues

RNG = np.random.default_rng(0)
TEXT = "Subject ID,Age,M/F,MMSE,Group\nS1,74,F,29,Healthy\nS1,75,F,N/A,Healthy\nS2,80,M,20,Sick\nS3,81,M,,\n"


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_row_per_case_with_its_class(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, TEXT), label="Group", group="Subject ID", drop=("M/F",))
    cases = table.cases()
    assert len(cases) == 3, "the row without a class is left out"
    assert cases[0].group == cases[1].group != cases[2].group
    assert not any("S1" in case.group for case in cases), "a patient's name stays out"
    first, gap, sick = (table.read(case, RNG) for case in cases)
    assert first.inputs.names == ("Age", "MMSE")
    assert first.inputs.values.tolist() == [74, 29]
    assert torch.isnan(gap.inputs.values[1])
    assert (first.reference.index, sick.reference.index) == (0, 1)


def test_columns_called_group_and_id_are_what_they_say(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, "id,group,x,label\n1,7,1,a\n2,7,2,b\n3,8,3,b\n"))
    first, second, third = table.cases()
    assert first.group == second.group != third.group
    assert table.read(first, RNG).inputs.names == ("x",)
    with pytest.raises(DataError, match="no column 'patient'"):
        LabelledTable(tmp_path / "table.csv", group="patient")


def test_classes_keep_the_order_that_is_given(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, TEXT), label="Group", drop=("M/F", "Subject ID"), classes=("Sick", "Healthy"))
    assert table.read(table.cases()[0], RNG).reference.index == 1


def test_classes_that_are_numbers_are_in_order_of_size(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, "x,label\n1,10\n2,9\n3,0.5\n"))
    assert table.classes == ("0.5", "9", "10")


def test_rows_without_a_class_are_answered(tmp_path: Path) -> None:
    fresh = written(tmp_path, "Age,MMSE,Subject ID\n70,25,S9\n71,,S8\n")
    rows = LabelledTable.unlabelled([fresh], label="Group", group="Subject ID", drop=("M/F",))
    first, second = rows.cases()
    assert rows.read(first, RNG).inputs.names == ("Age", "MMSE")
    assert torch.isnan(rows.read(second, RNG).inputs.values[1])
    with pytest.raises(DataError, match="no column 'Height'"):
        LabelledTable.unlabelled([fresh], columns=("Height",))


def test_several_values(tmp_path: Path) -> None:
    table = TableOfValues(written(tmp_path, TEXT), values=("MMSE", "Age"), drop=("M/F", "Group", "Subject ID"), columns=("Age",))
    assert len(table.cases()) == 2
    sample = table.read(table.cases()[1], RNG)
    assert sample.reference.values.tolist() == [20, 80]
    assert sample.reference.names == ("MMSE", "Age")
    assert sample.inputs.names == ("Age",)


def test_semicolons_and_a_byte_order_mark(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, "\ufeffx;label\n1;a\n2;b\n"))
    assert [table.read(case, RNG).inputs.values.item() for case in table.cases()] == [1, 2]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("x,label\n1,a\n2,b\n", {"label": "class"}, "no column 'class': the columns are x, label"),
        ("x,label\n1,a\n2\n", {}, "line 3: 1 cells, the header has 2"),
        ("x,x,label\n1,2,a\n", {}, "two columns have one name"),
        ("x,label\n", {}, "not a table"),
        ("x,word,label\n1,red,a\n2,blue,b\n", {}, "no numbers in the columns 'word'"),
        ("x,label\n1,a\n2,a\n", {}, "fewer than two classes"),
        ("id,x,label\nA,1,a\nA,2,b\n", {"id": "id"}, "1 rows share the 'id' of another"),
        ("label\na\nb\n", {}, "no column is left for the features"),
    ],
)
def test_a_bad_table_says_what_is_wrong(tmp_path: Path, text: str, options: dict[str, str], words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=words) as caught:
        LabelledTable(path, **options)  # type: ignore[arg-type]
    assert caught.value.path == path


def test_a_bad_cell_is_an_error_of_its_case(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, "x,label\n1,a\ntwo,b\ninf,b\n"))
    good, word, infinite = table.cases()
    assert table.read(good, RNG).inputs.values.item() == 1
    for case, text in ((word, "two"), (infinite, "inf")):
        with pytest.raises(DataError, match=f"column 'x': '{text}' is not a number"):
            table.read(case, RNG)


def test_a_class_that_is_not_among_those_given(tmp_path: Path) -> None:
    table = LabelledTable(written(tmp_path, "x,label\n1,a\n2,b\n3,c\n"), classes=("a", "b"))
    with pytest.raises(DataError, match="'c' is none of a, b"):
        table.read(table.cases()[2], RNG)


def test_a_folder_holds_one_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 CSV files"):
        LabelledTable(tmp_path)
    written(tmp_path, "x,label\n1,a\n2,b\n")
    assert len(LabelledTable(tmp_path).cases()) == 2
    written(tmp_path, "x,label\n1,a\n2,b\n", "other.csv")
    with pytest.raises(DataError, match="2 CSV files"):
        LabelledTable(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        LabelledTable(tmp_path / "absent")
    with pytest.raises(UsageError, match="at least one column"):
        TableOfValues(tmp_path / "table.csv", values=())


@pytest.mark.parametrize("kind", [LabelledTable, TableOfValues])
def test_stubs_are_read(tmp_path: Path, kind: type[LabelledTable] | type[TableOfValues]) -> None:
    kind.write_stub(tmp_path, 4, 0)
    table = kind(tmp_path)
    assert len(table.cases()) == 24
    assert table.read(table.cases()[0], RNG).inputs.values.shape == (2,)


@pytest.mark.parametrize(("name", "rows", "features"), [("breast-cancer", 569, 30), ("wine", 178, 13), ("diabetes", 442, 10)])
def test_bundled_tables(name: str, rows: int, features: int) -> None:
    table = BundledTable(name)  # type: ignore[arg-type]
    assert len(table.cases()) == rows
    assert table.read(table.cases()[-1], RNG).inputs.values.shape == (features,)


def test_a_dry_run_shows_what_the_data_say(tmp_path: Path) -> None:
    path = written(tmp_path, "x,label\n" + "".join(f"{number},{'abc'[number % 3]}\n" for number in range(30)))
    done = CliRunner().invoke(cli, ["run", "standard/classify-table", "--data", f"table={path}", "--dry-run"])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("model.classes ")]
    assert line.split()[1] == "3" and line.endswith("(the data)")


@pytest.mark.realdata
def test_real_tables(real_data: Path) -> None:
    darwin = LabelledTable(real_data / "alzheimer/darwin/Alzheimers_data.csv", label="class", id="ID")
    assert len(darwin.cases()) == 174
    assert darwin.read(darwin.cases()[0], RNG).inputs.values.shape == (450,)
    oasis = LabelledTable(
        real_data / "alzheimer/oasis-tabular/oasis_longitudinal.csv",
        label="Group",
        group="Subject ID",
        id="MRI ID",
        drop=("M/F", "Hand"),
    )
    assert len(oasis.cases()) == 373
    assert len({case.group for case in oasis.cases()}) == 150
    assert oasis.classes == ("Converted", "Demented", "Nondemented")
    with pytest.raises(DataError, match="no numbers in the columns 'M/F', 'Hand'"):
        LabelledTable(real_data / "alzheimer/oasis-tabular/oasis_longitudinal.csv", label="Group", group="Subject ID", id="MRI ID")

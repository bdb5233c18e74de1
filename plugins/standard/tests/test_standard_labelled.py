"""Images with a class or with values each: what is read, and what is said of files that are wrong."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from standard_files import GREY, lost, picture, read

from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai.tasks import Label, Value
from medai_standard.datasets.labelled import LabelledImages, MeasuredImages


def table(root: Path, text: str, names: tuple[str, ...] = ("a.png", "b.png", "c.png")) -> Path:
    for name in names:
        picture(root / "images" / name, GREY)
    (root / "labels.csv").write_text(text, encoding="utf-8")
    return root


class TestLabels:
    def test_names_groups_and_splits(self, tmp_path: Path) -> None:
        text = "file,label,patient,split\nc.png,sick,p1,val\na.png,well,p1,val\nimages/b,sick,p2,train\n"
        dataset = LabelledImages(table(tmp_path, text))
        assert dataset.classes == ("sick", "well")
        assert [read(dataset, place).reference for place in range(3)] == [Label(1), Label(0), Label(0)]
        assert [case.group for case in dataset.cases()] == [pseudonym("p1"), pseudonym("p2"), pseudonym("p1")]
        assert [case.split for case in dataset.cases()] == ["valid", "train", "valid"]
        assert dataset.cases()[0].attributes == {"class": "well"}
        assert dataset.facts["model.classes"] == 2 and dataset.facts["folder.classes"] == ["sick", "well"]

    def test_numbers_are_ordered_by_size(self, tmp_path: Path) -> None:
        dataset = LabelledImages(table(tmp_path, "file;label\na.png;10\nb.png;2\nc.png;0\n"))
        assert dataset.classes == ("0", "2", "10") and read(dataset, 0).reference == Label(2)

    def test_the_order_of_classes_may_be_given(self, tmp_path: Path) -> None:
        text = "file,label\na.png,well\nb.png,sick\nc.png,sick\n"
        dataset = LabelledImages(table(tmp_path, text), classes=("well", "odd", "sick"))
        assert [read(dataset, place).reference.index for place in range(3)] == [0, 2, 2]
        with pytest.raises(DataError, match=r"labels\.csv: the label 'sick' is none of the classes well, odd"):
            LabelledImages(tmp_path, classes=("well", "odd"))
        with pytest.raises(UsageError, match="twice"):
            LabelledImages(tmp_path, classes=("well", "well"))

    def test_a_folder_beneath_images_is_a_patient(self, tmp_path: Path) -> None:
        names = ("p1/a.png", "p1/b.png", "p2/a.png")
        dataset = LabelledImages(table(tmp_path, "file,label\np1/a.png,1\np1/b,0\np2/a.png,0\n", names))
        assert [case.group for case in dataset.cases()] == [pseudonym("p1"), pseudonym("p1"), pseudonym("p2")]

    def test_a_folder_per_class(self, tmp_path: Path) -> None:
        for name in ("train/benign/1.png", "train/benign/p7/1.png", "test/malignant/p8/2.png", "malignant/p8/3.png"):
            picture(tmp_path / name, GREY)
        (tmp_path / "README.md").write_text("about", encoding="utf-8")
        dataset = LabelledImages(tmp_path)
        assert dataset.classes == ("benign", "malignant")
        assert [case.split for case in dataset.cases()] == [None, "test", "train", "train"]
        groups = [case.group for case in dataset.cases()]
        assert groups[0] == groups[1] == pseudonym("p8") and groups[3] == pseudonym("p7") and len(set(groups)) == 3
        assert [read(dataset, place).reference.index for place in range(4)] == [1, 1, 0, 0]

    def test_files_of_one_name_in_two_folders_of_data_are_two_patients(self, tmp_path: Path) -> None:
        first, second = (LabelledImages(table(tmp_path / name, "file,label\na.png,1\nb.png,0\nc.png,0\n")) for name in "xy")
        assert not {case.group for case in first.cases()} & {case.group for case in second.cases()}

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("file,label\na.png,1\na.png,0\nc.png,0\n", r"line 3: 'a\.png' stands already in line 2"),
            ("file,label\na.png,1\na,0\nc.png,0\n", r"line 3: 'a' stands already in line 2"),
            ("file,label\n,1\na.png,0\n", "line 2: no file"),
            ("file,class\na.png,1\nb.png,0\nc.png,0\n", r"labels\.csv: no column 'label': the columns are file, class"),
            ("name,label\na.png,1\n", r"labels\.csv: no column 'file': the columns are name, label"),
            ("file,label\nx.png,1\n", r"a\.png: none of 4 cases can be used; the first: has no row in labels\.csv"),
            ("file,label\na.png,\nb.png,\nc.png,\n", r"none of 3 cases can be used; the first: has no label in labels\.csv \(line 2\)"),
            ("file,label,label\na.png,1,1\n", "two columns have one name"),
            ("file,label\na.png\n", "line 2: 1 cells, the header has 2"),
            ('file,label\n"a.png,1\n', "not CSV"),
            ("file,label,split\na.png,1,later\nb.png,0,\nc.png,0,\n", "line 2: the split 'later' is none of"),
            ("file,label\n../../secret.png,1\n", "none of 4 cases can be used; the first: is not there"),
            ("", "no header"),
            ("file,label\n", "no rows"),
        ],
    )
    def test_what_is_wrong_with_a_table_is_said(self, tmp_path: Path, text: str, reason: str) -> None:
        with pytest.raises(DataError, match=reason):
            LabelledImages(table(tmp_path, text))

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("file,label\na.png,1\nb.png,0\n", r"images/c\.png: has no row in labels\.csv"),
            ("file,label\na.png,1\nb.png,0\nc.png,0\nd.png,0\n", r"images/d\.png: is not there, though labels\.csv lists it \(line 5\)"),
            ("file,label\na.png,\nb.png,0\nc.png,1\n", r"images/a\.png: has no label in labels\.csv \(line 2\)"),
        ],
    )
    def test_one_that_lacks_its_partner_is_one_bad_case(self, tmp_path: Path, text: str, reason: str) -> None:
        dataset = LabelledImages(table(tmp_path, text))
        (said,) = lost(dataset)
        assert re.search(reason, said) and dataset.classes == ("0", "1")

    def test_a_class_with_hardly_a_case_is_warned_of(self, tmp_path: Path) -> None:
        names = [f"{number}.png" for number in range(8)]
        labels = ["benign"] * 3 + ["malignant"] * 3 + ["benin", "malignent"]
        text = "file,label\n" + "".join(f"{name},{label}\n" for name, label in zip(names, labels, strict=True))
        root = table(tmp_path, text, tuple(names))
        said = r"labels\.csv: fewer than 3 cases of the class 'benin' \(1; .* 'benign'\), 'malignent' \(1; .* 'malignant'\): is it meant\?"
        with pytest.warns(UserWarning, match=said):
            LabelledImages(root)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            LabelledImages(root, classes=("benign", "benin", "malignant", "malignent"))

    def test_a_table_that_is_no_text(self, tmp_path: Path) -> None:
        table(tmp_path, "")
        (tmp_path / "labels.csv").write_bytes(b"file,label\n\xff\xfe\x00")
        with pytest.raises(DataError, match="UTF-8"):
            LabelledImages(tmp_path)

    def test_neither_table_nor_folders(self, tmp_path: Path) -> None:
        picture(tmp_path / "a.png", GREY)
        with pytest.raises(DataError, match=r"no labels\.csv, and a\.png lies in no folder that names a class"):
            LabelledImages(tmp_path)


class TestValues:
    def test_columns(self, tmp_path: Path) -> None:
        root = table(tmp_path, "file,group,age,dose\na.png,p,50,1.5\nb.png,p,40,-2e-1\nc.png,q,30,0\n")
        dataset = MeasuredImages(root)
        value = read(dataset, 1).reference
        assert isinstance(value, Value) and value.names == ("age", "dose") and value.values.tolist() == pytest.approx([40, -0.2])
        assert dataset.facts == {"folder.columns": ["age", "dose"], "model.classes": 2, "model.network.classes": 2}
        assert read(MeasuredImages(root, columns=("dose",)), 1).reference.values.tolist() == pytest.approx([-0.2])
        with pytest.raises(DataError, match="no column 'height': the columns are file, group, age, dose"):
            MeasuredImages(root, columns=("height",))

    @pytest.mark.parametrize("cell", ["", "tall", "nan", "inf"])
    def test_what_is_no_number(self, tmp_path: Path, cell: str) -> None:
        (said,) = lost(MeasuredImages(table(tmp_path, f"file,age\na.png,1\nb.png,{cell}\nc.png,3\n")))
        assert re.search(r"b\.png: labels\.csv, line 3, column 'age': .* is not a finite number", said)
        with pytest.raises(DataError, match=r"none of 3 cases can be used; the first: labels\.csv, line 2, column 'age'"):
            MeasuredImages(table(tmp_path, f"file,age\na.png,{cell}\nb.png,{cell}\nc.png,{cell}\n"))

    def test_one_that_lacks_its_partner_is_one_bad_case(self, tmp_path: Path) -> None:
        (said,) = lost(MeasuredImages(table(tmp_path, "file,age\na.png,1\nb.png,2\nd.png,3\n", ("a.png", "b.png"))))
        assert said.endswith("d.png: is not there, though labels.csv lists it (line 4)")

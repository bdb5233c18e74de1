"""Folders of images and answers through the real readers, and what is wrong with them said."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai.tasks import Boxes, Label, Mask, Value
from medai_standard.datasets.coco import Coco
from medai_standard.datasets.labelled import LabelledImages, MeasuredImages
from medai_standard.datasets.masked import MaskedImages
from medai_standard.datasets.pairs import ImagePairs
from medai_standard.datasets.yolo import YoloText

KINDS = (LabelledImages, MeasuredImages, MaskedImages, Coco, YoloText, ImagePairs)
Make = Callable[[type], Path]


@pytest.fixture
def stub(tmp_path: Path) -> Make:
    def make(kind: Any) -> Path:
        root = tmp_path / kind.__name__
        root.mkdir()
        kind.write_stub(root, 5, 0)
        return root

    return make


def read(dataset: Any, place: int = 0, seed: int = 0) -> Any:
    return dataset.read(dataset.cases()[place], np.random.default_rng(seed))


def lost(dataset: Any) -> list[str]:
    """What is said of the cases that cannot be read, which a run leaves out; the others are read."""
    said = []
    for place in range(len(dataset.cases())):
        try:
            read(dataset, place)
        except DataError as error:
            assert error.path is not None and error.path.name not in error.reason
            said.append(str(error))
    return said


def picture(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(np.asarray(pixels, dtype=np.uint8)).save(path)


GREY = np.arange(48).reshape(6, 8)


@pytest.mark.parametrize("kind", KINDS)
class TestEvery:
    def test_the_stub_is_read(self, kind: Any, stub: Make) -> None:
        dataset = kind(stub(kind))
        cases = dataset.cases()
        assert len(cases) == 5 == len({case.id for case in cases}) and len({case.group for case in cases}) == 3
        assert cases == dataset.cases()
        for place in range(5):
            sample = read(dataset, place)
            assert sample.inputs.pixels.shape == (1, 64, 64) and sample.inputs.unit == "0..1" and sample.reference is not None
            assert sample.origin.files[0].parent.name == "images"

    def test_the_same_stub_is_written_again(self, kind: Any, tmp_path: Path) -> None:
        held = []
        for name in "ab":
            (tmp_path / name).mkdir()
            kind.write_stub(tmp_path / name, 3, 7)
            files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
            held.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
        assert held[0] == held[1]

    def test_ids_name_no_file_or_patient_and_are_the_same_elsewhere(self, kind: Any, stub: Make, tmp_path: Path) -> None:
        root = stub(kind)
        cases = kind(root).cases()
        assert not any("stub" in case.group or ".png" in case.id or "000" in case.id[:3] for case in cases)
        moved = shutil.copytree(root, tmp_path / "elsewhere")
        assert kind(moved).cases() == cases

    def test_no_folder(self, kind: Any, tmp_path: Path) -> None:
        with pytest.raises(DataError):
            kind(tmp_path / "none")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match=r"empty"):
            kind(tmp_path / "empty")

    def test_a_damaged_image_is_one_bad_case(self, kind: Any, stub: Make) -> None:
        root = stub(kind)
        path = root / "images" / "0002.png"
        path.write_bytes(path.read_bytes()[:60])
        dataset = kind(root)
        with pytest.raises(DataError, match=r"0002\.png"):
            read(dataset, 2)
        assert read(dataset, 3).inputs is not None


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


def masked(root: Path, mask: Any, name: str = "a.png", image: Any = GREY) -> Path:
    picture(root / "images" / "a.png", image)
    picture(root / "masks" / name, mask)
    return root


class TestMasks:
    @pytest.mark.parametrize(
        ("stands", "means"), [([0, 255], [0, 1]), ([0, 1], [0, 1]), ([0, 1, 2, 7], [0, 1, 2, 7]), ([0], [0]), ([255], [1])]
    )
    def test_values(self, tmp_path: Path, stands: list[int], means: list[int]) -> None:
        mask = np.resize(np.array(stands), (6, 8))
        found = read(MaskedImages(masked(tmp_path, mask))).reference
        assert isinstance(found, Mask) and found.labels.dtype == torch.int64
        assert np.array_equal(found.labels.numpy(), np.resize(np.array(means), (6, 8)))

    def test_values_that_are_given(self, tmp_path: Path) -> None:
        root = masked(tmp_path, np.resize(np.array([0, 128, 255]), (6, 8)))
        dataset = MaskedImages(root, values=(0, 255, 128))
        assert np.array_equal(read(dataset).reference.labels.numpy(), np.resize(np.array([0, 2, 1]), (6, 8)))
        assert dataset.facts == {"model.classes": 3}
        with pytest.raises(DataError, match=r"a\.png: a mask with the value 255, which is none of 0, 128"):
            read(MaskedImages(root, values=(0, 128)))
        with pytest.raises(DataError, match="a mask with the values 0, 128, 255: say by `values`"):
            read(MaskedImages(root))

    def test_how_many_labels_there_are(self, tmp_path: Path) -> None:
        masked(tmp_path, np.resize(np.array([0, 255]), (6, 8)))
        assert MaskedImages(tmp_path).facts == {"model.classes": 2}
        for name, highest in (("b", 3), ("c", 1), ("d", 0)):
            picture(tmp_path / "images" / f"{name}.png", GREY)
            picture(tmp_path / "masks" / f"{name}.png", np.resize(np.array([0, highest]), (6, 8)))
        (tmp_path / "masks" / "d.png").write_bytes(b"no picture")
        assert MaskedImages(tmp_path).facts == {"model.classes": 4}

    def test_kinds_of_file(self, tmp_path: Path) -> None:
        mask = (GREY % 5 == 0).astype(np.int64)
        for kind in ("1", "P", "RGB", "LA", "16", "npy"):
            root = tmp_path / kind
            picture(root / "images" / "a.png", GREY)
            (root / "masks").mkdir()
            if kind == "npy":
                np.save(root / "masks" / "a.npy", mask)
            elif kind == "P":
                palette = Picture.fromarray(mask.astype(np.uint8))
                palette.putpalette([0, 0, 0, 200, 30, 30] + [0] * 762)
                palette.save(root / "masks" / "a.png")
            elif kind == "16":
                Picture.fromarray(mask.astype(np.uint16)).save(root / "masks" / "a.png")
            else:
                Picture.fromarray((mask * 255).astype(np.uint8)).convert(kind).save(root / "masks" / "a.png")
            assert np.array_equal(read(MaskedImages(root)).reference.labels.numpy(), mask), kind

    def test_a_coloured_mask_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="a coloured mask"):
            read(MaskedImages(masked(tmp_path, np.random.default_rng(0).integers(0, 255, (6, 8, 3)))))

    def test_several_masks_of_an_image_beside_it(self, tmp_path: Path) -> None:
        first, second = np.zeros((6, 8)), np.zeros((6, 8))
        first[0], second[1] = 255, 255
        for name, pixels in (("x (1).png", GREY), ("x (1)_mask.png", first), ("x (1)_mask_1.png", second)):
            picture(tmp_path / "all" / name, pixels)
        dataset = MaskedImages(tmp_path, images="all", masks="all", suffix="_mask")
        assert len(dataset.cases()) == 1 and read(dataset).reference.labels.sum(1).tolist() == [8, 8, 0, 0, 0, 0]
        with pytest.raises(UsageError, match="suffix"):
            MaskedImages(tmp_path, images="all", masks="all")

    def test_another_size_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"masks/a\.png: a mask of 6 x 9 for an image of 6 x 8"):
            read(MaskedImages(masked(tmp_path, np.zeros((6, 9)))))

    def test_volumes_and_their_place(self, tmp_path: Path) -> None:
        affine = np.diag([2.0, 2.0, 3.0, 1.0])
        for folder in ("images", "masks"):
            (tmp_path / folder).mkdir()
        labels = np.zeros((4, 5, 6), np.uint8)
        labels[1, 2, 3] = 2
        nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.float32), affine), tmp_path / "images" / "a.nii.gz")
        nibabel.save(nibabel.Nifti1Image(labels, affine), tmp_path / "masks" / "a.nii")
        found = read(MaskedImages(tmp_path)).reference.labels
        assert found.shape == (6, 5, 4) and found[3, 2, 1] == 2 and int(found.sum()) == 2
        affine[0, 3] = 1.5
        nibabel.save(nibabel.Nifti1Image(labels, affine), tmp_path / "masks" / "a.nii")
        with pytest.raises(DataError, match="affines differ"):
            read(MaskedImages(tmp_path))

    def test_partners_are_missing(self, tmp_path: Path) -> None:
        root = masked(tmp_path, GREY * 0)
        picture(root / "images" / "b.png", GREY)
        assert lost(MaskedImages(root)) == [f"{root / 'images' / 'b.png'}: has no mask of its name in masks/"]
        picture(root / "masks" / "c.png", GREY)
        dataset = MaskedImages(root)
        assert len(lost(dataset)) == 2 and lost(dataset)[1] == f"{root / 'masks' / 'c.png'}: has no image of its name in images/"
        assert dataset.facts == {"model.classes": 2}
        (root / "images" / "a.png").unlink()
        with pytest.raises(DataError, match=r"a\.png: none of 3 cases can be used; the first: has no image of its name in images/"):
            MaskedImages(root)
        picture(root / "masks" / "a.bmp", GREY)
        with pytest.raises(DataError, match="two masks for one image"):
            MaskedImages(root)

    def test_patients_and_splits_from_folders(self, tmp_path: Path) -> None:
        for name in ("train/p1/1.png", "train/p1/2.png", "val/p2/1.png"):
            for folder in ("images", "masks"):
                picture(tmp_path / folder / name, GREY * 0)
        cases = MaskedImages(tmp_path).cases()
        assert [case.group for case in cases] == [pseudonym("p1"), pseudonym("p1"), pseudonym("p2")]
        assert [case.split for case in cases] == ["train", "train", "valid"]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("file,age\na.png,4\n", "the columns `file` and `group`"),
            ("file,group\nb.png,4\n", r"a\.png: none of 2 cases can be used; the first: has no row in cases\.csv"),
            ("file,group\na.png,4\na.png,4\n", r"line 3: a second row for 'a\.png'"),
            ("file,group\n", r"cases\.csv: no rows"),
            ("file,split\na.png,x\n", "the split 'x' is none of"),
        ],
    )
    def test_a_wrong_table_of_cases(self, tmp_path: Path, text: str, reason: str) -> None:
        (masked(tmp_path, GREY * 0) / "cases.csv").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=reason):
            MaskedImages(tmp_path)

    def test_an_image_that_its_table_alone_knows_is_one_bad_case(self, tmp_path: Path) -> None:
        root = masked(tmp_path, GREY * 0)
        picture(root / "masks" / "b.png", GREY * 0)
        (root / "cases.csv").write_text("file,group\na.png,p\nb.png,q\n", encoding="utf-8")
        dataset = MaskedImages(root)
        assert lost(dataset) == [f"{root / 'images' / 'b.png'}: is not there, though cases.csv lists it"]
        assert [case.group for case in dataset.cases()] == [pseudonym("p"), pseudonym("q")]


def coco(root: Path, **changes: Any) -> Path:
    for name in ("a.png", "b.png"):
        picture(root / "images" / name, GREY)
    held = {
        "images": [{"id": 7, "file_name": "b.png", "width": 8, "height": 6}, {"id": 9, "file_name": "images/a.png"}],
        "categories": [{"id": 12, "name": "late"}, {"id": 3, "name": "early"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 12, "bbox": [1, 2, 3.5, 2]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 8, 6], "iscrowd": 0},
        ],
    }
    (root / "annotations.json").write_text(json.dumps(held | changes), encoding="utf-8")
    return root


def annotation(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": 5, "image_id": 7, "category_id": 12, "bbox": [1, 2, 3, 2]} | changes]


class TestCoco:
    def test_boxes_and_classes(self, tmp_path: Path) -> None:
        dataset = Coco(coco(tmp_path))
        assert dataset.classes == ("early", "late")
        empty, both = read(dataset, 0).reference, read(dataset, 1).reference
        assert isinstance(empty, Boxes) and empty.boxes.shape == (0, 4) and empty.labels.shape == (0,)
        assert both.boxes.tolist() == [[1, 2, 4.5, 4], [0, 0, 8, 6]] and both.labels.tolist() == [1, 0] and both.scores is None

    def test_the_layout_of_download_sites(self, tmp_path: Path) -> None:
        root = coco(tmp_path / "x")
        (root / "annotations.json").rename(root / "_annotations.coco.json")
        for path in (root / "images").iterdir():
            path.rename(root / path.name)
        (root / "images").rmdir()
        assert len(Coco(root).cases()) == 2 and len(read(Coco(root), 1).reference) == 2

    def test_crowd_regions_are_left_out_and_counted(self, tmp_path: Path) -> None:
        with pytest.warns(UserWarning, match=r"annotations\.json: 1 crowd regions are left out"):
            dataset = Coco(coco(tmp_path, annotations=[*annotation(), *annotation(iscrowd=1)]))
        assert len(read(dataset, 1).reference) == 1

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"annotations": annotation(image_id=8)}, r"annotations\.json: annotations\[0\] \(id 5\): there is no image with the id 8"),
            ({"annotations": annotation(image_id=True)}, "image_id is True"),
            ({"annotations": {}}, "'annotations' is no list of objects"),
            ({"images": [3]}, "'images' is no list of objects"),
            ({"categories": []}, "no categories"),
            ({"categories": [{"id": 1}, {"id": 1}]}, r"categories\[1\]: the id 1 stands twice"),
            ({"images": [{"id": 7, "file_name": "../b.jpg"}]}, "none of 3 cases can be used; the first: is not there, though annotations"),
            ({"images": [{"id": 7}]}, r"images\[0\]: no file_name"),
            ({"images": [{"id": 7, "file_name": "b.png"}] * 2}, r"images\[1\]: the id 7 stands twice"),
            ({"images": [{"id": 7, "file_name": "b.png"}, {"id": 8, "file_name": "b.png"}]}, "the file of id 8 stands twice"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
        with pytest.raises(DataError, match=reason):
            Coco(coco(tmp_path, **changes))

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"category_id": 1}, "there is no category with the id 1"),
            ({"category_id": "x"}, "category_id is 'x', a whole number is wanted"),
            ({"bbox": [1, 2, 3]}, "four numbers"),
            ({"bbox": [1, 2, float("nan"), 3]}, "four numbers"),
            ({"bbox": [1, 2, 10**400, 3]}, "four numbers"),
            ({"bbox": None}, "four numbers"),
            ({"bbox": [1, 2, 0, 3]}, "has no area"),
            ({"bbox": [9, 2, 3, 3]}, "lies outside its image"),
        ],
    )
    def test_a_box_that_is_none_is_one_bad_case(self, tmp_path: Path, change: dict[str, Any], reason: str) -> None:
        (said,) = lost(Coco(coco(tmp_path, annotations=[*annotation(), *annotation(**change)])))
        assert re.search(rf"b\.png: annotations\.json, annotations\[1\] \(id 5\): .*{reason}", said)

    def test_one_that_lacks_its_partner_is_one_bad_case(self, tmp_path: Path) -> None:
        listed = [{"id": 7, "file_name": "b.png"}, {"id": 8, "file_name": "c.png"}]
        said = lost(Coco(coco(tmp_path, images=listed, annotations=[])))
        assert sorted(said) == [
            f"{tmp_path / 'images' / 'a.png'}: is not listed in annotations.json",
            f"{tmp_path / 'images' / 'c.png'}: is not there, though annotations.json lists it",
        ]

    @pytest.mark.parametrize("text", ["", "[1, 2", "[]", "null", "[" * 100_000, "\x00", "1" * 5000])
    def test_what_is_no_json_is_refused(self, tmp_path: Path, text: str) -> None:
        (coco(tmp_path) / "annotations.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"annotations\.json"):
            Coco(tmp_path)

    def test_a_box_that_leaves_an_image_of_unstated_size(self, tmp_path: Path) -> None:
        dataset = Coco(coco(tmp_path, annotations=annotation(image_id=9, bbox=[4, 4, 10, 1])))
        with pytest.raises(DataError, match=r"a\.png: the box 4 4 14 5 leaves the image of 8 x 6 pixels"):
            read(dataset, 0)


def yolo(root: Path, text: str) -> Path:
    picture(root / "images" / "a.png", np.zeros((10, 20)))
    (root / "labels").mkdir()
    (root / "labels" / "a.txt").write_text(text, encoding="utf-8")
    (root / "classes.txt").write_text("one\ntwo\n", encoding="utf-8")
    return root


class TestYolo:
    def test_boxes(self, tmp_path: Path) -> None:
        root = yolo(tmp_path, "1 0.5 0.5 0.5 0.2\n\n0 0.05 0.1 0.1 0.2\n")
        picture(root / "images" / "b.png", GREY)
        found = read(YoloText(root), 0).reference
        torch.testing.assert_close(found.boxes, torch.tensor([[5.0, 4, 15, 6], [0, 0, 2, 2]]))
        assert found.labels.tolist() == [1, 0] and len(read(YoloText(root), 1).reference) == 0

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("0 0.5 0.5 0.5", r"a\.txt: line 1: .* is not `class cx cy w h`"),
            ("x 0.5 0.5 0.5 0.5", "is not"),
            ("0 0.5 0.5 0.5 0.5 0.5 0.5", "is not"),
            ("2 0.5 0.5 0.5 0.5", "class 2, of 2 in"),
            ("0 0.5 0.5 0 0.5", "has no area"),
            ("0 50 50 10 10", "leaves the image"),
            ("0 nan 0.5 0.1 0.1", "leaves the image"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, text: str, reason: str) -> None:
        with pytest.raises(DataError, match=reason):
            read(YoloText(yolo(tmp_path, text)))

    def test_a_text_without_an_image(self, tmp_path: Path) -> None:
        root = yolo(tmp_path, "")
        (root / "labels" / "b.txt").write_text("", encoding="utf-8")
        assert lost(YoloText(root)) == [f"{root / 'labels' / 'b.txt'}: has no image of its name in images/"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "name", "least"),
    [
        (Coco, "annotations.json", 150),
        (LabelledImages, "labels.csv", 100),
        (YoloText, "labels/0000.txt", 100),
        (MaskedImages, "masks/0000.png", 200),
    ],
)
def test_damaged_files_are_read_or_refused(kind: Any, name: str, least: int, tmp_path: Path) -> None:
    kind.write_stub(tmp_path, 2, 0)
    good, rng, refused = (tmp_path / name).read_bytes(), np.random.default_rng(0), 0
    for number in range(300):
        bad = bytearray(good[: int(rng.integers(len(good)))] if number % 3 == 0 else good)
        for place in rng.integers(max(1, len(bad)), size=2) if bad else ():
            bad[place] = int(rng.integers(256))
        (tmp_path / name).write_bytes(bytes(bad))
        try:
            read(kind(tmp_path), 0)
        except DataError as error:
            refused += 1
            assert error.path is not None and error.reason
    assert refused >= least


class TestPairs:
    def test_the_agreement_with_the_stub_is_that_of_speckle(self, stub: Make) -> None:
        sample = read(ImagePairs(stub(ImagePairs)))
        assert 0.05 < float((sample.inputs.pixels - sample.reference.pixels).abs().mean()) < 0.3

    def test_noise_where_there_is_no_clean_folder(self, tmp_path: Path) -> None:
        picture(tmp_path / "images" / "a.png", np.full((40, 50), 128))
        dataset = ImagePairs(tmp_path, noise=0.05)
        first, again, other = read(dataset, 0, 1), read(dataset, 0, 1), read(dataset, 0, 2)
        assert torch.equal(first.inputs.pixels, again.inputs.pixels) and not torch.equal(first.inputs.pixels, other.inputs.pixels)
        assert float((first.inputs.pixels - first.reference.pixels).std()) == pytest.approx(0.05, rel=0.1)
        assert torch.equal(first.reference.pixels, again.reference.pixels) and first.inputs.origin is not None

    def test_noise_in_hu_is_a_part_of_the_window(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir()
        np.save(tmp_path / "images" / "a.npy", np.zeros((40, 50), np.float32))
        with pytest.raises(DataError, match="noise in no unit: say by `window`"):
            read(ImagePairs(tmp_path))
        sample = read(ImagePairs(tmp_path, noise=0.1, window=(-200.0, 200.0)))
        assert float(sample.inputs.pixels.std()) == pytest.approx(40, rel=0.1)

    def test_partners(self, tmp_path: Path) -> None:
        picture(tmp_path / "images" / "a.png", GREY)
        picture(tmp_path / "clean" / "a.png", np.zeros((5, 5)))
        with pytest.raises(DataError, match=r"clean/a\.png: 1 x 5 x 5 in 0\.\.1 for an image of 1 x 6 x 8"):
            read(ImagePairs(tmp_path))
        picture(tmp_path / "clean" / "a.png", GREY)
        picture(tmp_path / "clean" / "b.png", GREY)
        picture(tmp_path / "images" / "c.png", GREY)
        assert lost(ImagePairs(tmp_path)) == [
            f"{tmp_path / 'clean' / 'b.png'}: has no partner in images/",
            f"{tmp_path / 'images' / 'c.png'}: has no partner in clean/",
        ]

    @pytest.mark.parametrize("given", [{"noise": 0.0}, {"window": (1.0, 1.0)}])
    def test_parameters_out_of_range(self, tmp_path: Path, given: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            ImagePairs(tmp_path, **given)


@pytest.mark.realdata
def test_dicom_is_grouped_by_its_patient(real_data: Path, tmp_path: Path) -> None:
    found = sorted((real_data / "ct" / "covid-19-ny-sbu").rglob("*.dcm"))
    (tmp_path / "images").mkdir()
    for number, path in enumerate(found):
        shutil.copy(path, tmp_path / "images" / f"{number}.dcm")
    dataset = ImagePairs(tmp_path, noise=0.02)
    assert len(dataset.cases()) == len(found) and len({case.group for case in dataset.cases()}) == 5
    sample = read(dataset)
    assert sample.inputs.unit == "HU" and 7 < float((sample.inputs.pixels - sample.reference.pixels).std()) < 9

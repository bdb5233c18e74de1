"""Answers as pictures, files of volumes, COCO's JSON and tables: other programs read them as they were."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
import torch
from PIL import Image as Picture
from pycocotools.coco import COCO

from medai.errors import DataError
from medai.io import read_image, write_image
from medai.tasks import Boxes, Case, Cluster, Image, Label, Mask, Origin, Pairs, Sample, Scores, Sequence, Value
from medai_standard.datasets.masked import MaskedImages
from medai_standard.exporters.coco import CocoJson
from medai_standard.exporters.images import Nifti, Nrrd, Png
from medai_standard.exporters.table import Csv

AFFINE = np.array([[0.0, 0, -0.5, 60], [0, -0.7, 0, 50], [2.0, 0, 0, 10], [0, 0, 0, 1]])


def given(name: str = "a", shape: tuple[int, ...] = (1, 6, 8), unit: str = "HU") -> Sample[Any, Any]:
    spacing = (2.0, 0.7, 0.5)[-len(shape) + 1 :]
    affine = AFFINE if len(shape) == 4 else AFFINE[:, [1, 2, 0, 3]]
    pixels = torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape) - 20
    return Sample(Case(name, "g"), Image(pixels, unit, Origin((), affine, spacing)))


def lines(exporter: Csv, rows: list[tuple[Sample[Any, Any], Any]], folder: Path) -> list[dict[str, str]]:
    (path,) = exporter.write(rows, folder)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labels(*shape: int) -> torch.Tensor:
    found = torch.zeros(shape, dtype=torch.int64)
    found[..., 1:3, 2:5], found[..., 4, 6] = 1, 3
    return found


@pytest.mark.parametrize("exporter", [Nifti(), Nrrd()])
def test_volumes_hold_values_and_masks_whole_numbers_on_the_grid(tmp_path: Path, exporter: Nifti) -> None:
    sample = given(shape=(1, 3, 6, 8))
    (image,) = exporter.write([(sample, sample.inputs)], tmp_path / "image")
    (mask,) = exporter.write([(sample, Mask(labels(3, 6, 8)))], tmp_path / "mask")
    read, marked = (SimpleITK.ReadImage(str(path)) for path in (image, mask))
    assert np.array_equal(SimpleITK.GetArrayFromImage(read), sample.inputs.pixels[0].numpy())
    assert np.array_equal(SimpleITK.GetArrayFromImage(marked), labels(3, 6, 8).numpy())
    for found in (read, marked):
        assert np.allclose(found.GetOrigin(), (-60, -50, 10)) and np.allclose(found.GetSpacing(), (0.5, 0.7, 2.0))
        assert np.allclose(found.TransformIndexToPhysicalPoint((4, 2, 1)), (-58, -48.6, 12))


def test_nifti_lies_where_nibabel_says(tmp_path: Path) -> None:
    sample = given(shape=(1, 3, 6, 8))
    (path,) = Nifti().write([(sample, sample.inputs)], tmp_path)
    volume: Any = nibabel.load(path)
    assert np.allclose(volume.affine @ [4, 2, 1, 1], AFFINE @ [1, 2, 4, 1])


def test_what_has_no_place_is_not_put_anywhere(tmp_path: Path) -> None:
    sample = Sample(Case("a", "g"), Image(torch.zeros(1, 6, 8), "HU"))
    with pytest.raises(DataError, match="place in the patient is not known"):
        Nifti().check(sample, sample.inputs)


def test_pictures_show_a_window(tmp_path: Path) -> None:
    sample = given()
    (path,) = Png(window=(-10.0, 20.0)).write([(sample, sample.inputs)], tmp_path)
    expected = ((sample.inputs.pixels[0] + 10) / 30).clamp(0, 1).mul(255).round()
    assert np.array_equal(np.asarray(Picture.open(path)), expected.numpy())
    with pytest.raises(DataError, match="window="):
        Png().check(sample, sample.inputs)


def test_a_mask_is_a_picture_of_its_classes(tmp_path: Path) -> None:
    (path,) = Png(window=(-10.0, 20.0)).write([(given(), Mask(labels(6, 8)))], tmp_path / "masks")
    assert np.array_equal(np.asarray(Picture.open(path)), labels(6, 8).numpy())
    shown = np.asarray(Picture.open(path).convert("RGB"))
    assert not shown[0, 0].any() and shown[1, 2].max() > 100 and (shown[1, 2] != shown[4, 6]).any()
    assert torch.equal(read_image(path).pixels[0].long(), labels(6, 8))
    write_image(tmp_path / "images" / "a.png", Image(torch.zeros(1, 6, 8), "0..1"))
    dataset = MaskedImages(tmp_path)
    assert torch.equal(dataset.read(dataset.cases()[0], np.random.default_rng(0)).reference.labels, labels(6, 8))
    with pytest.raises(DataError, match="beyond 255"):
        Png().check(given(), Mask(labels(6, 8) * 100))


def test_a_volume_is_a_folder_of_pictures(tmp_path: Path) -> None:
    sample = given(shape=(1, 3, 6, 8), unit="0..1")
    files = Png().write([(sample, Image(torch.rand(1, 3, 6, 8), "0..1"))], tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files] == ["a/0001.png", "a/0002.png", "a/0003.png"]


def boxes(*scores: float) -> Boxes:
    corners = torch.tensor([[1.0, 2.0, 4.0, 5.0], [0.0, 0.0, 2.5, 3.0]])[: len(scores)].reshape(-1, 4)
    return Boxes(corners, torch.tensor([1, 0][: len(scores)], dtype=torch.int64), torch.tensor(scores))


def test_coco_loads_boxes(tmp_path: Path) -> None:
    rows = [(given("a"), boxes(0.75, 0.25)), (given("b"), boxes())]
    images, results = CocoJson(("cyst", "mass")).write(rows, tmp_path)
    data = COCO(str(images))
    found = data.loadRes(str(results))
    assert [item["bbox"] for item in found.loadAnns(found.getAnnIds(imgIds=[1]))] == [[1, 2, 3, 3], [0, 0, 2.5, 3]]
    assert data.loadCats([2])[0]["name"] == "mass" and [item["score"] for item in found.anns.values()] == [0.75, 0.25]
    assert [(item["file_name"], item["height"], item["width"]) for item in data.imgs.values()] == [("a", 6, 8), ("b", 6, 8)]


def test_coco_loads_masks(tmp_path: Path) -> None:
    images, results = CocoJson(("background", "disc")).write([(given(), Mask(labels(6, 8)))], tmp_path)
    found = COCO(str(images)).loadRes(str(results))
    for item in found.anns.values():
        assert np.array_equal(found.annToMask(item), labels(6, 8).numpy() == item["category_id"])
    names = {item["id"]: item["name"] for item in json.loads(images.read_text())["categories"]}
    assert names == {1: "disc", 2: "class 2", 3: "class 3"}


def test_coco_refuses_volumes() -> None:
    with pytest.raises(DataError, match="planes"):
        CocoJson().check(given(shape=(1, 3, 6, 8)), Mask(labels(3, 6, 8)))


def test_a_table_of_probabilities_and_numbers(tmp_path: Path) -> None:
    rows: list[tuple[Any, Any]] = [(given("a"), Scores(torch.tensor([0.25, 0.75]))), (given("b"), Scores(torch.tensor([1.0, 0.0])))]
    found = lines(Csv(("benign", "malignant")), rows, tmp_path / "scores")
    assert found[0] == {"case": "a", "class": "1", "name": "malignant", "p(benign)": "0.25", "p(malignant)": "0.75"}
    rows = [(given("a"), Value(torch.tensor([12.5]), ("volume (ml)",)))]
    assert lines(Csv(), rows, tmp_path / "values") == [{"case": "a", "volume (ml)": "12.5"}]
    assert lines(Csv(), [(given("a"), Value(torch.tensor([2.0])))], tmp_path / "plain") == [{"case": "a", "value 1": "2.0"}]
    assert lines(Csv(), [(given("a"), Cluster(4))], tmp_path / "cluster") == [{"case": "a", "cluster": "4"}]


def test_a_table_names_files_but_not_those_of_dicom(tmp_path: Path) -> None:
    pixels = torch.zeros(1, 6, 8)
    plain = Sample(Case("a", "g"), Image(pixels, "0..1", Origin((Path("folder/one.png"),))))
    scan = Sample(Case("b", "g"), Image(pixels, "HU", Origin((Path("folder/doe.dcm"),), attributes={"Modality": "CT"})))
    rows: list[tuple[Any, Any]] = [(scan, Cluster(4)), (plain, Cluster(2))]
    assert lines(Csv(), rows, tmp_path / "plain") == [
        {"case": "b", "file": "", "cluster": "4"},
        {"case": "a", "file": "one.png", "cluster": "2"},
    ]
    assert [row["file"] for row in lines(Csv(identified=True), rows, tmp_path / "named")] == ["doe.dcm", "one.png"]
    assert (tmp_path / "plain" / "answers.csv").read_text().splitlines()[0] == "case,file,cluster"


def test_a_table_of_boxes_has_a_row_for_each_and_one_for_none(tmp_path: Path) -> None:
    found = lines(Csv(("cyst", "mass")), [(given("a"), boxes(0.75, 0.25)), (given("b"), boxes())], tmp_path)
    assert [(row["case"], row["name"], row["score"], row["x1"]) for row in found] == [
        ("a", "mass", "0.75", "4.0"),
        ("a", "cyst", "0.25", "2.5"),
        ("b", "", "", ""),
    ]


def test_a_table_of_masks_has_sizes_in_millimetres(tmp_path: Path) -> None:
    found = lines(Csv(("background", "disc")), [(given(shape=(1, 3, 6, 8)), Mask(labels(3, 6, 8)))], tmp_path)
    assert [(row["class"], row["name"], row["pixels"], row["unit"]) for row in found] == [
        ("1", "disc", "18", "mm3"),
        ("3", "3", "3", "mm3"),
    ]
    assert float(found[0]["size"]) == pytest.approx(18 * 2.0 * 0.7 * 0.5)


def test_a_table_of_structures(tmp_path: Path) -> None:
    sample = Sample(Case("rna", "g"), Sequence("GGAACC"))
    assert lines(Csv(), [(sample, Pairs.of([(0, 5), (1, 4)], 6))], tmp_path) == [{"case": "rna", "structure": "((..))"}]
    with pytest.raises(DataError, match="Label does not fit"):
        Csv().check(sample, Label(1))

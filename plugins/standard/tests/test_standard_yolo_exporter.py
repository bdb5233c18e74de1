"""Boxes as YOLO's text files: read back as a dataset, named as their pictures, and nobody named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from standard_files import GREY, picture, read

from medai.errors import DataError
from medai.io import open_images
from medai.tasks import Boxes, Case, Image, Mask, Origin, Sample
from medai_standard.datasets.yolo import YoloText as Dataset
from medai_standard.exporters.yolo import YoloText

BOXES = Boxes(
    torch.tensor([[1.0, 2.0, 4.0, 5.0], [0.0, 0.0, 2.5, 3.0], [3.25, 1.0, 8.0, 6.0]]),
    torch.tensor([1, 0, 1]),
    torch.tensor([0.25, 0.75, 0.7]),
)
NONE = Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0))


def given(name: str = "a", file: str = "", attributes: dict[str, str] | None = None) -> Sample[Any, Any]:
    origin = Origin((Path(file),), attributes=attributes or {}) if file else None
    return Sample(Case(name, "g"), Image(torch.zeros(1, 6, 8), "0..1", origin))


def written(folder: Path, *rows: tuple[Sample[Any, Any], Any], **options: Any) -> dict[str, str]:
    files = YoloText(**options).write(rows, folder)
    assert sorted(files) == sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_a_line_per_box_the_best_first(tmp_path: Path) -> None:
    assert written(tmp_path, (given(), BOXES), classes=("cyst", "mass")) == {
        "labels/a.txt": (
            "0 0.15625000 0.25000000 0.31250000 0.50000000 0.75000000\n"
            "1 0.70312500 0.58333333 0.59375000 0.83333333 0.69999999\n"
            "1 0.31250000 0.58333333 0.37500000 0.50000000 0.25000000\n"
        ),
        "classes.txt": "cyst\nmass\n",
    }


def test_scores_can_stay_out_and_doubtful_boxes_too(tmp_path: Path) -> None:
    # 0.7 in single precision is a little less than 0.7.
    texts = written(tmp_path, (given(), BOXES), least=0.7, scores=False)
    assert [line.split()[0] for line in texts["labels/a.txt"].splitlines()] == ["0", "1"] and len(texts["labels/a.txt"].split()) == 10
    assert texts["classes.txt"] == "class 0\nclass 1\n"


@pytest.mark.parametrize("scores", [True, False])
def test_beside_its_images_the_folder_is_a_dataset_again(tmp_path: Path, scores: bool) -> None:
    for name in ("benign (1).png", "benign (2).png", "c.d.png"):
        picture(tmp_path / "images" / name, GREY)
    source = open_images([tmp_path / "images"])
    found = [BOXES, NONE, BOXES]
    rows = [(source.read(case, np.random.default_rng(0)), boxes) for case, boxes in zip(source.cases(), found, strict=True)]
    files = YoloText(("cyst", "mass"), scores=scores).write(rows, tmp_path)
    assert sorted(path.name for path in files) == ["benign (1).txt", "benign (2).txt", "c.d.txt", "classes.txt"]
    dataset = Dataset(tmp_path)
    assert dataset.classes == ("cyst", "mass")
    held = {}
    for case in dataset.cases():
        sample = dataset.read(case, np.random.default_rng(0))
        assert sample.origin is not None and sample.reference is not None and sample.reference.scores is None
        held[sample.origin.files[0].name] = sample.reference
    for row, boxes in rows:
        assert row.origin is not None and boxes.scores is not None
        reference, order = held[row.origin.files[0].name], boxes.scores.argsort(descending=True)
        torch.testing.assert_close(reference.boxes, boxes.boxes[order], atol=1e-6, rtol=0)
        assert reference.labels.tolist() == boxes.labels[order].tolist()


def test_what_leaves_the_image_is_cut_and_what_has_no_area_is_no_box(tmp_path: Path) -> None:
    rows = [[-2.0, -1, 4, 3], [8.0, 0, 9, 6], [2.0, 2, 2, 5]]
    found = Boxes(torch.tensor(rows), torch.zeros(3, dtype=torch.int64), torch.tensor([0.5, 0.5, 0.5]))
    assert written(tmp_path, (given(), found), scores=False)["labels/a.txt"] == "0 0.25000000 0.25000000 0.50000000 0.50000000\n"
    assert written(tmp_path, (given(), NONE)) == {"labels/a.txt": "\n", "classes.txt": "class 0\n"}


def test_a_file_bears_its_picture_s_name_unless_that_is_another_s_or_a_patient_s(tmp_path: Path) -> None:
    texts = written(
        tmp_path,
        (given("i1", "one/left.png"), NONE),
        (given("i2", "one/same.png"), NONE),
        (given("i3", "two/same.png"), NONE),
        (given("i4", "doe-john.dcm", {"Modality": "US"}), NONE),
        (given("left"), NONE),
        (given("i/6"), NONE),
    )
    names = [name.removeprefix("labels/") for name in texts if name.startswith("labels/")]
    assert names[:4] == ["left.txt", "i2.txt", "i3.txt", "i4.txt"] and names[5] == "i-6.txt"
    assert names[4].startswith("left-") and len(set(names)) == 6


def test_a_class_is_a_line_whatever_its_name(tmp_path: Path) -> None:
    assert written(tmp_path, (given(), BOXES), classes=("cyst\nor not", " mass "))["classes.txt"] == "cyst or not\nmass\n"


def test_what_is_no_box_in_a_plane_is_refused() -> None:
    volume: Sample[Any, Any] = Sample(Case("a", "g"), Image(torch.zeros(1, 3, 6, 8), "HU"))
    for sample, prediction in ((given(), Mask(torch.zeros(6, 8, dtype=torch.int64))), (volume, BOXES)):
        with pytest.raises(DataError, match="boxes in planes"):
            YoloText().check(sample, prediction)


def test_a_score_behind_a_box_is_read_over_and_other_numbers_are_not(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png", GREY)
    (tmp_path / "classes.txt").write_text("one\n", encoding="utf-8")
    (tmp_path / "labels").mkdir()
    for text, taken in (("0 0.5 0.5 0.5 0.5 0.93", True), ("0 0.5 0.5 0.5 0.5 7", False), ("0 0.5 0.5 0.5 0.5 nan", False)):
        (tmp_path / "labels" / "a.txt").write_text(text, encoding="utf-8")
        if taken:
            assert read(Dataset(tmp_path)).reference.boxes.tolist() == [[2, 1.5, 6, 4.5]]
            continue
        with pytest.raises(DataError, match="or with a score from 0 to 1"):
            read(Dataset(tmp_path))

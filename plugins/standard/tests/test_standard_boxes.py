"""Images with boxes, as COCO and as YOLO have them: what is read, and what is said of files that are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from standard_files import GREY, lost, picture, read

from medai.errors import DataError
from medai.tasks import Boxes
from medai_standard.datasets.coco import Coco
from medai_standard.datasets.yolo import YoloText


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

    def test_a_name_without_its_folder_is_that_of_one_image_alone(self, tmp_path: Path) -> None:
        images = coco(tmp_path) / "images"
        (images / "x").mkdir()
        (images / "b.png").rename(images / "x" / "b.png")
        assert not lost(Coco(tmp_path)) and len(read(Coco(tmp_path), 1).reference) == 2
        picture(images / "y" / "b.png", GREY)
        assert sorted(lost(Coco(tmp_path))) == [
            f"{images / 'b.png'}: is not there, though annotations.json lists it",
            f"{images / 'x' / 'b.png'}: is not listed in annotations.json",
            f"{images / 'y' / 'b.png'}: is not listed in annotations.json",
        ]

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

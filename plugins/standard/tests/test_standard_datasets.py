"""Folders of images and answers through the real readers, and what is wrong with them said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from standard_files import Make, read

from medai.errors import DataError
from medai_standard.datasets.coco import Coco
from medai_standard.datasets.labelled import LabelledImages, MeasuredImages
from medai_standard.datasets.masked import MaskedImages
from medai_standard.datasets.pairs import ImagePairs
from medai_standard.datasets.yolo import YoloText

KINDS = (LabelledImages, MeasuredImages, MaskedImages, Coco, YoloText, ImagePairs)


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

"""BUSI's folders through the real reader: boxes, classes, and what is said of folders and files that are not as they should be."""

from __future__ import annotations

import csv
import re
import shutil
import struct
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from medai.errors import DataError
from medai.tasks.detection import Detection
from medai_breast.datasets.busi import Busi

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.filterwarnings("ignore:BUSI")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drawn")
    Busi.write_stub(root, n=12, seed=0)
    return root / "Dataset_BUSI_with_GT"


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "busi")


def read(dataset: Busi, id: str) -> Any:
    return dataset.read(next(case for case in dataset.cases() if case.id == id), RNG)


def refusal(folder: Path, id: str) -> str:
    """What is said of one case; every other is read."""
    dataset = Busi(folder)
    said = {}
    for case in dataset.cases():
        try:
            Detection().check(dataset.read(case, RNG))
        except DataError as error:
            said[case.id] = str(error)
    assert list(said) == [id]
    return said[id]


def test_a_box_for_each_mask_and_none_for_normal_images(folder: Path) -> None:
    dataset = Busi(folder)
    cases = {case.id: case for case in dataset.cases()}
    assert list(cases) == [f"busi-{kind}-{n}" for kind in ("benign", "malignant", "normal") for n in (1, 2, 3, 4)]
    assert Counter(case.attributes["class"] for case in cases.values()) == {"benign": 4, "malignant": 4, "normal": 4}
    for id, label, count in (("busi-benign-1", 0, 1), ("busi-malignant-2", 1, 2), ("busi-normal-3", None, 0)):
        sample = dataset.read(cases[id], RNG)
        assert sample.inputs.pixels.shape == (1, 96, 128) and sample.inputs.unit == "0..1"
        assert sample.reference.labels.tolist() == [label] * count and sample.reference.boxes.shape == (count, 4)
        Detection().check(sample)
    mask = np.asarray(Picture.open(folder / "malignant" / "malignant (2)_mask_1.png"))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    wanted = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert read(dataset, "busi-malignant-2").reference.boxes[1].tolist() == wanted


def test_one_class(folder: Path) -> None:
    dataset = Busi(folder, one_class=True)
    assert dataset.facts == {"model.classes": 1, "protocol.options.classes": ["lesion"]}
    assert read(dataset, "busi-malignant-2").reference.labels.tolist() == [0, 0]
    assert Busi(folder).facts == {"model.classes": 2, "protocol.options.classes": ["benign", "malignant"]}


def test_cases_are_the_same_in_the_folder_above_and_under_other_letters(folder: Path, tmp_path: Path) -> None:
    wanted = Busi(folder).cases()
    target = tmp_path / "download" / "Dataset_BUSI_with_GT"
    shutil.copytree(folder, target)
    (target / "benign").rename(target / "Benign")
    found = Busi(target.parent).cases()
    assert [case.id for case in found] == [case.id for case in wanted] and [case.group for case in found] == [case.group for case in wanted]


def test_a_name_that_is_not_busis_stays_out_of_the_id(folder: Path) -> None:
    for path in folder.glob("benign/benign (3)*"):
        path.rename(path.with_name(path.name.replace("benign (3)", "jane doe")))
    ids = [case.id for case in Busi(folder).cases()]
    assert len(ids) == 12 and not any("jane" in id or "doe" in id for id in ids)


def test_the_normal_folder_may_be_missing_the_others_not(folder: Path) -> None:
    shutil.rmtree(folder / "normal")
    assert len(Busi(folder).cases()) == 8
    (folder / "malignant").rename(folder / "maligne")
    with pytest.raises(
        DataError, match="busi: the folders benign and malignant are wanted in it, or in a folder in it; it holds benign, maligne"
    ):
        Busi(folder)
    with pytest.raises(DataError, match="no such folder"):
        Busi(folder / "gone")


def test_two_folders_of_busis_kind_are_not_guessed_at(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(folder, tmp_path / "two" / name)
    with pytest.raises(DataError, match="a and b both hold benign and malignant: give one of them"):
        Busi(tmp_path / "two")


def test_a_folder_of_no_known_class_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "read me.txt").write_text("no picture")
    assert len(Busi(folder).cases()) == 12
    shutil.copytree(folder / "benign", folder / "suspicious")
    with pytest.raises(DataError, match="suspicious: holds pictures, and its name is no class: benign, malignant, normal are known"):
        Busi(folder)


def test_folders_without_pictures(tmp_path: Path) -> None:
    for name in ("benign", "malignant"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="its folders hold no picture"):
        Busi(tmp_path)


def test_an_image_without_a_mask(folder: Path) -> None:
    (folder / "benign" / "benign (3)_mask.png").unlink()
    said = r"BUSI: 1 of 12 cases cannot be used: benign \(3\)\.png has no mask: benign \(3\)_mask\.png is wanted$"
    with pytest.warns(UserWarning, match=said):
        assert refusal(folder, "busi-benign-3").endswith("benign (3).png: has no mask: benign (3)_mask.png is wanted")


def test_a_normal_image_needs_no_mask(folder: Path) -> None:
    (folder / "normal" / "normal (3)_mask.png").unlink()
    assert len(read(Busi(folder), "busi-normal-3").reference) == 0


def test_a_normal_image_with_a_lesion_in_its_mask(folder: Path) -> None:
    shutil.copy(folder / "benign" / "benign (1)_mask.png", folder / "normal" / "normal (3)_mask.png")
    assert "a mask with a lesion, of an image that is said to be normal" in refusal(folder, "busi-normal-3")


def test_a_mask_without_an_image(folder: Path) -> None:
    (folder / "benign" / "benign (2).png").unlink()
    assert refusal(folder, "busi-benign-2").endswith("benign (2)_mask.png: is a mask without an image: there is no benign (2).png")


@pytest.mark.parametrize(
    ("name", "pixels", "said"),
    [
        ("benign (1)_mask.png", np.zeros((96, 128), bool), "benign (1)_mask.png: an empty mask"),
        ("benign (1)_mask.png", np.zeros((95, 128), bool), "benign (1)_mask.png: a mask of 128 x 95 pixels for an image of 128 x 96"),
        ("benign (1).png", np.zeros((5, 5), np.uint8), "benign (1).png: 5 x 5 pixels are no ultrasound image: 32 to 8192"),
        ("benign (1).png", np.zeros((40, 20_000), np.uint8), "benign (1).png: 20000 x 40 pixels are no ultrasound image"),
    ],
)
def test_a_file_that_cannot_be_used_costs_its_case_alone(folder: Path, name: str, pixels: Any, said: str) -> None:
    Picture.fromarray(pixels).save(folder / "benign" / name)
    assert said in refusal(folder, "busi-benign-1")


@pytest.mark.parametrize(
    ("side", "said"), [(9_000, "9000 x 9000 pixels are no ultrasound image"), (20_000, r"cannot be read .* exceeds limit")]
)
def test_a_huge_picture_is_refused_before_it_is_decoded(folder: Path, monkeypatch: pytest.MonkeyPatch, side: int, said: str) -> None:
    path = folder / "benign" / "benign (1).png"
    head = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    content = path.read_bytes()
    path.write_bytes(content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:])
    dataset = Busi(folder)
    case = next(case for case in dataset.cases() if case.id == "busi-benign-1")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DataError, match=rf"benign \(1\)\.png: {said}"):
        dataset.read(case, RNG)


def test_a_damaged_image_is_refused_when_it_is_read(folder: Path) -> None:
    path = folder / "benign" / "benign (1).png"
    path.write_bytes(path.read_bytes()[:2000])
    assert "benign (1).png: cannot be read as a picture" in refusal(folder, "busi-benign-1")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "I;16"])
def test_pictures_of_every_mode_are_one_grey_channel(folder: Path, mode: str) -> None:
    path = folder / "benign" / "benign (1).png"
    plain = read(Busi(folder), "busi-benign-1").inputs.pixels
    picture = Picture.open(path)
    wide = Picture.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    (wide if mode == "I;16" else picture.convert(mode)).save(path)
    assert Picture.open(path).mode == mode
    dataset = Busi(folder)
    assert torch.allclose(read(dataset, "busi-benign-1").inputs.pixels, plain, atol=1e-6)
    assert dataset.cases() == Busi(folder).cases()


def test_colours_become_grey_by_their_luminance(folder: Path) -> None:
    Picture.new("RGB", (128, 96), (200, 100, 50)).save(folder / "benign" / "benign (1).png")
    pixels = read(Busi(folder), "busi-benign-1").inputs.pixels
    assert torch.allclose(pixels, torch.tensor((0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255).expand(1, 96, 128), atol=1e-6)


def test_specks_are_said(folder: Path) -> None:
    path = folder / "benign" / "benign (1)_mask.png"
    mask = np.asarray(Picture.open(path)).copy()
    mask[0, 0] = mask[0, 127] = True
    Picture.fromarray(mask).save(path)
    with pytest.warns(UserWarning, match="busi-benign-1: 2 specks in its masks are no lesions"):
        assert len(read(Busi(folder), "busi-benign-1").reference) == 1


def test_where_nothing_can_be_used_the_first_reason_is_given(folder: Path) -> None:
    shutil.rmtree(folder / "normal")
    for path in folder.rglob("*_mask*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"benign \(1\)\.png: none of 8 cases can be used; the first: has no mask"):
        Busi(folder)


def test_unlabelled_input_is_grey_and_without_masks(folder: Path) -> None:
    found = Busi.unlabelled([folder])
    assert len(found.cases()) == 12
    Picture.new("RGB", (128, 96), (9, 8, 7)).save(folder / "benign" / "benign (1).png")
    for case in found.cases():
        assert found.read(case, RNG).inputs.pixels.shape == (1, 96, 128)
    given = sorted(folder.glob("malignant/*.png"))
    assert len(Busi.unlabelled(given).cases()) == 4 < len(given)


@pytest.mark.realdata
def test_boxes_of_the_real_images(real_data: Path) -> None:
    home = real_data / "breast-ultrasound"
    if not home.is_dir():
        pytest.skip("no breast-ultrasound in the real data")
    with (home / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = {f"busi-{re.sub(r'[^0-9a-z]+', '-', row['image'].split('/')[1][:-5])}": row for row in csv.DictReader(file)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = Busi(home)
        cases = dataset.cases()
        assert {case.id for case in cases} == rows.keys() and len(rows) == 100
        counts: Counter[str] = Counter()
        for case in cases:
            sample, row = dataset.read(case, RNG), rows[case.id]
            Detection().check(sample)
            assert sample.inputs.pixels.shape == (1, int(row["height"]), int(row["width"])) and sample.reference is not None
            assert len(sample.reference) == (0 if row["class"] == "normal" else int(row["n_masks"]))
            area = (sample.reference.boxes[:, 2:] - sample.reference.boxes[:, :2]).prod(1).sum()
            assert area >= int(row["mask_pixels_union"]) - 50 * len(sample.reference)
            counts[row["class"]] += 1
    assert counts == {"benign": 48, "malignant": 36, "normal": 16}

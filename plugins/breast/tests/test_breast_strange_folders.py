"""What a stranger's folders hold: nothing in them is passed over without a word, and answers ask for what training asks for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from pydicom.data import get_testdata_file

from medai.errors import DataError
from medai_breast.datasets.bus import Bus
from medai_breast.datasets.busi import Busi

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("dataset", "folder", "twin"),
    [
        (Busi, "Dataset_BUSI_with_GT/benign", "Benign"),
        (Busi, "Dataset_BUSI_with_GT/normal", "NORMAL"),
        (Bus, "original", "Original"),
    ],
)
def test_two_folders_of_one_name_but_for_capitals(tmp_path: Path, dataset: type[Busi] | type[Bus], folder: str, twin: str) -> None:
    """Cases of the one would take the place of the other's."""
    dataset.write_stub(tmp_path, n=3, seed=0)
    first = tmp_path / folder
    second = first.with_name(twin)
    try:
        second.mkdir()
    except FileExistsError:
        pytest.skip("this file system does not tell capitals")
    with pytest.raises(DataError, match=f"{twin} and {first.name} differ in capital letters alone"):
        dataset(tmp_path)


@pytest.mark.parametrize("size", [(5, 5), (20_000, 40)])
def test_answers_are_of_images_that_training_would_take(tmp_path: Path, size: tuple[int, int]) -> None:
    Picture.new("L", size).save(tmp_path / "a.png")
    Picture.new("L", (64, 48)).save(tmp_path / "b.png")
    found = Busi.unlabelled([tmp_path / "a.png", tmp_path / "b.png"])
    odd, even = found.cases()
    with pytest.raises(
        DataError, match=rf"a\.png: {size[0]} x {size[1]} pixels are no ultrasound image: 32 to 8192 along a side are taken"
    ):
        found.read(odd, RNG)
    assert found.read(even, RNG).inputs.pixels.shape == (1, 48, 64)


def test_dicom_beside_masks_is_answered_too(tmp_path: Path) -> None:
    Busi.write_stub(tmp_path, n=3, seed=0)
    shutil.copy(str(get_testdata_file("CT_small.dcm")), tmp_path / "IM0001")
    (tmp_path / "notes.txt").write_text("no picture")
    found = Busi.unlabelled([tmp_path])
    assert sorted(found.read(case, RNG).inputs.pixels.shape for case in found.cases()) == [*[(1, 96, 128)] * 3, (1, 128, 128)]


def test_a_mask_alone_is_refused_by_name(tmp_path: Path) -> None:
    Busi.write_stub(tmp_path, n=3, seed=0)
    with pytest.raises(DataError, match=r"benign \(1\)_mask\.png: is the mask of an image that lies beside it: give the image"):
        Busi.unlabelled([tmp_path / "Dataset_BUSI_with_GT" / "benign" / "benign (1)_mask.png"])


def test_one_speck_is_said_as_one(tmp_path: Path) -> None:
    Busi.write_stub(tmp_path, n=3, seed=0)
    path = tmp_path / "Dataset_BUSI_with_GT" / "benign" / "benign (1)_mask.png"
    mask = np.asarray(Picture.open(path)).copy()
    mask[0, 0] = True
    Picture.fromarray(mask).save(path)
    dataset = Busi(tmp_path)
    with pytest.warns(UserWarning, match="^busi-benign-1: 1 speck in its masks is no lesion$"):
        dataset.read(dataset.cases()[0], RNG)

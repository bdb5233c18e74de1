"""Images with masks: what is read, and what is said of files that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image as Picture
from standard_files import GREY, lost, picture, read

from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai.tasks import Mask
from medai_standard.datasets.masked import MaskedImages


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

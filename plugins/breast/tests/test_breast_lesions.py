"""Masks as boxes, and masks that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from medai.errors import DataError
from medai_breast.datasets.lesions import read_lesions

SIZE = (60, 80)


def blank() -> Any:
    return np.zeros(SIZE, dtype=np.uint8)


def saved(path: Path, pixels: Any, mode: str = "") -> Path:
    picture = Picture.fromarray(pixels)
    (picture.convert(mode) if mode else picture).save(path)
    return path


def test_a_box_for_each_region_from_its_outermost_pixels(tmp_path: Path) -> None:
    mask = blank()
    mask[10:21, 30:46] = 255
    mask[40:60, 70:80] = 255  # at the border
    found = read_lesions(saved(tmp_path / "m.png", mask), SIZE)
    assert found == ([(30, 10, 46, 21), (70, 40, 80, 60)], 0)


def test_regions_that_touch_by_a_corner_are_one_lesion_and_a_ring_is_one(tmp_path: Path) -> None:
    mask = blank()
    mask[10:20, 10:20] = mask[20:30, 20:30] = 255
    mask[35:55, 35:55] = 255
    mask[40:50, 40:50] = 0
    assert read_lesions(saved(tmp_path / "m.png", mask), SIZE).boxes == [(10, 10, 30, 30), (35, 35, 55, 55)]


def test_specks_beside_a_lesion_are_counted_and_have_no_box(tmp_path: Path) -> None:
    mask = blank()
    mask[10:20, 10:20] = 255
    mask[0, 0] = mask[50:52, 60:64] = 255
    assert read_lesions(saved(tmp_path / "m.png", mask), SIZE) == ([(10, 10, 20, 20)], 2)
    mask[10:20, 10:20] = 0
    with pytest.raises(DataError, match=r"m\.png: the mask marks specks of at most 8 pixels and no lesion"):
        read_lesions(saved(tmp_path / "m.png", mask), SIZE)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_a_mask_of_any_mode_marks_the_same(tmp_path: Path, mode: str) -> None:
    mask = blank()
    mask[10:21, 30:46] = 255
    found = read_lesions(
        saved(tmp_path / "m.png", mask.astype(np.uint16) * 257) if mode == "I;16" else saved(tmp_path / "m.png", mask, mode), SIZE
    )
    assert found.boxes == [(30, 10, 46, 21)]


def test_of_two_values_the_brighter_is_the_lesion_of_more_what_is_bright(tmp_path: Path) -> None:
    mask = blank()
    mask[10:20, 10:20] = 1
    assert read_lesions(saved(tmp_path / "m.png", mask), SIZE).boxes == [(10, 10, 20, 20)]
    mask[10:20, 10:20], mask[10:20, 20], mask[10:20, 21] = 255, 180, 90  # a soft edge
    assert read_lesions(saved(tmp_path / "m.png", mask), SIZE).boxes == [(10, 10, 21, 20)]
    mask[10:20, 10:22], mask[30:40, 30:40] = 1, 2
    with pytest.raises(DataError, match=r"m\.png: a mask of 3 values, all of them dark"):
        read_lesions(saved(tmp_path / "m.png", mask), SIZE)


@pytest.mark.parametrize(
    ("rows", "columns", "value", "said"),
    [
        (slice(0), slice(0), 255, "an empty mask: it marks no lesion"),
        (slice(None), slice(None), 255, "a mask that marks all of its image"),
        (slice(10, 11), slice(0, 80), 255, "the mask marks a line, 80 x 1 pixels of which 80 are marked"),
        (slice(0, 60), slice(5, 7), 255, "the mask marks a line, 2 x 60 pixels"),
    ],
)
def test_what_marks_no_lesion_is_refused(tmp_path: Path, rows: slice, columns: slice, value: int, said: str) -> None:
    mask = blank()
    mask[rows, columns] = value
    with pytest.raises(DataError, match=rf"m\.png: {said}"):
        read_lesions(saved(tmp_path / "m.png", mask), SIZE)


def test_a_mask_of_another_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.png", np.full((30, 40), 255, np.uint8))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"m\.png: a mask of 40 x 30 pixels for an image of 80 x 60"):
        read_lesions(path, SIZE)

"""Which images are found to show the same: drawn ones that were cut, scaled and marked, and BUSI's own."""

from __future__ import annotations

import csv
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter

from medai_breast.datasets.busi import Busi
from medai_breast.datasets.duplicates import SAME, audit

SIZE = (280, 340)


def tissue(seed: int) -> Any:
    """Layers and speckle, uint8."""
    rng = np.random.default_rng(seed)
    layers = gaussian_filter(rng.standard_normal(SIZE), (6, 40))
    speckle = gaussian_filter(rng.standard_normal(SIZE), (3, 5))
    shade = 120 - 70 * np.arange(SIZE[0])[:, None] / SIZE[0]
    return (shade + 25 * layers / layers.std() + 18 * speckle / speckle.std()).clip(0, 255).astype(np.uint8)


def marked(pixels: Any) -> Any:
    """With calipers, as a second copy often has them."""
    found = pixels.copy()
    for row, column in ((90, 80), (90, 230), (60, 150), (170, 160)):
        found[row - 5 : row + 6, column] = found[row, column - 5 : column + 6] = 255
    return found


def scaled(pixels: Any, factor: float) -> Any:
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return np.asarray(Picture.fromarray(pixels).resize(size, Picture.Resampling.BICUBIC))


def write(folder: Path, images: dict[str, Any]) -> list[Path]:
    paths = []
    for name, pixels in images.items():
        paths.append(folder / f"{name}.png")
        Picture.fromarray(pixels).save(paths[-1])
    return paths


def test_copies_that_were_cut_scaled_or_marked_are_found_and_others_are_not(tmp_path: Path) -> None:
    one, rng = tissue(0), np.random.default_rng(9)
    noisy = (one + rng.normal(0, 8, SIZE)).clip(0, 255).astype(np.uint8)
    images = {
        "a": one,
        "cut": one[4:276, 9:],
        "small": scaled(one, 0.8),
        "calipers": marked(one),
        "noisy": noisy,
        "coloured": np.stack([one] * 3, -1),
    }
    others = {f"other-{seed}": tissue(seed) for seed in range(1, 9)}
    found = audit(write(tmp_path, images | others))
    assert found.firsts(SAME) == [0] * 6 + list(range(6, 14)) == found.firsts()
    assert found.digests[0] == found.digests[5] and len(set(found.digests)) == 13


def test_an_image_joined_to_two_joins_them(tmp_path: Path) -> None:
    one = tissue(0)
    found = audit(write(tmp_path, {"left": one[:, :290], "middle": one[:, 30:310], "right": one[:, 50:]}))
    assert {(pair.first, pair.second) for pair in found.pairs} >= {(0, 1), (1, 2)}
    assert found.firsts() == [0, 0, 0] and found.firsts(1.1) == [0, 1, 2]


def test_images_too_small_to_be_cut_alike_are_still_compared(tmp_path: Path) -> None:
    small = [scaled(tissue(seed), 0.25) for seed in range(4)]
    found = audit(write(tmp_path, {"a": small[0], "b": scaled(small[0], 1.2), "c": small[1], "d": small[2], "e": small[3]}))
    assert found.firsts() == [0, 0, 2, 3, 4]


def test_of_16_bits_and_of_8_bits_an_image_is_the_same(tmp_path: Path) -> None:
    one = tissue(0)
    found = audit(write(tmp_path, {"a": one, "b": one.astype(np.uint16) * 257}))
    assert found.digests[0] == found.digests[1] and found.firsts() == [0, 0]


def test_what_cannot_be_read_is_alone(tmp_path: Path) -> None:
    paths = write(tmp_path, {"a": tissue(0), "b": tissue(0), "tiny": np.zeros((5, 5), np.uint8)})
    paths[1].write_bytes(paths[1].read_bytes()[:500])
    found = audit([*paths, tmp_path / "gone.png"])
    assert found.firsts() == [0, 1, 2, 3] and found.digests[1:] == ("", "", "")


def test_a_process_looks_once_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write(tmp_path, {"a": tissue(0), "b": tissue(1)})
    first = audit(paths)
    with monkeypatch.context() as context:
        context.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("decoded again"))
        assert audit(paths) is first
    shutil.copy(paths[0], paths[1])
    os.utime(paths[1], (1, 1))
    assert audit(paths).firsts() == [0, 0]


def folder_of(root: Path, **images: Any) -> Path:
    """BUSI's layout; names such as `benign_3`."""
    for kind in ("benign", "malignant", "normal"):
        (root / kind).mkdir(parents=True, exist_ok=True)
    mask = np.zeros(SIZE, bool)
    mask[80:160, 90:200] = True
    for name, pixels in images.items():
        kind, number = name.split("_")
        Picture.fromarray(pixels).save(root / kind / f"{kind} ({number}).png")
        if kind != "normal":
            Picture.fromarray(mask[: pixels.shape[0], : pixels.shape[1]]).save(root / kind / f"{kind} ({number})_mask.png")
    return root


def test_cases_that_show_the_same_are_of_one_group_and_those_of_two_classes_are_marked(tmp_path: Path) -> None:
    one, two = tissue(0), tissue(1)
    root = folder_of(
        tmp_path / "data", benign_1=one, benign_2=tissue(2), benign_3=two, benign_4=marked(one), malignant_1=two[3:, 5:], normal_1=tissue(3)
    )
    told = "BUSI: 4 of 6 images .* in 2 groups; 2 the same frame as one of another class: busi-benign-3 and busi-malignant-1$"
    with pytest.warns(UserWarning, match=told):
        cases = {case.id: case for case in Busi(root).cases()}
    groups = {id: case.group for id, case in cases.items()}
    assert groups["busi-benign-1"] == groups["busi-benign-4"] and groups["busi-benign-3"] == groups["busi-malignant-1"]
    assert len(set(groups.values())) == 4
    assert {id: case.attributes["cross-class"] for id, case in cases.items() if case.attributes["cross-class"]} == {
        "busi-benign-3": "busi-malignant-1",
        "busi-malignant-1": "busi-benign-3",
    }
    assert all("cross-class" in case.attributes for case in cases.values())


def test_an_image_has_one_group_in_whatever_folder_it_lies(tmp_path: Path) -> None:
    here = folder_of(tmp_path / "here", benign_1=tissue(0), malignant_1=tissue(1))
    there = folder_of(tmp_path / "there", benign_7=tissue(0), malignant_1=tissue(2))
    first, second = ({case.id: case.group for case in Busi(root).cases()} for root in (here, there))
    assert first["busi-benign-1"] == second["busi-benign-7"] and first["busi-malignant-1"] != second["busi-malignant-1"]


@pytest.mark.realdata
def test_every_near_duplicate_that_is_known_of_the_real_images_is_found(real_data: Path) -> None:
    home = real_data / "breast-ultrasound"
    if not home.is_dir():
        pytest.skip("no breast-ultrasound in the real data")
    with (home / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["image"] for row in rows]
    known = {tuple(sorted((row["image"], other))) for row in rows for other in row["near_duplicates"].split(";") if other in names}
    found = audit([home / "Dataset_BUSI_with_GT" / name for name in names])
    pairs = {tuple(sorted((names[pair.first], names[pair.second]))) for pair in found.pairs}
    assert len(known) == 12 and known <= {tuple(sorted((names[p.first], names[p.second]))) for p in found.pairs if p.likeness >= SAME}
    # Looked at: copies at another size or cut otherwise, which the list does not have, and frames of one sweep.
    more = [
        frozenset(f"{kind}/{kind} ({number}).png" for number in numbers)
        for kind, numbers in (
            ("malignant", (14, 114, 123)),
            ("malignant", (12, 110)),
            ("malignant", (15, 111)),
            ("benign", (234, 261)),
            ("malignant", range(4, 10)),
        )
    ]
    assert all(pair in known or any(set(pair) <= group for group in more) for pair in pairs)
    assert {frozenset(group) for group in grouped(names, found.firsts())} >= set(more)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        marked = {case.id: case.attributes["cross-class"] for case in Busi(home).cases() if case.attributes["cross-class"]}
    assert marked == {
        "busi-benign-399": "busi-malignant-93",
        "busi-malignant-93": "busi-benign-399",
        "busi-benign-433": "busi-malignant-145",
        "busi-malignant-145": "busi-benign-433",
    }
    assert any("39 of 100 images show the same as another one, in 17 groups" in str(each.message) for each in said)


def grouped(names: list[str], firsts: list[int]) -> list[set[str]]:
    return [{name for name, first in zip(names, firsts, strict=True) if first == each} for each in set(firsts)]

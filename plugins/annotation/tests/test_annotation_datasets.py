"""Clean images and real pairs: what is read, what is left out, and what is refused by name."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Picture
from pydicom.dataset import Dataset as Header
from ultrasound_dicom import write_dicom

from medai.api import build
from medai.errors import DataError, UsageError
from medai.tasks import Sample
from medai_annotation.annotated import Annotated
from medai_annotation.datasets.busi_clean import BusiClean
from medai_annotation.datasets.clean_images import CleanImages
from medai_annotation.synthesis.lesions import dark_blob

GREY = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)


def read_all(dataset: Any) -> dict[str, Sample[Any, Any] | DataError]:
    """By name of the file."""
    found: dict[str, Sample[Any, Any] | DataError] = {}
    for case in dataset.cases():
        try:
            sample = dataset.read(case, np.random.default_rng(0))
            found[sample.origin.files[0].name] = sample
        except DataError as error:
            assert error.path is not None
            found[Path(error.path).name] = error
    return found


def test_phantom_differs_by_case_subject_and_seed_and_not_by_reading() -> None:
    phantom, other = (build("annotation/phantom", subjects=6, pictures=2, size=64, seed=seed) for seed in (0, 1))
    images = [phantom.read(case, np.random.default_rng(seed)).inputs for seed, case in enumerate(phantom.cases())]
    again = build("annotation/phantom", subjects=6, pictures=2, size=64)
    for case, image in zip(again.cases(), images, strict=True):
        assert torch.equal(again.read(case, np.random.default_rng(9)).inputs.pixels, image.pixels)
        assert image.pixels.shape == (3, 64, 64) and torch.equal(image.pixels[0], image.pixels[2])
        assert torch.equal(image.pixels, (image.pixels * 255).round() / 255)
    assert len({image.pixels.sum().item() for image in images}) == 12
    assert not {case.group for case in phantom.cases()} & {case.group for case in other.cases()}
    outside = [bool((image.pixels[:, -1, 0] == 0).all() and (image.pixels[:, 0, 0] == 0).all()) for image in images]
    assert 0 < sum(outside) < 12


def test_phantom_shows_what_a_sonographer_would_measure() -> None:
    phantom = build("annotation/phantom", subjects=8, pictures=2, size=128)
    images = [phantom.read(case, np.random.default_rng(0)).inputs.pixels for case in phantom.cases()]
    assert all(float(image.max()) > 0.8 and 0.1 < float(image.mean()) < 0.6 for image in images)
    assert sum(dark_blob(image.numpy(), np.random.default_rng(0)) is not None for image in images) > 12
    with pytest.raises(UsageError):
        build("annotation/phantom", size=16)


def test_pictures_of_all_kinds_are_read_in_three_channels(tmp_path: Path) -> None:
    picture = Picture.fromarray(GREY)
    picture.save(tmp_path / "grey.png")
    picture.save(tmp_path / "grey.bmp")
    picture.convert("RGB").save(tmp_path / "rgb.png")
    picture.convert("RGBA").save(tmp_path / "rgba.png")
    picture.convert("P").save(tmp_path / "palette.png")
    picture.save(tmp_path / "grey.jpg", quality=100)
    Picture.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "wide.png")
    wanted = torch.from_numpy(GREY.astype(np.float32) / 255).expand(3, -1, -1)
    found = read_all(build("annotation/clean-images", root=tmp_path))
    assert len(found) == 7
    for name, sample in found.items():
        assert isinstance(sample, Sample), name
        assert torch.allclose(sample.inputs.pixels, wanted, atol=0.02 if name.endswith("jpg") else 1e-6), name


def test_colour_masks_and_broken_files_are_refused_by_name_and_the_rest_is_read(tmp_path: Path) -> None:
    colour = np.stack([GREY] * 3, axis=-1)
    colour[10:20, 10:30] = (220, 30, 20)
    Picture.fromarray(colour).save(tmp_path / "doppler.png")
    little = np.stack([GREY] * 3, axis=-1)
    little[0, :5] = (250, 250, 0)
    Picture.fromarray(little).save(tmp_path / "little.png")
    Picture.fromarray((GREY > 128).astype(np.uint8) * 255).save(tmp_path / "mask.png")
    Picture.fromarray(GREY[:20]).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "little.png").read_bytes()[:900])
    found = read_all(build("annotation/clean-images", root=tmp_path))
    said = {name: str(error) for name, error in found.items() if isinstance(error, DataError)}
    assert said.keys() == {"doppler.png", "mask.png", "small.png", "broken.png"}
    assert "6.5 % of its pixels are coloured" in said["doppler.png"] and "two values" in said["mask.png"]
    assert "64 x 20" in said["small.png"]
    allowed = read_all(build("annotation/clean-images", root=tmp_path, colour=0.1))["doppler.png"]
    assert isinstance(allowed, Sample) and allowed.inputs.pixels[0, 15, 15] == pytest.approx(220 / 255)


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", b"\0" * 128 + b"DICM" + b"\2\0"])
def test_of_files_called_dicom_that_are_none_each_is_a_case_with_its_reason(tmp_path: Path, content: bytes) -> None:
    for name in ("broken.dcm", "._broken.dcm"):
        (tmp_path / name).write_bytes(content)
    Picture.fromarray(GREY).save(tmp_path / "good.png")
    found = read_all(build("annotation/clean-images", root=tmp_path))
    assert isinstance(found["good.png"], Sample)
    assert found.keys() == {"broken.dcm", "good.png"}
    assert isinstance(found["broken.dcm"], DataError) and "broken.dcm" in str(found["broken.dcm"])


def test_larger_images_are_made_smaller_and_smaller_ones_stay(tmp_path: Path) -> None:
    Picture.fromarray(GREY).save(tmp_path / "a.png")
    Picture.fromarray(np.repeat(np.repeat(GREY, 4, 0), 2, 1)).save(tmp_path / "b.png")
    found = read_all(build("annotation/clean-images", root=tmp_path, size=64))
    shapes = {name: tuple(sample.inputs.pixels.shape) for name, sample in found.items() if isinstance(sample, Sample)}
    assert shapes == {"a.png": (3, 48, 64), "b.png": (3, 64, 43)}
    with pytest.raises(UsageError):
        build("annotation/clean-images", root=tmp_path, size=8)


def test_folders_are_patients_beneath_the_one_that_holds_them_all(tmp_path: Path) -> None:
    for name in ("images/one/a.png", "images/one/deep/b.png", "images/two/a.png", "images/c.png", "images/d.png", ".hidden/e.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Picture.fromarray(GREY).save(tmp_path / name)
    cases = build("annotation/clean-images", root=tmp_path).cases()
    sizes = sorted(Counter(case.group for case in cases).values())
    assert len(cases) == len({case.id for case in cases}) == 5 and sizes == [1, 1, 1, 2]
    alone = build("annotation/clean-images", root=tmp_path / "images" / "two").cases()
    assert len(alone) == 1


def test_a_folder_that_is_empty_or_missing_is_an_error(tmp_path: Path) -> None:
    for name in ("annotation/clean-images", "annotation/busi-clean", "annotation/real-pairs"):
        for root in (tmp_path, tmp_path / "gone"):
            with pytest.raises(DataError, match=root.name):
                build(name, root=root)


def dicom(path: Path, patient: str, frames: int = 1) -> None:
    """With a region of tissue and an overlay plane."""
    region = Header()
    region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 4, 2, 59, 45
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05
    pixels = np.stack([np.roll(GREY, frame, 1) for frame in range(frames)]) if frames > 1 else GREY
    header = write_dicom(path, pixels, PatientID=patient, SequenceOfUltrasoundRegions=[region])
    header.add_new(0x60000010, "US", GREY.shape[0])
    header.add_new(0x60000011, "US", GREY.shape[1])
    header.add_new(0x60000040, "CS", "G")
    header.add_new(0x60000050, "SS", [1, 1])
    header.add_new(0x60000100, "US", 1)
    header.add_new(0x60000102, "US", 0)
    header.add_new(0x60003000, "OW", b"\xff" * (GREY.size // 8))
    header.save_as(path, enforce_file_format=True)


def test_dicom_is_cut_to_its_tissue_without_overlays_and_grouped_by_patient(tmp_path: Path) -> None:
    for name, patient, frames in (("a.dcm", "one", 1), ("b.dcm", "one", 1), ("c", "two", 3)):
        dicom(tmp_path / name, patient, frames)
    Picture.fromarray(GREY).save(tmp_path / "d.png")
    dataset = build("annotation/clean-images", root=tmp_path)
    assert len({case.group for case in dataset.cases()}) == 3
    found = read_all(dataset)
    wanted = torch.from_numpy(GREY.astype(np.float32) / 255)
    for name in ("a.dcm", "b.dcm", "c"):
        sample = found[name]
        assert isinstance(sample, Sample)
        whole = wanted.roll(1, 1) if name == "c" else wanted
        assert torch.allclose(sample.inputs.pixels, whole[2:46, 4:60].expand(3, -1, -1), atol=1e-6), name
        assert sample.origin is not None and sample.origin.spacing == pytest.approx((0.5, 0.5))


def test_busi_without_what_its_index_calls_annotated(tmp_path: Path) -> None:
    BusiClean.write_stub(tmp_path, 6, 0)
    with pytest.warns(UserWarning, match=r"2 of 8 images carry annotations.* left out: benign \(2\), malignant \(1\)$"):
        dataset = build("annotation/busi-clean", root=tmp_path)
    ids = [case.id for case in dataset.cases()]
    assert ids == ["busi-benign-1", "busi-benign-3", "busi-malignant-2", "busi-malignant-3", "busi-normal-1", "busi-normal-2"]
    assert all(dataset.read(case, np.random.default_rng(0)).inputs.pixels.shape == (3, 80, 96) for case in dataset.cases())


@pytest.mark.filterwarnings("ignore:BUSI")
def test_busi_images_that_nobody_knows_of_are_counted_and_masks_are_none(tmp_path: Path) -> None:
    BusiClean.write_stub(tmp_path, 6, 0)
    home = tmp_path / "Dataset_BUSI_with_GT"
    shutil.copy(home / "benign" / "benign (1).png", home / "benign" / "benign (9).png")
    shutil.copy(home / "benign" / "benign (1).png", home / "benign" / "benign (1)_mask.png")
    (home / "normal" / "normal (1).png").unlink()
    dataset = build("annotation/busi-clean", root=tmp_path, size=48)
    found = read_all(dataset)
    said = {name: str(each) for name, each in found.items() if isinstance(each, DataError)}
    assert said.keys() == {"benign (9).png", "normal (1).png"} and len(found) == 7
    assert "does not list it" in said["benign (9).png"] and "not there" in said["normal (1).png"]
    (tmp_path / "index.csv").rename(tmp_path / "elsewhere.csv")
    with pytest.raises(DataError, match="nobody knows which images are annotated"):
        build("annotation/busi-clean", root=tmp_path)
    assert len(build("annotation/busi-clean", root=tmp_path, index=tmp_path / "elsewhere.csv").cases()) == 7


def test_a_folder_that_is_busi_is_read_without_what_is_annotated(tmp_path: Path) -> None:
    BusiClean.write_stub(tmp_path, 6, 0)
    with pytest.warns(UserWarning, match="2 of 8 images carry annotations"):
        found, wanted = CleanImages(tmp_path), BusiClean(tmp_path)
    assert list(found.cases()) == list(wanted.cases()) and len(found.cases()) == 6
    for case in found.cases():
        rng = np.random.default_rng(0)
        assert torch.equal(found.read(case, rng).inputs.pixels, wanted.read(case, rng).inputs.pixels)
    # A table of something else says nothing of annotations.
    (tmp_path / "index.csv").write_text("image,age\na,1\n", encoding="utf-8")
    assert len(CleanImages(tmp_path).cases()) == 8


def test_images_that_show_the_same_are_one_group_of_busi(tmp_path: Path) -> None:
    (tmp_path / "benign").mkdir()
    (tmp_path / "malignant").mkdir()
    rows = ["image,has_colour,plus_calipers_n,group"]
    for number, group in ((1, "x"), (2, "x"), (3, "")):
        Picture.fromarray(GREY).save(tmp_path / "benign" / f"benign ({number}).png")
        rows.append(f"benign/benign ({number}).png,0,0,{group}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    first, second, third = (case.group for case in build("annotation/busi-clean", root=tmp_path).cases())
    assert first == second != third


def write_pair(root: Path, row: str) -> None:
    clean = np.clip(GREY, 0, 120)
    noisy = np.roll(clean, (-3, 2), (0, 1)).astype(np.int64) + 2
    noisy[20, 20:30] = 250
    Picture.fromarray(clean).save(root / "clean.png")
    Picture.fromarray(noisy.astype(np.uint8)).save(root / "noisy.png")
    (root / "pairs.csv").write_text(f"annotated,clean,dy,dx,annotation\n{row}\n")


def test_a_real_pair_is_laid_over_one_another_and_differs_where_something_was_drawn(tmp_path: Path) -> None:
    write_pair(tmp_path, "noisy.png,clean.png,3,-2,radial-line")
    dataset = build("annotation/real-pairs", root=tmp_path)
    (case,) = dataset.cases()
    sample = dataset.read(case, np.random.default_rng(0))
    assert case.attributes == {"annotation": "radial-line"} and dataset.single_subject
    noisy, clean = sample.inputs, sample.reference.pixels
    assert isinstance(noisy, Annotated) and noisy.marks is not None and noisy.clean is not None
    assert noisy.pixels.shape == clean.shape == (3, 45, 62)
    assert noisy.marks.nonzero().tolist() == [[20, column] for column in range(18, 28)]
    assert set(noisy.marks.flatten().tolist()) == {0, 2} and torch.equal(noisy.clean, clean)
    drawn = noisy.marks > 0
    assert torch.equal((noisy.pixels != clean).any(0), drawn)
    assert torch.allclose(clean[0, drawn] * 255, torch.from_numpy(np.clip(GREY, 0, 120)[23, 18:28]).float())


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("noisy.png,clean.png,x,0,", "whole numbers"),
        ("noisy.png,../clean.png,3,-2,", "no path"),
        ("noisy.png,clean.png,3", "line 2"),
        ("noisy.png,clean.png,40,0,", "shows nothing of it"),
        ("noisy.png,noisy.png,0,0,", "shows nothing that"),
        ("noisy.png,gone.png,3,-2,", "gone.png"),
    ],
)
def test_pairs_that_are_none_are_refused_by_name(tmp_path: Path, row: str, word: str) -> None:
    write_pair(tmp_path, row)
    with pytest.raises(DataError, match=word):
        dataset = build("annotation/real-pairs", root=tmp_path)
        dataset.read(dataset.cases()[0], np.random.default_rng(0))


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:BUSI")
def test_busi_as_it_is_and_its_real_pair(real_data: Path) -> None:
    root = real_data / "breast-ultrasound"
    if not root.is_dir():
        pytest.skip("no breast-ultrasound in the real data")
    clean = build("annotation/busi-clean", root=root, size=256)
    refused = [name for name, each in read_all(clean).items() if isinstance(each, DataError)]
    assert len(clean.cases()) == 60 and not refused
    pairs = build("annotation/real-pairs", root=root)
    sample = pairs.read(pairs.cases()[0], np.random.default_rng(0))
    assert sample.inputs.pixels.shape == (3, 469, 561)
    drawn = sample.inputs.marks > 0
    assert 0.003 < float(drawn.float().mean()) < 0.0036
    # Three of the four crosses, as the folder's index has them for the annotated image.
    for row, column in ((192, 469), (199, 221), (283, 347)):
        assert drawn[row - 2 : row + 3, column - 5 : column].any()

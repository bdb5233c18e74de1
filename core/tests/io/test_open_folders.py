"""What `open_images` says of files in a folder that are no images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from medai.errors import DataError
from medai.io import open_images, write_image
from medai.tasks import Image, Origin

Writer = Callable[..., Path]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_image(tmp_path / "a.png", Image(torch.zeros(1, 8, 8), "0..1"))


def test_files_that_are_not_taken_are_named_once(picture: Path) -> None:
    for name in ("b.gif", "c.txt", "d.txt", "e.txt", "f.txt", ".hidden"):
        (picture.parent / name).write_text("x")
    (picture.parent / ".git").mkdir()
    (picture.parent / ".git" / "config").write_text("x")
    with pytest.warns(UserWarning, match="not taken") as said:
        assert len(open_images([picture.parent]).cases()) == 1
    (warning,) = said
    assert str(warning.message) == "5 files not taken, as no image that can be read: b.gif, c.txt, d.txt and 2 more"


@pytest.mark.filterwarnings("error")
def test_nothing_is_said_of_pixels_beside_their_header(write_slice: Writer, tmp_path: Path) -> None:
    for name in ("a.mhd", "b.nhdr"):
        (tmp_path / name).write_text("x")
    for name in ("a.raw", "b.raw.gz"):
        (tmp_path / name).write_text("x")
    assert len(open_images([tmp_path]).cases()) == 2


@pytest.mark.filterwarnings("error")
def test_a_dicom_file_without_content_is_a_case_that_fails(picture: Path) -> None:
    (picture.parent / "zero.dcm").touch()
    (picture.parent / "text.DCM").write_text("x")
    data = open_images([picture.parent])
    reasons = []
    for case in data.cases():
        try:
            data.read(case, np.random.default_rng(0))
        except DataError as error:
            reasons.append((error.path and error.path.name, error.reason.split(":")[0]))
    assert sorted(reasons, key=str) == [("text.DCM", "not an image"), ("zero.dcm", "is an empty file")]


def test_a_passed_over_copy_is_not_said_to_be_no_image(write_slice: Writer, tmp_path: Path) -> None:
    content = write_slice(tmp_path / "b.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(content[:-100])
    with pytest.warns(UserWarning, match="copies") as said:
        data = open_images([tmp_path])
    assert len(said) == 1
    (case,) = data.cases()
    sample = data.read(case, np.random.default_rng(0))
    assert isinstance(sample.origin, Origin) and [path.name for path in sample.origin.files] == ["b.dcm"]


def test_a_folder_without_images_hears_of_every_suffix(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds no image: neither DICOM nor .*\.png.*\.bmp.*\.tiff"):
        open_images([tmp_path])

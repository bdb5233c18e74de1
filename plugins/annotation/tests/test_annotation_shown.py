"""Images are read as a viewer shows them: DICOM through its window, and what is all dark not without a word."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Picture
from ultrasound_dicom import write_dicom

from medai.api import build
from medai.io import read_image
from medai_annotation.datasets.clean_images import CleanImages
from medai_annotation.datasets.shown import read_shown

STORED = (np.arange(48 * 64).reshape(48, 64) * 1.3).astype(np.uint16)  # 12 bits, in a file of 16


def test_dicom_is_read_through_its_window(tmp_path: Path) -> None:
    stored = torch.from_numpy(STORED.astype(np.float64))
    # DICOM PS3.3, C.11.2.1.2: LINEAR, of centre 2048 and width 4096, is x / 4095.
    linear = (stored / 4095).clamp(0, 1)
    exact = ((stored - 1000) / 1000).clamp(0, 1)
    soft = 1 / (1 + torch.exp(-4 * (stored - 1500) / 1000))
    scaled = {"RescaleSlope": 2, "RescaleIntercept": -100, "WindowCenter": 3900, "WindowWidth": 2000}  # 2 x - 100 from 2900 to 4900
    wide = {"WindowCenter": [2048, 40], "WindowWidth": [4096, 80]}
    middle = {"WindowCenter": 1500, "WindowWidth": 1000}
    for name, elements, wanted in (
        ("linear", wide, linear),
        ("exact", middle | {"VOILUTFunction": "LINEAR_EXACT"}, exact),
        ("sigmoid", middle | {"VOILUTFunction": "SIGMOID"}, soft),
        ("scaled", scaled | {"VOILUTFunction": "LINEAR_EXACT"}, ((stored - 1500) / 1000).clamp(0, 1)),
        ("turned", wide | {"PhotometricInterpretation": "MONOCHROME1"}, 1 - linear),
    ):
        path = tmp_path / f"{name}.dcm"
        write_dicom(path, STORED, **elements)
        found = read_shown(path)
        assert found.unit == "0..1" and torch.allclose(found.pixels[0].double(), wanted, atol=2e-5), name
    for name, width in (("without", None), ("none", 0)):
        path = tmp_path / f"{name}.dcm"
        write_dicom(path, STORED, **({} if width is None else {"WindowCenter": 5, "WindowWidth": width}))
        assert torch.equal(read_shown(path).pixels, read_image(path).pixels), name


def test_training_and_prediction_see_the_same(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", STORED, WindowCenter=2048, WindowWidth=4096)
    trained, asked = build("annotation/clean-images", root=tmp_path), CleanImages.unlabelled([tmp_path])
    images = [dataset.read(dataset.cases()[0], np.random.default_rng(0)).inputs.pixels for dataset in (trained, asked)]
    assert images[1].max() > 0.9 and torch.equal(images[0], images[1].expand(3, -1, -1))


def test_an_image_that_is_all_dark_is_named(tmp_path: Path) -> None:
    Picture.fromarray(STORED).save(tmp_path / "twelve.png")
    Picture.fromarray(STORED * 16).save(tmp_path / "sixteen.png")
    write_dicom(tmp_path / "MILLER.dcm", STORED)
    asked = CleanImages.unlabelled([tmp_path])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        names = {asked.read(case, np.random.default_rng(0)).origin.files[0].name: case.id for case in asked.cases()}  # type: ignore[union-attr]
    texts = sorted(str(item.message) for item in said)
    assert len(texts) == 2 and texts[0].startswith(f"{names['MILLER.dcm']}: its brightest pixel is at 6.1 %")
    assert texts[1].startswith("twelve.png: its brightest pixel is at 6.1 % of the range")

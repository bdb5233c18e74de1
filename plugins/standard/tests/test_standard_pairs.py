"""Images as they are and as they should be: partners, and noise where there are none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from standard_files import GREY, Make, lost, picture, read

from medai.errors import DataError, UsageError
from medai_standard.datasets.pairs import ImagePairs


class TestPairs:
    def test_the_agreement_with_the_stub_is_that_of_speckle(self, stub: Make) -> None:
        sample = read(ImagePairs(stub(ImagePairs)))
        assert 0.05 < float((sample.inputs.pixels - sample.reference.pixels).abs().mean()) < 0.3

    def test_noise_where_there_is_no_clean_folder(self, tmp_path: Path) -> None:
        picture(tmp_path / "images" / "a.png", np.full((40, 50), 128))
        dataset = ImagePairs(tmp_path, noise=0.05)
        first, again, other = read(dataset, 0, 1), read(dataset, 0, 1), read(dataset, 0, 2)
        assert torch.equal(first.inputs.pixels, again.inputs.pixels) and not torch.equal(first.inputs.pixels, other.inputs.pixels)
        assert float((first.inputs.pixels - first.reference.pixels).std()) == pytest.approx(0.05, rel=0.1)
        assert torch.equal(first.reference.pixels, again.reference.pixels) and first.inputs.origin is not None

    def test_noise_in_hu_is_a_part_of_the_window(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir()
        np.save(tmp_path / "images" / "a.npy", np.zeros((40, 50), np.float32))
        with pytest.raises(DataError, match="noise in no unit: say by `window`"):
            read(ImagePairs(tmp_path))
        sample = read(ImagePairs(tmp_path, noise=0.1, window=(-200.0, 200.0)))
        assert float(sample.inputs.pixels.std()) == pytest.approx(40, rel=0.1)

    def test_partners(self, tmp_path: Path) -> None:
        picture(tmp_path / "images" / "a.png", GREY)
        picture(tmp_path / "clean" / "a.png", np.zeros((5, 5)))
        with pytest.raises(DataError, match=r"clean/a\.png: 1 x 5 x 5 in 0\.\.1 for an image of 1 x 6 x 8"):
            read(ImagePairs(tmp_path))
        picture(tmp_path / "clean" / "a.png", GREY)
        picture(tmp_path / "clean" / "b.png", GREY)
        picture(tmp_path / "images" / "c.png", GREY)
        assert lost(ImagePairs(tmp_path)) == [
            f"{tmp_path / 'clean' / 'b.png'}: has no partner in images/",
            f"{tmp_path / 'images' / 'c.png'}: has no partner in clean/",
        ]

    @pytest.mark.parametrize("given", [{"noise": 0.0}, {"window": (1.0, 1.0)}])
    def test_parameters_out_of_range(self, tmp_path: Path, given: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            ImagePairs(tmp_path, **given)


@pytest.mark.realdata
def test_dicom_is_grouped_by_its_patient(real_data: Path, tmp_path: Path) -> None:
    found = sorted((real_data / "ct" / "covid-19-ny-sbu").rglob("*.dcm"))
    (tmp_path / "images").mkdir()
    for number, path in enumerate(found):
        shutil.copy(path, tmp_path / "images" / f"{number}.dcm")
    dataset = ImagePairs(tmp_path, noise=0.02)
    assert len(dataset.cases()) == len(found) and len({case.group for case in dataset.cases()}) == 5
    sample = read(dataset)
    assert sample.inputs.unit == "HU" and 7 < float((sample.inputs.pixels - sample.reference.pixels).std()) < 9

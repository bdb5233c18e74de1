"""Pairs of arrays, in the layouts of public code."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from medai.errors import DataError, UsageError
from medai.io import pseudonym
from medai_ldct.datasets.paired_npy import PairedNpy

RNG = np.random.default_rng(0)


def hu(seed: int = 0, size: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1000, 400, (size, size)).astype(np.float32)


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """As public code of RED-CNN writes it: scaled to 0..1, one folder."""
    for patient in ("L067", "L096"):
        for number in (0, 2, 10):
            for word in ("input", "target"):
                np.save(tmp_path / f"{patient}_{number}_{word}.npy", (hu(number, 16) + 1024) / 4096)
    return tmp_path


def test_the_stub_is_read_in_hu(tmp_path: Path) -> None:
    PairedNpy.write_stub(tmp_path, n=5, seed=0)
    dataset = PairedNpy(tmp_path)
    assert len(dataset.cases()) == 5 and {case.group for case in dataset.cases()} == {pseudonym("A01"), pseudonym("A02")}
    for case in dataset.cases():
        sample = dataset.read(case, RNG)
        assert sample.reference is not None and sample.inputs.unit == sample.reference.unit == "HU"
        assert 10 < float((sample.inputs.pixels - sample.reference.pixels).std()) < 30


def test_scaled_files_are_put_in_hu_and_grouped_by_patient(flat: Path) -> None:
    dataset = PairedNpy(flat)
    cases = dataset.cases()
    assert [case.group for case in cases] == [pseudonym("L067")] * 3 + [pseudonym("L096")] * 3
    for case, seed in zip(cases, (0, 2, 10) * 2, strict=True):
        sample = dataset.read(case, RNG)
        # Slices are in order of number, not of text.
        assert torch.allclose(sample.inputs.pixels[0], torch.from_numpy(hu(seed)), atol=1e-2) and sample.inputs.unit == "HU"
    other = PairedNpy(flat, scaled=(0.0, 1000.0))
    assert float(other.read(other.cases()[0], RNG).inputs.pixels.min()) > 0
    with pytest.raises(UsageError, match="scaled"):
        PairedNpy(flat, scaled=(1.0, 1.0))


def test_names_without_a_patient_are_one_patients(tmp_path: Path) -> None:
    for folder in ("low", "normal"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            np.save(tmp_path / folder / f"{number:04d}.npy", hu(number))
    assert len({case.group for case in PairedNpy(tmp_path).cases()}) == 1


def test_files_without_a_partner_are_named(flat: Path, tmp_path: Path) -> None:
    (flat / "L067_2_target.npy").unlink()
    with pytest.raises(DataError, match=r"L067_2_input.npy: has no partner L067_2_target.npy \(1 of 6 files have none\)"):
        PairedNpy(flat)
    PairedNpy.write_stub(tmp_path / "folders", n=4, seed=0)
    shutil.rmtree(tmp_path / "folders" / "low" / "A02")
    with pytest.raises(DataError, match=r"normal/A02/000.npy: has no partner in low/"):
        PairedNpy(tmp_path / "folders")
    shutil.rmtree(tmp_path / "folders" / "low")
    shutil.rmtree(tmp_path / "folders" / "normal")
    with pytest.raises(DataError, match=r"are expected; it holds nothing"):
        PairedNpy(tmp_path / "folders")


@pytest.mark.parametrize(
    ("low", "normal", "said"),
    [
        (hu(0, 16), hu(0, 12), "is 16 x 16, 1_target.npy is 12 x 12"),
        (hu() + 1024, hu() + 1024, "neither in HU"),
        ((hu() + 1024) / 4096, hu(), "1_input.npy: its values lie between -1 and 9, as scaled ones do, those of 1_target.npy do not"),
        (hu(), (hu() + 1000) / 4096, "1_target.npy: its values lie between -1 and 9"),
        (hu() * 1e6, hu(), r"1_input.npy: is not in HU: its values go from -9.96.*e\+08 to "),
        (np.stack([hu(), hu()]), hu(), "a slice of two axes is wanted"),
    ],
    ids=["size", "stored values", "scaled input", "scaled target, partly negative", "no HU at all", "volume"],
)
def test_a_pair_that_is_none_is_a_bad_case(tmp_path: Path, low: np.ndarray, normal: np.ndarray, said: str) -> None:
    np.save(tmp_path / "1_input.npy", low)
    np.save(tmp_path / "1_target.npy", normal)
    dataset = PairedNpy(tmp_path)
    with pytest.raises(DataError, match=said):
        dataset.read(dataset.cases()[0], RNG)


def test_a_slice_of_soft_tissue_in_hu_is_not_taken_as_scaled(tmp_path: Path) -> None:
    for word in ("input", "target"):
        np.save(tmp_path / f"1_{word}.npy", np.linspace(-5, 60, 64, dtype=np.float32).reshape(8, 8))
    dataset = PairedNpy(tmp_path)
    assert float(dataset.read(dataset.cases()[0], RNG).inputs.pixels.max()) == 60

"""The phantom: plausible values, varied subjects, nothing left to chance."""

import numpy as np
import pytest
import torch

from medai.errors import UsageError
from medai_ldct.datasets.phantom import Phantom


def test_a_slice_depends_on_seed_and_case_alone() -> None:
    first = Phantom(subjects=2, slices=2, size=64, seed=3)
    again = Phantom(subjects=5, slices=2, size=64, seed=3)
    case = first.cases()[1]
    pixels = first.read(case, np.random.default_rng(1)).inputs.pixels
    assert torch.equal(pixels, again.read(case, np.random.default_rng(2)).inputs.pixels)
    assert not torch.equal(pixels, Phantom(subjects=2, slices=2, size=64, seed=4).read(case, np.random.default_rng(1)).inputs.pixels)


def test_subjects_are_groups_and_differ() -> None:
    phantom = Phantom(subjects=4, slices=3, size=64)
    cases = phantom.cases()
    assert len({case.id for case in cases}) == 12 and len({case.group for case in cases}) == 4
    areas = {int((phantom.read(case, np.random.default_rng(0)).inputs.pixels > -300).sum()) for case in cases if case.id.endswith("-000")}
    assert len(areas) == 4


@pytest.mark.parametrize("size", [64, 256])
def test_the_body_holds_what_an_abdomen_holds(size: int) -> None:
    phantom = Phantom(subjects=2, slices=3, size=size)
    for case in phantom.cases():
        sample = phantom.read(case, np.random.default_rng(0))
        hu = sample.inputs.pixels
        assert hu.shape == (1, size, size) and hu.dtype == torch.float32 and sample.inputs.unit == "HU" and sample.reference is None
        assert bool(torch.isfinite(hu).all()) and hu.min() >= -1024 and hu.max() < 1500
        body = float((hu > -300).float().mean())
        assert 0.25 < body < 0.75
        within = hu[hu > -300]
        for name, low, high, least in (
            ("fat", -140, -70, 0.05),
            ("organs", 80, 140, 0.15),
            ("contrast", 130, 230, 0.02),
            ("bone", 250, 1200, 0.005),
        ):
            assert float(((within > low) & (within < high)).float().mean()) > least, name
        edge = torch.cat([hu[0, 0], hu[0, :, 0], hu[0, :, -1]])
        assert float(edge.max()) < -900


def test_gas_lies_above_contents() -> None:
    hu = Phantom(size=128).read(Phantom(size=128).cases()[0], np.random.default_rng(0)).inputs.pixels[0]
    rows = torch.arange(128.0)[:, None].expand(128, 128)
    inner = (rows > 30) & (rows < 98) & (rows.T > 30) & (rows.T < 98)
    gas = inner & (hu < -700)
    assert int(gas.sum()) > 0
    assert float(rows[gas].mean()) < 64


def test_the_place_is_in_millimetres() -> None:
    phantom = Phantom(size=200)
    origin = phantom.read(phantom.cases()[0], np.random.default_rng(0)).origin
    assert origin is not None and origin.spacing == (2.0, 2.0) and origin.affine is not None
    middle = origin.affine @ [99.5, 99.5, 0, 1]
    assert middle[:2] == pytest.approx([0, 0])


def _with_and_without(size: int, noise: float) -> tuple[torch.Tensor, torch.Tensor]:
    noisy, clean = (Phantom(subjects=1, slices=1, size=size, noise=level) for level in (noise, 0.0))
    case = noisy.cases()[0]
    first, second = (phantom.read(case, np.random.default_rng(0)).inputs.pixels[0] for phantom in (noisy, clean))
    return first, second


@pytest.mark.parametrize("level", [5.0, 10.0])
def test_the_scans_own_noise_is_as_large_as_is_asked_for(level: float) -> None:
    noisy, clean = _with_and_without(128, level)
    organs = (clean > 0) & (clean < 200)
    assert float((noisy - clean)[organs].std()) == pytest.approx(level, rel=0.02)
    assert abs(float((noisy - clean)[organs].mean())) < 0.1 * level
    with pytest.raises(UsageError, match="noise"):
        Phantom(noise=-1)


def test_the_scans_own_noise_looks_like_that_of_back_projection() -> None:
    noisy, clean = _with_and_without(256, 10.0)
    made = (noisy - clean)[80:176, 80:176]
    power = torch.fft.fft2(made).abs().square()
    radius = torch.hypot(torch.fft.fftfreq(96)[:, None], torch.fft.fftfreq(96)[None, :])
    low, mid = (float(power[(radius > a) & (radius <= b)].mean()) for a, b in ((0.0, 0.04), (0.15, 0.25)))
    assert low < 0.5 * mid


def test_tissue_has_texture_of_its_own() -> None:
    _, clean = _with_and_without(256, 0.0)
    deviations = [
        float(patch.std())
        for patch in clean.unfold(0, 12, 12).unfold(1, 12, 12).reshape(-1, 12, 12)
        if 80 < float(patch.mean()) < 130 and float(patch.min()) > 40 and float(patch.max()) < 190
    ]
    assert len(deviations) > 10
    assert 3 < sorted(deviations)[len(deviations) // 2] < 15

"""Noise of low dose: its size, its look, and that it is a fixed measurement."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Case, Image, Origin, Sample
from medai_ldct.datasets.ct import Ct
from medai_ldct.datasets.phantom import Phantom
from medai_ldct.datasets.simulated import Simulated
from medai_ldct.physics import Acquisition, calibrated, noise, psnr

ELLIPSE = (150.0, 75.0)


class Slices:
    """A dataset of given slices, each its own group."""

    def __init__(self, *slices: torch.Tensor, unit: str = "HU", spacing: tuple[float, ...] = (1.5, 1.5)) -> None:
        self._slices, self._unit, self._spacing = slices, unit, spacing

    def cases(self) -> list[Case]:
        return [Case(f"s{number}", f"g{number}", attributes={"scanner": "none"}) for number in range(len(self._slices))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        return Sample(case, Image(self._slices[int(case.id[1:])], self._unit), None, Origin((), None, self._spacing))


def ellipse(size: int = 224, spacing: float = 1.5, half: tuple[float, float] = ELLIPSE) -> torch.Tensor:
    """Water in air, wider than deep unless half its width and depth (mm) say otherwise."""
    axis = (torch.arange(size) - (size - 1) / 2) * spacing
    return torch.where((axis[None, :] / half[0]) ** 2 + (axis[:, None] / half[1]) ** 2 < 1, 20.0, -1000.0)


def scan(hu: torch.Tensor, seed: int = 1, electronic_noise: float = 0.0) -> Acquisition:
    return Acquisition.of(hu, (1.5, 1.5), views=300, electronic_noise=electronic_noise, rng=lambda: np.random.default_rng(seed))


def middle(image: torch.Tensor, half: int = 24) -> torch.Tensor:
    rows, columns = image.shape[-2] // 2, image.shape[-1] // 2
    return image[..., rows - half : rows + half, columns - half : columns + half]


def test_variance_goes_as_one_over_the_dose() -> None:
    # The noise is correlated over many pixels, so that one region's variance is off by a tenth: over twelve scans, by a thirtieth.
    scans = [scan(ellipse(), seed) for seed in range(12)]
    full, quarter = (torch.stack([middle(noise(each, photons)) for each in scans]).var() for photons in (4e6, 1e6))
    assert float(quarter / full) == pytest.approx(4, rel=0.1)


def test_noise_has_no_bias_at_many_photons_and_more_in_the_middle() -> None:
    made = torch.stack([noise(scan(ellipse(half=(140.0, 140.0)), seed), 1e6) for seed in range(4)])
    assert abs(float(middle(made).mean())) < 0.05 * float(middle(made).std())
    rim = made[:, 112 - 12 : 112 + 12, 20:32]
    assert middle(made, 12).std() > 1.3 * rim.std()


def test_noise_power_falls_at_low_frequency() -> None:
    power = torch.stack([torch.fft.fft2(middle(noise(scan(ellipse(), seed), 1e6))).abs().square() for seed in range(6)]).mean(0)
    radius = torch.hypot(torch.fft.fftfreq(48)[:, None], torch.fft.fftfreq(48)[None, :])
    low, mid, high = (float(power[(radius > a) & (radius <= b)].mean()) for a, b in ((0.0, 0.04), (0.15, 0.25), (0.45, 0.5)))
    assert low < 0.4 * mid
    assert high < mid


def test_streaks_run_along_the_thick_direction() -> None:
    # Rays along the wide axis lose most photons; their noise varies across them, that is from row to row.
    made = middle(noise(scan(ellipse()), 2e5))
    across_rows = made.diff(dim=0).var()
    across_columns = made.diff(dim=1).var()
    assert across_rows > 2 * across_columns


def test_electronics_add_noise_where_photons_are_few() -> None:
    quiet, loud = (middle(noise(scan(ellipse(), electronic_noise=variance), 2e4)).std() for variance in (0.0, 100.0))
    assert loud > 1.1 * quiet


@pytest.mark.parametrize("subject", range(3))
def test_a_quarter_of_the_dose_is_calibrated(subject: int) -> None:
    source = Phantom(subjects=3, slices=2, size=128)
    case = source.cases()[2 * subject]
    sample = Simulated(source).read(case, np.random.default_rng(0))
    assert sample.reference is not None
    assert psnr(sample.inputs.pixels, sample.reference.pixels) == pytest.approx(28.5, abs=0.5)


def test_other_doses_follow_from_the_same_count() -> None:
    source = Phantom(subjects=1, slices=1, size=128)
    case = source.cases()[0]
    figures = []
    for dose in (1.0, 0.25, 0.05):
        sample = Simulated(source, dose=dose).read(case, np.random.default_rng(0))
        assert sample.reference is not None and sample.case.attributes["dose"] == dose
        figures.append(psnr(sample.inputs.pixels, sample.reference.pixels))
    assert figures[0] > 33 and figures[2] < 24
    assert figures[0] > figures[1] > figures[2]


def test_the_measurement_is_fixed() -> None:
    source = Phantom(subjects=2, slices=1, size=128)
    first, second = source.cases()
    view = Simulated(source)
    once, again = (view.read(first, np.random.default_rng(seed)).inputs.pixels for seed in (1, 2))
    assert torch.equal(once, again)
    other_seed = Simulated(source, seed=1).read(first, np.random.default_rng(1)).inputs.pixels
    assert not torch.equal(once, other_seed)
    reference = view.read(second, np.random.default_rng(1)).reference
    assert reference is not None and torch.equal(reference.pixels, source.read(second, np.random.default_rng(0)).inputs.pixels)


def test_group_attributes_and_place_are_kept() -> None:
    view = Simulated(Slices(ellipse(96, 3.0)[None], spacing=(3.0, 3.0)), dose=0.5)
    (case,) = view.cases()
    assert (case.id, case.group, dict(case.attributes)) == ("s0", "g0", {"scanner": "none", "dose": 0.5})
    sample = view.read(case, np.random.default_rng(0))
    assert sample.case == case
    assert sample.origin is not None and sample.origin.spacing == (3.0, 3.0)
    assert sample.inputs.pixels.dtype == torch.float32 and sample.inputs.pixels.min() >= -1024


def test_given_photons_are_used_as_they_are() -> None:
    source = Slices(ellipse(96, 3.0)[None], spacing=(3.0, 3.0))
    few, many = (Simulated(source, photons=photons).read(source.cases()[0], np.random.default_rng(0)) for photons in (2e4, 2e6))
    assert few.reference is not None and many.reference is not None
    assert psnr(few.inputs.pixels, few.reference.pixels) < psnr(many.inputs.pixels, many.reference.pixels) - 10


def test_what_is_not_a_slice_in_hu_is_refused() -> None:
    for pixels, unit in ((torch.zeros(1, 8, 64, 64), "HU"), (torch.zeros(1, 64, 64), "0..1")):
        source = Slices(pixels, unit=unit)
        with pytest.raises(DataError, match="HU"):
            Simulated(source).read(source.cases()[0], np.random.default_rng(0))
    with pytest.raises(UsageError, match="dose"):
        Simulated(source, dose=0)


def test_a_figure_that_no_dose_gives_is_an_error() -> None:
    # Inside the window no two values are further apart than its width, so PSNR is never below 0 dB.
    with pytest.raises(ValueError, match="no photon count"):
        calibrated(scan(ellipse(64, 5.0)), ellipse(64, 5.0), target=-20.0)


def test_psnr_is_of_the_window() -> None:
    reference = torch.tensor([[0.0, 1000.0]])
    assert psnr(reference + torch.tensor([[20.0, 500.0]]), reference) == pytest.approx(20 * math.log10(400 / (20 / math.sqrt(2))))


@pytest.mark.realdata
def test_real_scans_at_a_quarter_of_the_dose_are_calibrated() -> None:
    home = Path(os.environ.get("MEDAI_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ct" / "covid-19-ny-sbu"
    if not home.is_dir():
        pytest.skip(f"no real data at {home}")
    view = Simulated(Ct(home))
    first = {case.group: case for case in reversed(view.cases())}
    chosen = [first[group] for group in sorted(first)][:3]
    assert len(chosen) == 3
    for case in chosen:
        sample = view.read(case, np.random.default_rng(0))
        assert sample.reference is not None
        assert psnr(sample.inputs.pixels, sample.reference.pixels) == pytest.approx(28.5, abs=0.5)

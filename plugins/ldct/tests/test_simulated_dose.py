"""What simulated noise must be physically: its size by dose, its spectrum, its direction; and one count of photons for all doses."""

import numpy as np
import pytest
import torch

from medai.tasks import Case, Image, Origin, Sample
from medai_ldct.datasets import simulated
from medai_ldct.datasets.simulated import Simulated
from medai_ldct.physics import Acquisition, calibrated, noise, psnr
from medai_ldct.physics.exposure import TABLE_1

SPACING = 1.5
RNG = np.random.default_rng(0)
DOSES = [row.fraction for row in TABLE_1 if row.fraction < 1]


def body(half: tuple[float, float], size: int = 160) -> torch.Tensor:
    """Water in air, half as wide and deep as said in mm, with an insert off its middle."""
    axis = (torch.arange(size) - (size - 1) / 2) * SPACING
    hu = torch.where((axis[None, :] / half[0]) ** 2 + (axis[:, None] / half[1]) ** 2 < 1, 20.0, -1000.0)
    return torch.where((axis[None, :] - 30) ** 2 + (axis[:, None] - 20) ** 2 < 100, 80.0, hu)


class OneSlice:
    """A dataset of one slice."""

    def __init__(self, hu: torch.Tensor) -> None:
        self._hu = hu

    def cases(self) -> list[Case]:
        return [Case("s", "g")]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        return Sample(case, Image(self._hu[None], "HU"), None, Origin((), None, (SPACING, SPACING)))


def scan(hu: torch.Tensor, seed: int = 0) -> Acquisition:
    return Acquisition.of(hu, (SPACING, SPACING), views=240, electronic_noise=0.0, rng=lambda: np.random.default_rng(seed))


def middle(image: torch.Tensor, half: int) -> torch.Tensor:
    rows, columns = image.shape[-2] // 2, image.shape[-1] // 2
    return image[..., rows - half : rows + half, columns - half : columns + half]


def read(**parameters: float) -> Sample[Image, Image]:
    view = Simulated(OneSlice(body((90.0, 70.0))), views=240, **parameters)  # type: ignore[arg-type]
    return view.read(view.cases()[0], RNG)


def added(**parameters: float) -> torch.Tensor:
    """Noise in the middle, where nothing is cut off at air."""
    sample = read(**parameters)
    assert sample.reference is not None
    return middle(sample.inputs.pixels - sample.reference.pixels, 24)


@pytest.mark.parametrize("dose", DOSES)
def test_photons_are_set_at_a_quarter_of_the_dose_and_the_others_follow_from_them(dose: float, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []

    def watched(acquisition: Acquisition, hu: torch.Tensor) -> tuple[float, torch.Tensor]:
        photons, made = calibrated(acquisition, hu)
        counts.append(photons)
        return photons, made

    monkeypatch.setattr(simulated, "calibrated", watched)
    read(dose=0.25)
    followed = read(dose=dose).inputs.pixels
    assert counts == [counts[0]] * 2
    assert torch.allclose(followed, read(dose=dose, photons=4 * counts[0]).inputs.pixels, atol=1e-3)


def test_variance_goes_as_one_over_the_dose_of_the_table() -> None:
    sizes = {
        dose: float(torch.stack([added(dose=dose, seed=seed, electronic_noise=0.0, photons=2e6) for seed in range(6)]).var())
        for dose in DOSES
    }
    for dose in DOSES:
        assert sizes[dose] * dose == pytest.approx(sizes[0.25] * 0.25, rel=0.15)


def test_each_halving_of_the_dose_costs_three_decibels() -> None:
    found = {}
    for dose in DOSES:
        sample = read(dose=dose)
        assert sample.reference is not None
        found[dose] = psnr(sample.inputs.pixels, sample.reference.pixels)
    assert found[0.25] == pytest.approx(28.5, abs=0.5)
    assert found[0.5] - found[0.25] == pytest.approx(3.0, abs=0.5)
    # Where much noise leaves the window it costs less than 7 dB, electronics make it more.
    assert found[0.25] - found[0.05] == pytest.approx(7.0, abs=1.5)


def test_noise_power_rises_with_frequency_as_the_ramp_makes_it() -> None:
    half = 40
    window = torch.hann_window(2 * half)[:, None] * torch.hann_window(2 * half)[None, :]
    made = [middle(noise(scan(body((110.0, 110.0)), seed), 1e6), half) * window for seed in range(12)]
    power = torch.stack([torch.fft.fft2(each).abs().square() for each in made]).mean(0)
    radius = torch.hypot(torch.fft.fftfreq(2 * half)[:, None], torch.fft.fftfreq(2 * half)[None, :])
    low, twice = (float(power[(radius > f - 0.02) & (radius <= f + 0.02)].mean()) for f in (0.06, 0.12))
    assert twice / low == pytest.approx(2.0, rel=0.25)
    # White noise of the same size has the same power everywhere.
    assert float(power[radius < 0.015].mean()) < 0.3 * twice


@pytest.mark.parametrize(("half", "along_rows"), [((115.0, 45.0), True), ((45.0, 115.0), False)])
def test_streaks_turn_with_the_body(half: tuple[float, float], along_rows: bool) -> None:
    made = middle(noise(scan(body(half)), 2e5), 20)
    from_row_to_row, from_column_to_column = float(made.diff(dim=0).var()), float(made.diff(dim=1).var())
    ratio = from_row_to_row / from_column_to_column
    assert (ratio if along_rows else 1 / ratio) > 1.8


def test_a_round_body_has_no_streaks() -> None:
    made = torch.stack([middle(noise(scan(body((80.0, 80.0)), seed), 2e5), 20) for seed in range(4)])
    assert float(made.diff(dim=1).var() / made.diff(dim=2).var()) == pytest.approx(1.0, rel=0.15)


def test_noise_is_the_larger_the_thicker_the_body() -> None:
    thin, thick = (float(middle(noise(scan(body((half, half))), 1e6), 16).std()) for half in (60.0, 110.0))
    # Twice 50 mm more water on each ray: fewer photons by exp(-1.92), noise up by the root of that.
    assert thick / thin == pytest.approx(np.exp(0.0192 * 100 * 1.02 / 2), rel=0.15)


def test_calibration_says_the_count_that_it_used() -> None:
    hu = body((90.0, 70.0))
    photons, made = calibrated(scan(hu), hu)
    assert torch.equal(noise(scan(hu), photons), made)

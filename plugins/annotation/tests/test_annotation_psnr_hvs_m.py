"""PSNR-HVS-M against what the authors' own program gives, against a loop over blocks that follows the paper, and at its limits."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import fft

from medai import api
from medai.errors import DataError
from medai.tasks import Case, Image, Sample
from medai_annotation.metrics.psnr_hvs_m import HIGHEST, PsnrHvsM, psnr_hvs_m

Array = np.ndarray[Any, np.dtype[np.float64]]

Y, X = np.mgrid[:64, :64]
GRADIENT = 96.0 + (2 * X + 3 * Y) % 64
EVEN = np.full((64, 64), 128.0)
TEXTURE = np.clip(np.round(128 + 70 * np.sin(0.42 * X) * np.cos(0.31 * Y) + 25 * ((X ^ Y) % 13)), 8, 247)


def disturbed(image: Array, amplitude: float) -> Array:
    """As the images were disturbed that the authors' program was run on, by a hash of the place."""
    mixed = (X * 0x9E3779B1) & 0xFFFFFFFF ^ (Y * 0x85EBCA77) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x2545F491 & 0xFFFFFFFF
    offset = ((mixed ^ mixed >> 13) % 20001) / 10000 - 1
    found: Array = np.clip(np.floor(image + amplitude * offset + 0.5), 0, 255)
    return found


def of_loops(first: Array, second: Array) -> float:
    """The paper's equations, one block and one coefficient after the other, with the plugin's tables."""
    from medai_annotation.metrics.psnr_hvs_m import _MASKING, _SENSITIVITY

    def masking(block: Array, coefficients: Array) -> float:
        energy = sum(coefficients[k, n] ** 2 * _MASKING[8 * k + n] for k in range(8) for n in range(8) if k or n)
        quarters = sum(block[r : r + 4, c : c + 4].var(ddof=1) * 16 for r in (0, 4) for c in (0, 4))
        whole = block.var(ddof=1) * 64
        return math.sqrt(energy * (quarters / whole if whole else 0)) / 32

    errors = []
    for row in range(0, first.shape[0] - 7, 8):
        for column in range(0, first.shape[1] - 7, 8):
            pair = [each[row : row + 8, column : column + 8] for each in (first, second)]
            a, b = (fft.dctn(block, norm="ortho") for block in pair)
            strength = max(masking(block, coefficients) for block, coefficients in zip(pair, (a, b), strict=True))
            for k in range(8):
                for n in range(8):
                    apart = abs(a[k, n] - b[k, n])
                    hidden = strength / _MASKING[8 * k + n] if k or n else 0
                    errors.append((max(apart - hidden, 0) * _SENSITIVITY[8 * k + n]) ** 2)
    return 10 * math.log10(255**2 / (sum(errors) / len(errors)))


@pytest.mark.parametrize(
    ("image", "amplitude", "wanted"),
    # psnrhvsm.m of the authors, run under Octave by the project iqa-rs, which publishes images and figures.
    [(GRADIENT, 10, 38.018849), (GRADIENT, 40, 23.581020), (EVEN, 5, 40.924111), (TEXTURE, 20, 33.602163)],
    ids=["gradient-10", "gradient-40", "even", "texture"],
)
def test_it_is_what_the_authors_program_gives(image: Array, amplitude: float, wanted: float) -> None:
    assert psnr_hvs_m(image, disturbed(image, amplitude)) == pytest.approx(wanted, abs=5e-7)


def test_all_blocks_at_once_are_the_blocks_one_by_one() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (27, 35)).cumsum(axis=1) % 256
    other = image + rng.normal(0, 20, image.shape)
    assert psnr_hvs_m(image, other) == pytest.approx(of_loops(image, other), abs=1e-10)


def test_what_lies_behind_the_last_whole_block_does_not_count() -> None:
    changed = TEXTURE.copy()
    changed[:, 56:] = 0
    changed[48:] = 0
    assert psnr_hvs_m(TEXTURE[:55, :63], changed[:55, :63]) == HIGHEST
    assert psnr_hvs_m(TEXTURE[:56, :64], changed[:56, :64]) < 40
    assert math.isnan(psnr_hvs_m(TEXTURE[:7], TEXTURE[:7]))


def test_an_error_hides_in_texture_and_not_in_even_ground() -> None:
    wave = 4 * np.cos(np.pi * (2 * X + 1) * 5 / 16)
    assert psnr_hvs_m(TEXTURE, TEXTURE + wave) > psnr_hvs_m(EVEN, EVEN + wave) + 10


def case_of(reference: torch.Tensor, unit: str = "0..1") -> Sample[Image, Image]:
    return Sample(Case("c", "g"), Image(torch.zeros_like(reference), unit), Image(reference, unit))


def colours(red: Array, green: Array, blue: Array) -> torch.Tensor:
    return torch.from_numpy(np.stack([red, green, blue]) / 255).float()


def test_colours_are_compared_by_their_luma() -> None:
    metric = PsnrHvsM()
    given, answer = colours(TEXTURE, GRADIENT, EVEN), colours(disturbed(TEXTURE, 30), GRADIENT, EVEN)
    luma = [0.299 * each + 0.587 * GRADIENT + 0.114 * EVEN for each in (TEXTURE, disturbed(TEXTURE, 30))]
    assert metric.case(Image(answer, "0..1"), case_of(given)) == pytest.approx(psnr_hvs_m(*luma), abs=1e-4)
    grey, spoilt = (torch.from_numpy(each / 255).float()[None] for each in (TEXTURE, disturbed(TEXTURE, 20)))
    three = metric.case(Image(spoilt.repeat(3, 1, 1), "0..1"), case_of(grey.repeat(3, 1, 1)))
    assert metric.case(Image(spoilt, "0..1"), case_of(grey)) == pytest.approx(33.602163, abs=1e-4) == three


def test_what_no_screen_can_show_does_not_count() -> None:
    white = torch.ones(3, 16, 16)
    assert PsnrHvsM().case(Image(white * 1.5, "0..1"), case_of(white)) == HIGHEST


def test_of_several_cases_it_is_the_mean_and_their_variance_on_demand() -> None:
    assert PsnrHvsM().total([30.0, 50.0, math.nan]) == {"psnr-hvs-m": 40.0}
    assert PsnrHvsM(variance=True).total([30.0, 50.0, math.nan]) == {"psnr-hvs-m": 40.0, "psnr-hvs-m-variance": 100.0}
    assert math.isnan(PsnrHvsM(variance=True).total([])["psnr-hvs-m-variance"])
    assert api.build("annotation/psnr-hvs-m", variance=True).better == "higher"


@pytest.mark.parametrize(
    ("reference", "answer", "unit", "said"),
    [
        ((2, 16, 16), (2, 16, 16), "0..1", "luma is of one channel or three, not of 2"),
        ((1, 16, 16), (1, 16, 16), "HU", "a picture .* of 0..1 is wanted, not .* in HU"),
        ((1, 4, 16, 16), (1, 4, 16, 16), "0..1", "a picture"),
        ((3, 16, 16), (1, 16, 16), "0..1", "different shapes"),
    ],
)
def test_what_has_no_figure_is_told(reference: tuple[int, ...], answer: tuple[int, ...], unit: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        PsnrHvsM().case(Image(torch.zeros(answer), unit), case_of(torch.zeros(reference), unit))
    with pytest.raises(DataError, match="no reference"):
        PsnrHvsM().case(Image(torch.zeros(answer), unit), Sample(Case("c", "g"), Image(torch.zeros(answer), unit)))

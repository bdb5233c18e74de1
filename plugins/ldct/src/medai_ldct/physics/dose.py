"""Noise of a scan at a lower dose, made in the projections of the image of a scan at normal dose.

The image is taken as the truth: its projections give the mean number of photons behind the patient, photons are drawn (Poisson),
electronics add their own noise (Gaussian), and what the logarithm then differs by from the projections is reconstructed by itself
and added. So the normal image is never blurred, and the noise has the look of CT noise: correlated over some pixels, streaks along
thick directions, more in the middle than at the rim. Departures from a scanner: parallel rays, one energy, no scatter, no bow-tie
filter, no modulation of the tube's current. Source of the method: Zeng et al., IEEE Trans. Nucl. Sci. 62, 2015, 2226.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from medai_ldct.physics.projector import ParallelBeam

WATER = 0.0192
"""Linear attenuation of water in 1/mm at 70 keV, about the mean energy of a 120 kVp beam behind a patient (NIST XCOM: 0.1929 cm2/g)."""
WINDOW = (-160.0, 240.0)
"""The abdominal window in HU in which the papers' PSNR is taken; its width, 400, is the peak."""
TARGET = 28.5
"""dB at which calibration puts the input at `CALIBRATED_DOSE`; the challenge's own quarter-dose images are at 29.2."""
CALIBRATED_DOSE = 0.25
_TOLERANCE, _ENOUGH = 0.2, 0.5
_ROUNDS = 12
_BY_RULE = 5
_FEWEST, _MOST = 1.0, 1e12


@dataclass(frozen=True)
class Acquisition:
    """A scan of one slice, ready for its photons to be drawn.

    Attributes:
        beam: the geometry.
        projections: line integrals (views, bins) of the normal image.
        electronic_noise: variance of the electronics' noise, in photons squared.
        rng: makes the generator of the scan's random numbers, afresh and alike at each call.
    """

    beam: ParallelBeam
    projections: torch.Tensor
    electronic_noise: float
    rng: Callable[[], np.random.Generator]

    @classmethod
    def of(
        cls, hu: torch.Tensor, spacing: tuple[float, float], *, views: int, electronic_noise: float, rng: Callable[[], np.random.Generator]
    ) -> Acquisition:  # fmt: skip
        """The scan of a slice (rows, columns) in HU with millimetres between rows and columns."""
        beam = ParallelBeam(hu.shape[0], hu.shape[1], spacing, views, hu.device)
        return cls(beam, beam.project(attenuation(hu)), electronic_noise, rng)


def attenuation(hu: torch.Tensor) -> torch.Tensor:
    """Linear attenuation in 1/mm of values in HU; nothing attenuates less than vacuum."""
    return (WATER * (1 + hu / 1000)).clamp(min=0)


def noise(scan: Acquisition, photons: float) -> torch.Tensor:
    """The noise, in HU (rows, columns), of a slice taken with so many photons per ray before the patient."""
    rng = scan.rng()
    mean = photons * torch.exp(-scan.projections.double()).cpu().numpy()
    counts = rng.poisson(mean) + rng.normal(0.0, math.sqrt(scan.electronic_noise), mean.shape)
    # A detector that saw nothing still has a logarithm: half a photon is the least that it is taken to have seen.
    difference = np.log(mean) - np.log(np.maximum(counts, 0.5))
    sinogram = torch.from_numpy(difference.astype(np.float32)).to(scan.projections.device)
    return scan.beam.reconstruct(sinogram) * (1000 / WATER)


def calibrated(scan: Acquisition, hu: torch.Tensor, target: float = TARGET) -> tuple[float, torch.Tensor]:
    """The photons per ray at which `hu` plus its noise has `target` dB against `hu`, and that noise.

    The noise goes as one over the root of the photons but for electronics and empty detectors, so a few rounds with the same
    generator are enough.

    Raises:
        ValueError: no noise gets it there, because nothing in the slice lies in the window.
    """
    # From the thickest ray, so that a child and a grown man start near their own figure.
    photons = 300 * math.exp(float(scan.projections.max()) * 0.8) + 1000
    fewest, most = _FEWEST, _MOST
    best = (math.inf, photons, torch.zeros_like(hu))
    for number in range(_ROUNDS):
        made = noise(scan, photons)
        miss = psnr(hu + made, hu) - target
        best = min(best, (abs(miss), photons, made), key=lambda item: item[0])
        if best[0] <= _TOLERANCE:
            break
        fewest, most = (photons, most) if miss < 0 else (fewest, photons)
        photons /= _scale(hu, made, target) ** 2
        if not fewest < photons < most or number >= _BY_RULE:
            # Where photons are few the rule above overshoots, to and fro: halve what is left between too few and too many.
            photons = math.sqrt(fewest * most)
    if best[0] > _ENOUGH:
        raise ValueError(f"no photon count gives {target} dB in the window {WINDOW[0]:g}..{WINDOW[1]:g} HU")
    return best[1], best[2]


def psnr(image: torch.Tensor, reference: torch.Tensor) -> float:
    """PSNR in dB inside the window."""
    low, high = WINDOW
    mse = float((image.clamp(low, high) - reference.clamp(low, high)).double().square().mean())
    return math.inf if mse == 0 else 10 * math.log10((high - low) ** 2 / mse)


def _scale(hu: torch.Tensor, made: torch.Tensor, target: float) -> float:
    """What the noise must be multiplied by to meet the target: clipping to the window makes it less than proportional."""
    scale = 1.0
    for _ in range(8):
        miss = psnr(hu + scale * made, hu) - target
        if abs(miss) < 0.01 or not math.isfinite(miss):
            break
        scale *= 10 ** (miss / 20)
    return scale

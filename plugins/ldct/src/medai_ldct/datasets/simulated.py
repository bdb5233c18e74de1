"""Pairs of low and normal dose from normal-dose CT."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Case, Dataset, Image, Origin, Sample, View
from medai_ldct.physics import Acquisition, calibrated, noise
from medai_ldct.physics.dose import CALIBRATED_DOSE, TARGET
from medai_ldct.physics.exposure import FULL_MAS, at

FIELD_OF_VIEW = 360.0
"""Millimetres across a slice whose file does not say how large its pixels are."""
_AIR = -1024.0


class Simulated(View):
    """A view: each slice of `source`, in HU, with the slice of a scan at a fraction of its dose as the input.

    The noise is a fixed measurement: it depends on `seed` and the case alone, not on the run or the epoch. What is simulated is
    low = normal + FBP(noise alone), floored at -1024 HU as files of CT are; see `medai_ldct.physics.dose`.

    Args:
        source: slices in HU, (1, H, W).
        dose: fraction of the normal dose.
        views: projections over half a turn.
        photons: per ray before the patient at normal dose, one count for every slice; None: each slice has its own, at which the
            slice of a quarter of the dose is at 28.5 dB (window -160..240 HU, peak 400). Other doses follow from that same count.
        electronic_noise: variance of the electronics' noise in photons squared (Zeng et al. 2015 measured about 11).
        seed: another seed is another measurement.
        mas: the dose by tube current times time, in mAs, of the study's Table 1 (300 is full), in place of `dose`: 150, 75, 30 and 15 are
            its 50, 25, 10 and 5 %. The cases' attributes then name the table's CTDIvol, dose-length product and effective dose too, as
            nominal figures: those of its protocol, not of the scan that the slices are from.
    """

    def __init__(
        self,
        source: Dataset[Image, Image],
        dose: float = 0.25,
        views: int = 600,
        photons: float | None = None,
        electronic_noise: float = 10.0,
        seed: int = 0,
        mas: float | None = None,
    ) -> None:
        if mas is not None and not 0 < mas <= FULL_MAS:
            raise UsageError(f"mas = {mas:g}: above 0 and up to {FULL_MAS:g} is wanted")
        dose = dose if mas is None else mas / FULL_MAS
        if not 0 < dose <= 1:
            raise UsageError(f"dose = {dose}: a fraction above 0 and up to 1 is wanted")
        if views < 1 or electronic_noise < 0 or (photons is not None and photons <= 0):
            raise UsageError("views and photons must be positive, and electronic_noise not negative")
        super().__init__(source)
        self.dose, self.views = dose, views
        self._attributes = {"dose": dose} if mas is None else at(dose).attributes
        self.photons, self.electronic_noise, self.seed = photons, electronic_noise, seed

    def cases(self) -> Sequence[Case]:
        """The source's cases, with the dose among their attributes."""
        return [self._at_dose(case) for case in self.source.cases()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """Input at the low dose, reference at the normal dose, both in HU.

        Raises:
            DataError: not a slice in HU, or no photon count gives the PSNR that calibration aims at.
        """
        sample = self.source.read(case, rng)
        normal = sample.inputs
        if normal.unit != "HU" or normal.pixels.ndim != 3 or normal.pixels.shape[0] != 1:
            raise DataError(
                f"low dose is simulated from slices (1, H, W) in HU, not {tuple(normal.pixels.shape)} in {normal.unit or 'no unit'}"
            )
        low = self._measure(normal.pixels[0], _spacing(sample.origin, normal.pixels.shape[-1]), case.id)
        return replace(sample, case=self._at_dose(sample.case), inputs=Image(low[None], "HU"), reference=normal)

    def _measure(self, hu: torch.Tensor, spacing: tuple[float, float], case_id: str) -> torch.Tensor:
        scan = Acquisition.of(hu, spacing, views=self.views, electronic_noise=self.electronic_noise, rng=_generator(self.seed, case_id))
        return (hu + self._noise(scan, hu)).clamp(min=_AIR)

    def _noise(self, scan: Acquisition, hu: torch.Tensor) -> torch.Tensor:
        if self.photons is not None:
            return noise(scan, self.dose * self.photons)
        try:
            at_quarter, made = calibrated(scan, hu)
        except ValueError as error:
            raise DataError(f"the dose cannot be calibrated to {TARGET} dB: {error}") from error
        return made if self.dose == CALIBRATED_DOSE else noise(scan, self.dose / CALIBRATED_DOSE * at_quarter)

    def _at_dose(self, case: Case) -> Case:
        return replace(case, attributes={**case.attributes, **self._attributes})


def _generator(seed: int, case_id: str) -> Callable[[], np.random.Generator]:
    key = int.from_bytes(hashlib.blake2b(f"{seed} {case_id}".encode(), digest_size=16).digest(), "little")
    return lambda: np.random.Generator(np.random.Philox(key=key))


def _spacing(origin: Origin | None, columns: int) -> tuple[float, float]:
    if origin is not None and len(origin.spacing) >= 2:
        return float(origin.spacing[-2]), float(origin.spacing[-1])
    return FIELD_OF_VIEW / columns, FIELD_OF_VIEW / columns

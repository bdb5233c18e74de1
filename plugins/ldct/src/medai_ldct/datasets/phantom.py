"""Embedded CT: drawn, not scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Case, Image, Origin, Sample
from medai_ldct.datasets.anatomy import FIELD_OF_VIEW, Body, draw
from medai_ldct.physics import Acquisition
from medai_ldct.physics import noise as scanned

_APART = 10.0
_VIEWS = 200
_PHOTONS = 1e6
"""Per ray: many, so that noise is proportional to one over their root and one scan gives noise of any size."""
_ORGANS = (0.0, 200.0)


class Phantom:
    """Abdomen-like slices of normal-dose CT in HU, (1, size, size), without a reference; the subjects differ.

    Fat, muscle, liver with vessels, spleen, kidneys, aorta and vena cava with contrast, stomach and bowel with gas, vertebra and ribs,
    lesions 15 to 40 HU off their organ; tissue has texture of many scales, fat its strands and bone its trabeculae. The scan's own
    noise lies over it: photons of the projections, by filtered back-projection. A slice depends on `seed` and its case alone.

    Args:
        subjects: subjects, each a group.
        slices: slices of each, from the kidneys up to the diaphragm.
        size: pixels along each side, over 400 mm.
        seed: other subjects.
        noise: standard deviation in HU, over the pixels between 0 and 200 HU, of the normal-dose scan's own noise; 0: none.
        name: what the subjects are called, so that those of two phantoms can be told apart.
    """

    def __init__(
        self, subjects: int = 8, slices: int = 3, size: int = 256, seed: int = 0, noise: float = 10.0, name: str = "phantom"
    ) -> None:
        if noise < 0:
            raise UsageError(f"noise = {noise}: a standard deviation in HU is wanted, which is not negative")
        self.subjects, self.slices, self.size, self.seed, self.noise = subjects, slices, size, seed, noise
        self._heights = {
            f"{name}-{subject:03d}-{slice_:03d}": (slice_ + 0.5) / slices for subject in range(subjects) for slice_ in range(slices)
        }

    def cases(self) -> Sequence[Case]:
        """`subjects` x `slices` cases."""
        return [Case(name, name.rpartition("-")[0]) for name in self._heights]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The slice; `rng` is not used, because a subject is the same at every reading."""
        height = self._heights[case.id]
        body = Body.drawn(self._generator(case.group))
        hu = torch.from_numpy(draw(body, height, self.size, self._generator(case.id)))
        step = FIELD_OF_VIEW / self.size
        if self.noise:
            hu = (hu + self._noise(hu, step, case.id)).clamp(min=-1024)
        corner = (self.size - 1) / 2 * step
        # Rows run to the back and columns to the patient's left: down and right in the picture.
        affine = np.array([[0, -step, 0, corner], [-step, 0, 0, corner], [0, 0, _APART, height * self.slices * _APART], [0, 0, 0, 1]])
        return Sample(case, Image(hu[None], "HU"), None, Origin((), affine.astype(np.float64), (step, step)))

    def _noise(self, hu: torch.Tensor, step: float, name: str) -> torch.Tensor:
        rng = self._generator(f"{name} noise")
        made = scanned(Acquisition.of(hu, (step, step), views=_VIEWS, electronic_noise=0.0, rng=lambda: rng), _PHOTONS)
        return made * (self.noise / made[(hu > _ORGANS[0]) & (hu < _ORGANS[1])].std())

    def _generator(self, name: str) -> np.random.Generator:
        key = hashlib.blake2b(f"{self.seed} {name}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))

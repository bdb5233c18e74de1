"""Embedded CT: drawn, not scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from medai.tasks import Case, Image, Origin, Sample
from medai_ldct.datasets.anatomy import FIELD_OF_VIEW, Body, draw

_APART = 10.0


class Phantom:
    """Abdomen-like slices of normal-dose CT in HU, (1, size, size), without a reference; the subjects differ.

    Fat, muscle, liver with vessels, spleen, kidneys, aorta and vena cava with contrast, stomach and bowel with gas, vertebra and ribs,
    lesions 15 to 40 HU off their organ, and texture. A slice depends on `seed` and its case alone.

    Args:
        subjects: subjects, each a group.
        slices: slices of each, from the kidneys up to the diaphragm.
        size: pixels along each side, over 400 mm.
        seed: other subjects.
    """

    def __init__(self, subjects: int = 8, slices: int = 3, size: int = 256, seed: int = 0) -> None:
        self.subjects, self.slices, self.size, self.seed = subjects, slices, size, seed
        self._heights = {
            f"phantom-{subject:03d}-{slice_:03d}": (slice_ + 0.5) / slices for subject in range(subjects) for slice_ in range(slices)
        }

    def cases(self) -> Sequence[Case]:
        """`subjects` x `slices` cases."""
        return [Case(name, name.rpartition("-")[0]) for name in self._heights]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The slice; `rng` is not used, because a subject is the same at every reading."""
        height = self._heights[case.id]
        body = Body.drawn(self._generator(case.group))
        hu = draw(body, height, self.size, self._generator(case.id))
        step = FIELD_OF_VIEW / self.size
        corner = (self.size - 1) / 2 * step
        # Rows run to the back and columns to the patient's left: down and right in the picture.
        affine = np.array([[0, -step, 0, corner], [-step, 0, 0, corner], [0, 0, _APART, height * self.slices * _APART], [0, 0, 0, 1]])
        return Sample(case, Image(torch.from_numpy(hu)[None], "HU"), None, Origin((), affine.astype(np.float64), (step, step)))

    def _generator(self, name: str) -> np.random.Generator:
        key = hashlib.blake2b(f"{self.seed} {name}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))

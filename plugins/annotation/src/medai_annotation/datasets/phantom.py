"""Embedded clean images: drawn, not scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Case, Image, Sample
from medai_annotation.synthesis.tissue import draw, probe

_SMALLEST = 32


class Phantom:
    """Clean ultrasound-like pictures (3, size, size) in 0..1, grey in three channels, without a reference: layered tissue under speckle,
    with cysts, solid lesions, calcifications and shadows; a rectangle or, of two subjects in five, a fan on black.

    A picture depends on `seed` and its case alone. It takes about 30 ms to draw: `medai/cached` over this dataset keeps pictures.

    Args:
        subjects: each is a group, with a probe, gain and layers of its own.
        pictures: of each subject.
        size: pixels along each side, at least 32.
        seed: other subjects.

    Raises:
        UsageError: there is nothing to draw.
    """

    def __init__(self, subjects: int = 48, pictures: int = 4, size: int = 256, seed: int = 0) -> None:
        if min(subjects, pictures) < 1 or size < _SMALLEST:
            raise UsageError(f"subjects and pictures are at least 1, and size at least {_SMALLEST}")
        self.subjects, self.pictures, self.size, self.seed = subjects, pictures, size, seed

    def cases(self) -> Sequence[Case]:
        """`subjects` x `pictures` cases."""
        # Subjects of another seed are others, so that they are no leak beside these.
        name = f"tissue-{self.seed}" if self.seed else "tissue"
        groups = [f"{name}-{subject:03d}" for subject in range(self.subjects)]
        return [Case(f"{group}-{picture}", group) for group in groups for picture in range(self.pictures)]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The picture; `rng` is not used, because a subject is the same at every reading."""
        grey = draw(probe(self._generator(case.group)), self.size, self._generator(case.id))
        return Sample(case, Image(torch.from_numpy(grey).expand(3, -1, -1).contiguous(), "0..1"))

    def _generator(self, name: str) -> np.random.Generator:
        key = hashlib.blake2b(f"{self.seed} {name}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))

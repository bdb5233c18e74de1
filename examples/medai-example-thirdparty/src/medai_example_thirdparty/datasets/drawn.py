"""Embedded data: drawn, not taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from medai.tasks import Case, Image, Mask, Sample
from numpy.typing import NDArray

from medai_example_thirdparty.datasets.outlines import Ring, filled

_POINTS = 90


class Drawn:
    """Radiograph-like pictures of a breast at the left edge, (1, size, size) in 0..1, with masks: 1 is tissue, 0 is air.

    Tissue fades towards the skin, holds brighter glands and is as dark as the veiled air in places, so that no threshold finds all of it.

    Args:
        patients: patients, each a group.
        size: pixels along each side.
        seed: other patients.
    """

    def __init__(self, patients: int = 24, size: int = 64, seed: int = 0) -> None:
        self.patients, self.size, self.seed = patients, size, seed

    def cases(self) -> Sequence[Case]:
        """Two pictures of each patient."""
        return [Case(f"drawn-{patient:03d}-{side}", f"drawn-{patient:03d}") for patient in range(self.patients) for side in "lr"]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        """The picture; `rng` is not used, because it is the same at every reading."""
        own = np.random.default_rng([self.seed, *case.id.encode()])
        labels = filled([outline(own, self.size)], (self.size, self.size))
        return Sample(case, Image(_pixels(labels, own), "0..1"), Mask(labels))


def outline(rng: np.random.Generator, size: int) -> Ring:
    """Half an ellipse at the left edge, wavy: the skin."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, _POINTS)
    waves = sum(rng.normal(0, 0.03) * np.cos(order * angles + rng.uniform(0, 6)) for order in (2, 3, 5))
    radius = (1 + waves) * size
    across, down = rng.uniform(0.45, 0.8), rng.uniform(0.3, 0.42)
    centre = size * rng.uniform(0.45, 0.55)
    return np.stack([radius * across * np.cos(angles) - 1, centre + radius * down * np.sin(angles)], axis=1)


def _pixels(labels: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """float32 (1, H, W) in 0..1."""
    size = len(labels)
    rows, columns = np.mgrid[:size, :size] / size
    depth = np.clip(1 - columns, 0, 1)
    glands = sum(_spot(rows, columns, rng) for _ in range(4))
    veil = rng.uniform(0.05, 0.2) + 0.2 * rows * rng.uniform(0, 1)
    pixels = veil + labels.numpy() * (0.08 + 0.3 * depth + glands) + rng.normal(0, 0.05, labels.shape)
    return torch.from_numpy(np.clip(pixels, 0, 1).astype(np.float32))[None]


def _spot(rows: NDArray[np.float64], columns: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    row, column, height = rng.uniform(0.3, 0.7), rng.uniform(0, 0.4), rng.uniform(0.1, 0.3)
    spot: NDArray[np.float64] = height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 0.01)
    return spot

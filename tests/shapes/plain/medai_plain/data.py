"""Blobs with noise: generated, and as a folder per patient with `noisy.npy` and `clean.npy` in it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.io import read_image
from medai.tasks import Case, Image, Sample


def blobs(seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy and a clean picture, float32 (32, 32)."""
    rng = np.random.default_rng([seed, index])
    y, x = np.mgrid[:32, :32]
    clean = np.zeros((32, 32))
    for cx, cy, r in zip(*rng.uniform(4, 28, (2, 4)), rng.uniform(2, 7, 4), strict=True):
        clean += 0.5 * (np.hypot(x - cx, y - cy) < r)
    clean = clean.clip(0, 1)
    return (clean + rng.normal(0, 0.2, clean.shape)).astype(np.float32), clean.astype(np.float32)


def sample(case: Case, noisy: np.ndarray, clean: np.ndarray) -> Sample:
    return Sample(case, *(Image(torch.from_numpy(picture)[None], "0..1") for picture in (noisy, clean)))


class Blobs:
    """The generated blobs, two of a patient.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 24) -> None:
        self._cases = [Case(f"c{index:02d}", f"p{index // 2:02d}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, *blobs(0, int(case.id[1:])))


class BlobFolder:
    """A folder per patient.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(root)
        if not any(self._root.glob("*/noisy.npy")):
            raise DataError("no folder in it has a noisy.npy", root)

    def cases(self) -> Sequence[Case]:
        return [Case(path.parent.name, path.parent.name) for path in sorted(self._root.glob("*/noisy.npy"))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, *(read_image(self._root / case.id / f"{kind}.npy").pixels[0].numpy() for kind in ("noisy", "clean")))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        for index in range(n):
            folder = root / f"patient{index}"
            folder.mkdir(parents=True)
            for kind, picture in zip(("noisy", "clean"), blobs(seed, index), strict=True):
                np.save(folder / f"{kind}.npy", picture)

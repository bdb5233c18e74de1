"""Ramps with noise: generated, and as one array `stack.npy` of noisy and clean pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Case, Image, Sample


def ramps(seed: int, n: int) -> np.ndarray:
    """Noisy and clean pictures, float32 (n, 2, 24, 24)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:24, :24] / 23
    slope = rng.uniform(0, 1, (n, 1, 1))
    clean = slope * x + (1 - slope) * y
    return np.stack([clean + rng.normal(0, 0.1, clean.shape), clean], axis=1).astype(np.float32)


class Ramps:
    """The pictures; a case's id is its place.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 8) -> None:
        self._pictures = ramps(0, n)

    def cases(self) -> Sequence[Case]:
        return [Case(str(place), str(place)) for place in range(len(self._pictures))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        noisy, clean = (Image(torch.from_numpy(picture)[None], "0..1") for picture in self._pictures[int(case.id)].copy())
        return Sample(case, noisy, clean)


class Stack(Ramps):
    """The same from a file.

    Args:
        root: the folder that the file is in.
    """

    def __init__(self, root: Path) -> None:
        path = Path(root) / "stack.npy"
        if not path.is_file():
            raise DataError("there is no such file", path)
        try:
            self._pictures = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"cannot be read: {error}", path) from error

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        root.mkdir(parents=True, exist_ok=True)
        np.save(root / "stack.npy", ramps(seed, n))

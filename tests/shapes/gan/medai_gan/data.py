"""Stripes with noise: generated, and as files of one name in `input/` and `target/`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.io import read_image
from medai.tasks import Case, Image, Sample


def stripes(seed: int, index: int) -> dict[str, np.ndarray]:
    """The noisy `input` and the clean `target`, float32 (32, 32)."""
    rng = np.random.default_rng([seed, index])
    y, x = np.mgrid[:32, :32]
    angle, width = rng.uniform(0, np.pi), rng.uniform(4, 9)
    clean = (np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / width) > 0) * 0.8 + 0.1
    return {"input": (clean + rng.normal(0, 0.3, clean.shape)).astype(np.float32), "target": clean.astype(np.float32)}


def sample(case: Case, pictures: dict[str, np.ndarray]) -> Sample:
    return Sample(case, *(Image(torch.from_numpy(pictures[name])[None], "0..1") for name in ("input", "target")))


class Stripes:
    """The generated stripes.

    Args:
        n: cases.
    """

    def __init__(self, n: int = 20) -> None:
        self._cases = [Case(f"s{index}", f"s{index}") for index in range(n)]

    def cases(self) -> Sequence[Case]:
        return self._cases

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, stripes(0, int(case.id[1:])))


class PairFolder:
    """Pairs by the names of files.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(root)
        if not (self._root / "input").is_dir():
            raise DataError("has no folder called input", root)

    def cases(self) -> Sequence[Case]:
        return [Case(path.stem, path.stem) for path in sorted((self._root / "input").glob("*.npy"))]

    def read(self, case: Case, rng: np.random.Generator) -> Sample:
        return sample(case, {kind: read_image(self._root / kind / f"{case.id}.npy").pixels[0].numpy() for kind in ("input", "target")})

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        for index in range(n):
            for kind, picture in stripes(seed, index).items():
                (root / kind).mkdir(parents=True, exist_ok=True)
                np.save(root / kind / f"{index:03d}.npy", picture)

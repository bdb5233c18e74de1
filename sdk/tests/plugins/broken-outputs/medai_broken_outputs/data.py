"""Masks in files of numpy's, and generated ones."""

from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError
from medai.tasks import Case, Image, Mask, Origin, Sample

_SIZE = 16


def _drawn(number: int):
    rng = np.random.default_rng(number)
    labels = np.zeros((_SIZE, _SIZE), np.int64)
    row, column = rng.integers(2, 8, 2)
    labels[row : row + 6, column : column + 6] = 1
    return (0.6 * labels + 0.1 * rng.random((_SIZE, _SIZE))).astype(np.float32), labels


class Folder:
    """`ID.npy`, of image and mask one above the other.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.root = Path(root)

    def cases(self):
        return [Case(path.stem, path.stem) for path in sorted(self.root.glob("*.npy"))]

    def read(self, case, rng):
        path = self.root / f"{case.id}.npy"
        pixels, labels = np.load(path)
        image = Image(torch.from_numpy(pixels[None].astype(np.float32)), "0..1", Origin(files=(path,)))
        return Sample(case, image, Mask(torch.from_numpy(labels.astype(np.int64))))

    @staticmethod
    def unlabelled(paths):
        return Unlabelled(paths)

    @staticmethod
    def write_stub(root, n, seed):
        for number in range(n):
            np.save(Path(root, f"case-{number:03d}.npy"), np.stack(_drawn(seed + number)))


class Unlabelled:
    """The same files without what they say of masks."""

    def __init__(self, paths):
        self.paths = {path.stem: path for path in paths}

    def cases(self):
        return [Case(name, name) for name in self.paths]

    def read(self, case, rng):
        pixels, _ = np.load(self.paths[case.id])
        return Sample(case, Image(torch.from_numpy(pixels[None].astype(np.float32)), "0..1"))


class FailingStub(Folder):
    """A folder whose stub fails.

    Args:
        root: the folder.
    """

    @staticmethod
    def write_stub(root, n, seed):
        raise RuntimeError("it has never been seen")


class Closed(Folder):
    """A folder whose files, without what they say of masks, are refused.

    Args:
        root: the folder.
    """

    @staticmethod
    def unlabelled(paths):
        raise DataError("without a mask it is of no use", paths[0])

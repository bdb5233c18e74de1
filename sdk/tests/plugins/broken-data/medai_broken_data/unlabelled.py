"""Datasets of a folder that answer unlabelled files too, and what is lost of them; and what reading does to the folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medai.io import pseudonym, read_image
from medai.tasks import Case, Dataset, Image, Mask, Sample
from medai_broken_data.folder import Sound


class _Pictures:
    def __init__(self, paths: dict[str, Path]) -> None:
        self._paths = paths

    def cases(self) -> Sequence[Case]:
        return [Case(id, id) for id in self._paths]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Any, Any]:
        return Sample(case, read_image(self._paths[case.id]))


class ByPath(Sound):
    """Sound: of unlabelled pictures, the id is of the whole path."""

    @classmethod
    def unlabelled(cls, paths: Sequence[Path]) -> Dataset[Any, Any]:
        found = [each for path in paths for each in (sorted(path.rglob("*.png")) if path.is_dir() else [path])]
        return _Pictures({pseudonym(cls.name_of(path)): path for path in found if path.suffix == ".png"})

    @staticmethod
    def name_of(path: Path) -> str:
        return path.absolute().as_posix()


class ByFolder(ByPath):
    """The name of the folder and of the file, which another patient's may have too."""

    @staticmethod
    def name_of(path: Path) -> str:
        return f"{path.parent.name}/{path.stem}"


class FirstForAll(Sound):
    """Whatever is asked for, the first picture is read."""

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        sample = super().read(self.cases()[0], rng)
        return Sample(case, sample.inputs, sample.reference)


class CachesBeside(Sound):
    """Leaves what it decoded beside each picture."""

    def image(self, path: Path) -> Image:
        found = super().image(path)
        np.save(path.with_suffix(".npy"), found.pixels.numpy())
        return found

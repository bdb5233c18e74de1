"""A folder of images with what each should look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.io import read_image
from medai.tasks import Case, Image, Sample
from medai_standard.datasets.files import case_of, cases_of, entries_under, entry_of, images_in, stem_of
from medai_standard.datasets.stub import write_pairs

_WINDOWS = {"HU": (-160.0, 240.0), "0..1": (0.0, 1.0)}
Window = tuple[float, float]


class ImagePairs:
    """Images in `images/`, as they are given, and in `clean/`, of the same names whatever the suffixes, as they are wanted.

    Where there is no folder `clean/`, the images themselves are taken as clean, and what is given is the image with Gaussian noise:
    other noise in every epoch of a training, and the same in every evaluation of a run. So a network learns that noise, and only what
    real noise shares with it. Patients and the part of the split come from `cases.csv`, from DICOM headers, or from folders beneath
    `images/`.

    Args:
        root: the folder.
        noise: standard deviation of the noise, as a part of the window; it is not used where there is a folder `clean/`.
        window: lowest and highest value that matters; None: 0..1 for pictures, -160..240 for HU.

    Raises:
        DataError: a folder is missing or empty, or no case can be used.
    """

    def __init__(self, root: Path, noise: float = 0.1, window: Window | None = None) -> None:
        if noise <= 0 or (window is not None and window[0] >= window[1]):
            raise UsageError("noise is more than 0, and window the lowest and the highest value")
        self.root, self.noise, self.window = Path(root), noise, window
        entries = entries_under(self.root, "images")
        home = self.root / "clean"
        clean = {stem_of(path.relative_to(home).as_posix()): path for path in images_in(home)} if home.is_dir() else {}
        if home.is_dir():
            entries = [entry if entry.stem in clean else entry.failing("has no partner in clean/") for entry in entries]
        alone = sorted(clean.keys() - {entry.stem for entry in entries})
        without = "has no partner in images/"
        entries += [replace(entry_of(self.root, "images", stem), path=clean[stem], fault=without) for stem in alone]
        self._entries = cases_of(entries)
        self._clean = {id: clean.get(entry.stem) for id, entry in self._entries.items()}

    def cases(self) -> Sequence[Case]:
        """A case per image, in order of name."""
        return [case_of(id, entry) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Image]:
        """The image as given and as wanted; noise is drawn from `rng`.

        Raises:
            DataError: one is not there or cannot be read, they differ in size or unit, or noise is wanted in a unit without a known window.
        """
        entry, clean = self._entries[case.id], self._clean[case.id]
        image = read_image(entry.require())
        if clean is None:
            return Sample(case, self._noisy(image, rng, entry.path), image)
        wanted = read_image(clean)
        if wanted.pixels.shape != image.pixels.shape or wanted.unit != image.unit:
            raise DataError(f"{_words(wanted)} for an image of {_words(image)}", clean)
        return Sample(case, image, wanted)

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files in `images/` and in `clean/`, two of each patient, and `cases.csv`."""
        write_pairs(root, n, seed)

    def _noisy(self, image: Image, rng: np.random.Generator, path: Path) -> Image:
        window = self.window or _WINDOWS.get(image.unit)
        if window is None:
            raise DataError(f"noise in {image.unit or 'no unit'}: say by `window` which values matter", path)
        drawn = torch.from_numpy(rng.standard_normal(tuple(image.pixels.shape), dtype=np.float32))
        return Image(image.pixels + self.noise * (window[1] - window[0]) * drawn, image.unit, image.origin)


def _words(image: Image) -> str:
    return f"{' x '.join(map(str, image.pixels.shape))} in {image.unit or 'no unit'}"

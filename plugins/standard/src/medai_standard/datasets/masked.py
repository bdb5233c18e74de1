"""A folder of images with a mask for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.io import read_image, require_folder
from medai.tasks import Case, Image, Mask, Sample
from medai_standard.datasets.files import case_of, cases_of, entries_under, entry_of, images_in, stem_of
from medai_standard.datasets.masks import Affine, read_mask
from medai_standard.datasets.stub import write_masked

_MASKS = 200
_LOOKED_AT = 1 << 28
"""Most masks, and pixels of masks, that are looked at to find out how many labels there are."""


class MaskedImages:
    """Images, or volumes, in `images/` with masks of the same name in `masks/`, whatever the suffixes.

    In a mask, 0 is background; of a picture with a palette the indices count, not the colours. Patients and the part of the split come
    from `cases.csv` (columns `file`, `group`, `split`), from DICOM headers, or from folders beneath `images/`, as
    `medai_standard.datasets.files` says.

    Args:
        root: the folder.
        images: the folder of images in it.
        masks: the folder of masks in it.
        suffix: what a mask's name has after the image's. With one (`_mask`), an image may have several masks (`a_mask`, `a_mask_1`),
            whose structures are laid over one another, and one folder may hold images and masks.
        values: the numbers in the masks in the order of the labels, background first, such as [0, 128, 255]; empty: 0 and 255 stand
            for 0 and 1, other numbers for themselves.

    Raises:
        DataError: a folder is missing or empty, an image has two masks and there is no suffix, or no case can be used.
    """

    def __init__(self, root: Path, images: str = "images", masks: str = "masks", suffix: str = "", values: tuple[int, ...] = ()) -> None:
        if len(set(values)) < len(values):
            raise UsageError(f"values = {list(values)}: one stands twice")
        if images == masks and not suffix:
            raise UsageError("images and masks in one folder are told apart by a suffix, such as suffix = '_mask'")
        self.root, self.values = Path(root), values
        home = require_folder(self.root) / masks
        if not home.is_dir():
            raise DataError(f"no folder {masks!r} of masks in it", self.root)
        files = _masks_by_stem(home, suffix)
        entries = [entry for entry in entries_under(self.root, images) if not (images == masks and _without(entry.stem, suffix))]
        entries = [entry if entry.stem in files else entry.failing(f"has no mask of its name in {masks}/") for entry in entries]
        alone = sorted(files.keys() - {entry.stem for entry in entries})
        without = f"has no image of its name in {images}/"
        entries += [replace(entry_of(self.root, images, stem), path=files[stem][0], fault=without) for stem in alone]
        self._entries = cases_of(entries)
        self._masks = {id: files[entry.stem] for id, entry in self._entries.items() if not entry.fault}

    @property
    def facts(self) -> Mapping[str, object]:
        """The number of labels: of `values`, or the highest label of some masks, which are read to find out; a mask that cannot be read is
        passed over, and a label that only others have is an error when it is met."""
        if self.values:
            return {"model.classes": len(self.values)}
        highest, left = 1, _LOOKED_AT
        for paths in list(self._masks.values())[:: max(1, len(self._masks) // _MASKS)]:
            with suppress(DataError):
                labels, _ = read_mask(paths[0])
                highest, left = max(highest, int(labels.max())), left - labels.numel()
            if left < 0:
                break
        return {"model.classes": highest + 1}

    def cases(self) -> Sequence[Case]:
        """A case per image, in order of name."""
        return [case_of(id, entry) for id, entry in self._entries.items()]

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Mask]:
        """The image and its mask.

        Raises:
            DataError: one is not there or cannot be read, or they have not the same size or place.
        """
        image = read_image(self._entries[case.id].require())
        size = tuple(image.pixels.shape[1:])
        labels = torch.zeros(size, dtype=torch.int64)
        for path in self._masks[case.id]:
            found, affine = read_mask(path, self.values)
            if tuple(found.shape) != size:
                raise DataError(f"a mask of {_times(found.shape)} for an image of {_times(size)}", path)
            if not _at_one_place(image.affine, affine, size):
                raise DataError("the mask lies elsewhere in the patient than its image: their affines differ", path)
            labels = torch.maximum(labels, found)
        return Sample(case, image, Mask(labels))

    @staticmethod
    def write_stub(root: Path, n: int, seed: int) -> None:
        """`n` small PNG files with masks of 0 and 255, two of each patient, and `cases.csv`."""
        write_masked(root, n, seed)


def _masks_by_stem(home: Path, suffix: str) -> dict[str, list[Path]]:
    """The masks of each image, by the image's stem."""
    found: dict[str, list[Path]] = {}
    for path in sorted(images_in(home)):
        stem = _without(stem_of(path.relative_to(home).as_posix()), suffix)
        if stem is not None:
            found.setdefault(stem, []).append(path)
    if not found:
        raise DataError(f"holds no mask{suffix and f' whose name ends in {suffix}'}", home)
    doubled = [stem for stem, paths in found.items() if len(paths) > 1 and not suffix]
    if doubled:
        raise DataError(f"two masks for one image: {', '.join(path.name for path in found[doubled[0]])}", home)
    return found


def _without(stem: str, suffix: str) -> str | None:
    """An image's stem from a mask's; None where it does not end in the suffix."""
    match = re.fullmatch(rf"(.+?){re.escape(suffix)}(_\d+)?" if suffix else "(.+)", stem)
    return match[1] if match else None


def _at_one_place(first: Affine | None, second: Affine | None, size: Sequence[int]) -> bool:
    """Whether the farthest corners of two grids are within half a voxel of one another; true where a file does not say."""
    if first is None or second is None:
        return True
    far = np.array([*(float(length - 1) for length in size), *(0.0,) * (3 - len(size)), 1.0])
    near = np.array([0.0, 0.0, 0.0, 1.0])
    apart = max(float(np.linalg.norm((first - second) @ corner)) for corner in (near, far))
    return apart <= 0.5 * float(np.linalg.norm(first[:3, : len(size)], axis=0).min())


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))

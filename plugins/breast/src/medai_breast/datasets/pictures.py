"""Pictures of breast ultrasound as the networks take them: of one grey channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medai.errors import DataError
from medai.io import image_header, list_slices, open_images, read_image
from medai.tasks import Case, Dataset, Image, Sample

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
SHORTEST, LONGEST = 32, 8192
"""Pixels along a side of what is taken for an ultrasound image."""

_LUMA = (0.299, 0.587, 0.114)


def read_grey(path: Path) -> Image:
    """A picture in 0..1, float32 (1, H, W); colours by their luminance (BT.601), an alpha channel is dropped.

    Raises:
        DataError: it cannot be read, or a side is shorter than 32 pixels or longer than 8192, which is found before it is decoded.
    """
    _, *size = image_header(path).shape
    _require_size(size, path)
    return grey(read_image(path))


def grey(image: Image) -> Image:
    """An image (1, ...) or (3, ...) as one of one channel.

    Raises:
        DataError: it has another number of channels.
    """
    channels = len(image.pixels)
    if channels == 1:
        return image
    if channels != 3:
        raise DataError(f"an image of {channels} channels, where grey or red, green and blue are wanted", _file(image))
    return replace(image, pixels=torch.einsum("c,c...->...", torch.tensor(_LUMA), image.pixels)[None].contiguous())


def pictures_in(folder: Path) -> list[Path]:
    """The pictures right in a folder, in order of name; hidden files are none."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    return sorted(path for path in found if path.is_file())


class Grey:
    """Unlabelled files and folders as `medai.io.open_images` reads them, in one grey channel; masks that lie beside their images, called
    `NAME_mask.png` or in a folder `GT`, are no cases.

    Args:
        paths: what is to be answered.

    Raises:
        DataError: as `open_images`; or all of them are masks.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        files = [each for path in paths for each in _without_masks(Path(path))]
        if paths and not files:
            raise DataError("is the mask of an image that lies beside it: give the image", Path(paths[0]))
        self._source: Dataset[Image, Any] = open_images(files)

    def cases(self) -> Sequence[Case]:
        """A case per image."""
        return self._source.cases()

    def read(self, case: Case, rng: np.random.Generator) -> Sample[Image, Any]:
        """One image.

        Raises:
            DataError: it cannot be used, or is of a size at which `read_grey` takes none.
        """
        sample = self._source.read(case, rng)
        _require_size(sample.inputs.pixels.shape[-2:], _file(sample.inputs))
        return replace(sample, inputs=grey(sample.inputs))


def _without_masks(path: Path) -> list[Path]:
    if not path.is_dir():
        return [] if is_mask(path) else [path]
    files = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
    masks = {each for each in files if is_mask(each)}
    if not masks:
        return [path]
    slices = _slices(path)
    return [each for each in files if each not in masks and (each.suffix.lower() in SUFFIXES or each in slices)]


def _slices(folder: Path) -> set[Path]:
    """The DICOM images beneath a folder, which have any suffix or none."""
    try:
        return {item.path for item in list_slices(folder)}
    except DataError:  # there is none
        return set()


def is_mask(path: Path) -> bool:
    """Whether a file is, by its name, the mask of an image that is there too."""
    name, mark, _ = path.stem.rpartition("_mask")
    if mark and any(path.with_name(name + suffix).is_file() for suffix in SUFFIXES):
        return True
    return path.parent.name.lower() == "gt" and (path.parent.parent / "original" / path.name).is_file()


def _require_size(size: Sequence[int], path: Path | None) -> None:
    """Refuse what is too small or too large for an ultrasound image of this height and width."""
    if min(size) < SHORTEST or max(size) > LONGEST:
        said = " x ".join(map(str, reversed(size)))
        raise DataError(f"{said} pixels are no ultrasound image: {SHORTEST} to {LONGEST} along a side are taken", path)


def _file(image: Image) -> Path | None:
    return image.origin.files[0] if image.origin is not None and image.origin.files else None

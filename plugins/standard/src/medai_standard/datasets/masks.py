"""Masks as files: what stands in them, as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Picture

from medai.errors import DataError, MedaiError
from medai.io import LARGEST, read_image

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"})
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "GIF")
_WHITE = 255


Affine = np.ndarray[Any, np.dtype[np.float64]]


def read_mask(path: Path, values: Sequence[int] = ()) -> tuple[torch.Tensor, Affine | None]:
    """The labels of a mask, int64 (H, W) or (D, H, W), and its affine, as `Origin.affine`, where the file has one.

    A picture is taken as it stands in the file: grey values, or the numbers behind a palette's colours. Where `values` are given, the
    first stands for label 0, the second for 1 and so on. Where they are not, 0 and 255 stand for 0 and 1, and other numbers for
    themselves.

    Raises:
        DataError: it cannot be read, is coloured, has values that are not whole, are negative, or are none of `values`; or 255 beside
            other labels, which may be either one more or "not labelled".
    """
    numbers, affine = (_picture(path), None) if path.suffix.lower() in _PICTURES else _volume(path)
    found = np.unique(numbers)
    if values:
        return torch.from_numpy(_mapped(numbers, found, values, path)), affine
    if found.min() < 0:
        raise DataError(f"a mask with the negative value {found.min()}", path)
    if _WHITE in found:
        if not set(found.tolist()) <= {0, _WHITE}:
            raise DataError(f"a mask with the values {_listed(found)}: say by `values` which they stand for, 0 first", path)
        numbers = numbers == _WHITE
    return torch.from_numpy(numbers.astype(np.int64)), affine


def _picture(path: Path) -> Any:
    try:
        with Picture.open(path, formats=_FORMATS) as file:
            if file.width * file.height > LARGEST:
                raise DataError(f"absurd size {file.width} x {file.height}", path)
            pixels = np.asarray(file)
    except MedaiError:
        raise
    except FileNotFoundError as error:
        raise DataError("does not exist", path) from error
    except Exception as error:  # a decoder raises whatever it likes for a bad file
        raise DataError(f"cannot be read as a mask: {type(error).__name__}", path) from error
    if pixels.dtype == bool:
        return pixels.astype(np.int64)
    if pixels.ndim == 3:
        colours = pixels[..., : 1 if pixels.shape[2] == 2 else 3]
        if (colours != colours[..., :1]).any():
            raise DataError("a coloured mask: one number for each pixel is wanted (a grey or a palette picture)", path)
        pixels = colours[..., 0]
    if pixels.ndim != 2 or not np.issubdtype(pixels.dtype, np.integer):
        raise DataError(f"a mask of {pixels.dtype} {pixels.shape}: whole numbers (H, W) are wanted", path)
    return pixels.astype(np.int64)


def _volume(path: Path) -> tuple[Any, Affine | None]:
    image = read_image(path)
    pixels = image.pixels
    if len(pixels) != 1:
        raise DataError(f"a mask of {len(pixels)} channels: one number for each pixel is wanted", path)
    numbers = pixels[0].round().to(torch.int64)
    if not torch.equal(numbers.float(), pixels[0]):
        raise DataError("a mask whose values are not whole numbers", path)
    return numbers.numpy(), image.affine


def _mapped(numbers: Any, found: Any, values: Sequence[int], path: Path) -> Any:
    other = sorted(set(found.tolist()) - set(values))
    if other:
        raise DataError(f"a mask with the value {other[0]}, which is none of {', '.join(map(str, values))}", path)
    labels = np.zeros(numbers.shape, np.int64)
    for label, value in enumerate(values):
        labels[numbers == value] = label
    return labels


def _listed(found: Any) -> str:
    shown = ", ".join(map(str, found[:8].tolist()))
    return f"{shown} ... {found[-1]}" if len(found) > 8 else shown

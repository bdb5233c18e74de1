"""Clean images as annotations are drawn on them: three channels in 0..1, tissue alone, without colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch.nn import functional

from medai.errors import DataError, UsageError
from medai.tasks import Image, Origin
from medai_annotation.datasets.shown import read_shown

SHORTEST, LONGEST = 32, 8192
"""Pixels along a side of what is taken for an ultrasound image."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})

_TISSUE = "2D (tissue or flow)"
_COLOURED = 0.12
"""By which the channels of a coloured pixel differ at least: more than JPEG does to grey."""


def read_clean(path: Path, size: int | None, colour: float) -> Image:
    """An image of a file (3, H, W) float32 in 0..1.

    Grey is repeated, an alpha channel dropped, a palette looked up; of DICOM it is what a viewer shows through the window of the
    header, without overlay planes, of a film the middle frame, and where the header tells which part shows tissue, the largest such part.

    Args:
        path: the file.
        size: pixels along the longer side at the most; a larger image is made smaller.
        colour: largest share of pixels that may be coloured.

    Raises:
        DataError: it cannot be read, is no image in 0..1, holds two values alone, has a side below 32 pixels or above 8192, or more
            colour than is allowed.
    """
    image = _tissue(_frame(read_shown(path), path))
    pixels = image.pixels
    if image.unit != "0..1" or len(pixels) not in (1, 3):
        raise DataError(f"{tuple(pixels.shape)} in {image.unit or 'no unit'} is no grey or colour image in 0..1", path)
    height, width = pixels.shape[1:]
    if min(height, width) < SHORTEST or max(height, width) > LONGEST:
        raise DataError(f"{width} x {height} pixels are no ultrasound image: {SHORTEST} to {LONGEST} along a side are taken", path)
    if len(pixels[0].unique()) <= 2:
        raise DataError("holds one or two values alone: a mask, or a blank image", path)
    if (share := coloured(pixels)) > colour:
        raise DataError(
            f"not clean: {100 * share:.1f} % of its pixels are coloured (colour Doppler?), {100 * colour:g} % are allowed", path
        )
    return _smaller(replace(image, pixels=pixels.expand(3, -1, -1).contiguous()), size)


def require_options(size: int | None, colour: float) -> None:
    """Refuse options that no image can meet.

    Raises:
        UsageError: `size` is below 32, or `colour` no share.
    """
    if size is not None and size < SHORTEST:
        raise UsageError(f"size = {size}: at least {SHORTEST} pixels are wanted")
    if not 0 <= colour <= 1:
        raise UsageError(f"colour = {colour:g}: a share from 0 to 1 is wanted")


def coloured(pixels: torch.Tensor) -> float:
    """The share of pixels of an image (C, H, W) in 0..1 that are coloured."""
    return float(((pixels.amax(0) - pixels.amin(0)) > _COLOURED).float().mean())


def _frame(image: Image, path: Path) -> Image:
    """The middle one of several."""
    if image.pixels.ndim == 3:
        return image
    origin = image.origin or Origin((path,))
    flat = replace(origin, affine=None, spacing=origin.spacing[-2:])
    return replace(image, pixels=image.pixels[:, image.pixels.shape[1] // 2], origin=flat)


def _tissue(image: Image) -> Image:
    """The largest part that the header says to show tissue; all of it where it does not say."""
    parts = [part.box for part in image.origin.calibrations if part.kind == _TISSUE] if image.origin is not None else []
    if not parts or image.origin is None:
        return image
    left, top, right, bottom = max(parts, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    # An affine, which ultrasound seldom has, would begin elsewhere.
    origin = replace(image.origin, affine=None, calibrations=())
    return replace(image, pixels=image.pixels[:, top:bottom, left:right], origin=origin)


def _smaller(image: Image, size: int | None) -> Image:
    height, width = image.pixels.shape[1:]
    if size is None or max(height, width) <= size:
        return image
    shape = tuple(max(1, round(length * size / max(height, width))) for length in (height, width))
    pixels = functional.interpolate(image.pixels[None], shape, mode="bilinear", antialias=True)[0].clamp(0, 1)
    return replace(image, pixels=pixels, origin=_coarser(image.origin, (height / shape[0], width / shape[1])))


def _coarser(origin: Origin | None, factors: tuple[float, float]) -> Origin | None:
    """The place of pixels that are so many times as large."""
    if origin is None:
        return None
    spacing = tuple(step * factor for step, factor in zip(origin.spacing, factors, strict=True)) if origin.spacing else ()
    return replace(origin, affine=None, spacing=spacing, calibrations=())

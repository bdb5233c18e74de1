"""Pictures and volumes with bright blobs in them: what is where is known, so that every reference can be had of one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from medai.tasks import Image, Origin

Array = np.ndarray[Any, Any]

NOISE = 0.05
"""Standard deviation of the noise of images, where they go from 0 to 1."""

_GROUND = 0.1
_SPACING = {2: (0.8, 0.7), 3: (2.5, 0.8, 0.7)}
_SLICE = 2.5


@dataclass(frozen=True)
class Scene:
    """What an image shows.

    Attributes:
        values: float64, of the image's size, from 0 to 1, without noise.
        blobs: which blob each pixel shows, counted from 1; 0 is the ground.
        kinds: the kind of each blob, from 0; the higher, the brighter.
    """

    values: Array
    blobs: Array
    kinds: tuple[int, ...]


def scene(rng: np.random.Generator, size: tuple[int, ...], kinds: tuple[int, ...], of: int) -> Scene:
    """Blobs of the given kinds, of `of` kinds that there are, on a ground that grows a little brighter along the first axis."""
    axes = np.meshgrid(*((np.arange(length) + 0.5) / length for length in size), indexing="ij", sparse=True)
    values = np.broadcast_to(_GROUND + 0.1 * axes[0], size).copy()
    blobs = np.zeros(size, dtype=np.int64)
    for number, kind in enumerate(kinds, start=1):
        centre, radii = rng.uniform(0.25, 0.75, len(size)), rng.uniform(0.12, 0.24, len(size))
        inside = sum(((axis - c) / r) ** 2 for axis, c, r in zip(axes, centre, radii, strict=True)) < 1
        # Of an image of few pixels, no pixel's centre may lie inside.
        inside[tuple(int(c * length) for c, length in zip(centre, size, strict=True))] = True
        values[inside] = brightness(kind, of)
        blobs[inside] = number
    return Scene(values, blobs, kinds)


def brightness(kind: int, of: int) -> float:
    """Of a blob: from 0.4 to 0.9, by its kind among `of`."""
    return 0.4 + 0.5 * (kind + 1) / of


def bands(values: Array, size: tuple[int, ...]) -> Array:
    """An image of bands side by side along the last axis, each as bright as one of the values."""
    columns = np.arange(size[-1]) * len(values) // size[-1]
    return np.broadcast_to(values[columns], size)


def noisy(rng: np.random.Generator, values: Array) -> Array:
    """With noise, from 0 to 1."""
    return np.clip(values + rng.normal(0, NOISE, values.shape), 0, 1)


def image(values: Array, channels: int, unit: str) -> Image:
    """From 0 to 1, as an image of so many channels, the further ones darker; `HU` goes from -1000 to 1000."""
    shades = np.linspace(1.0, 0.6, channels).reshape(-1, *(1 for _ in values.shape))
    pixels = values[None] * shades
    if unit == "HU":
        pixels = pixels * 2000 - 1000
    return Image(torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)), unit, origin(values.ndim))


def origin(axes: int) -> Origin:
    """The place of an axial image of so many axes: rows run to the back, columns to the left, planes to the head, as DICOM has it."""
    spacing = _SPACING[axes]
    rows, columns = spacing[-2:]
    plane = [(0.0, -rows, 0.0), (-columns, 0.0, 0.0)]
    stacked = (0.0, 0.0, _SLICE)
    affine = np.eye(4)
    affine[:3, :3] = np.array([stacked, *plane] if axes == 3 else [*plane, stacked]).T
    affine[:3, 3] = (90.0, 100.0, -50.0)
    return Origin(affine=affine, spacing=spacing)

"""Input of a size: a case's own image drawn to it, so that its values stay what they are."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch.nn import functional

from medai._memory import available
from medai.errors import MemoryFault, UsageError
from medai.tasks import Batch, Image, Row, Sample, Sequence

Size = tuple[int, ...]
"""Pixels along each spatial axis, rows before columns, planes first of all; a single number stands for each axis."""


def parse_size(text: str) -> Size:
    """`512`, `512x512` or `32x256x256` as a size.

    Raises:
        UsageError: it is none.
    """
    parts = text.lower().split("x")
    if not all(part.isdecimal() and int(part) > 0 for part in parts) or len(parts) > 3:
        raise UsageError(f"--size {text!r}: wanted 512, 512x512 (rows and columns) or 32x256x256 (planes first)")
    return tuple(map(int, parts))


def written(size: Size) -> str:
    """A size as one writes it."""
    return "x".join(map(str, size))


def sized_sample(sample: Sample[Any, Any], size: Size | None) -> Sample[Any, Any]:
    """The case without its reference and its place, its image of that size.

    Raises:
        UsageError: it has no image.
        MemoryFault: the image, a batch of one and an answer of its size do not fit into the memory that is free.
    """
    inputs = sample.inputs
    if size is not None:
        pixels = _image(inputs).pixels
        _require_room(f"--size {written(size)}", pixels.shape[0], _wanted(size, pixels.ndim - 1), pixels.element_size(), images=3)
        pixels = _drawn(_image(inputs).pixels[None], size)[0]
        inputs = dataclasses.replace(inputs, pixels=pixels, origin=None)
    return Sample(sample.case, inputs)


def sized_batch(batch: Batch[Any, Any], size: Size | None) -> Batch[Any, Any]:
    """As `sized_sample`, of a batch."""
    if size is None:
        return batch
    pixels = _drawn(_image(batch.inputs).pixels, size)
    return Batch(batch.cases, dataclasses.replace(batch.inputs, pixels=pixels), None)


def require_room_for_batch(inputs: object, count: int) -> None:
    """Raise MemoryFault where a batch of images, and an answer of its size, do not fit into the memory that is free."""
    if isinstance(inputs, Image):
        channels, *size = inputs.pixels.shape
        _require_room(f"a batch of {count}", channels, tuple(size), inputs.pixels.element_size(), images=2 * count)


def input_in_words(inputs: object) -> str:
    """What one case's input is: `1x512x512 HU`, `12 values`, `76 letters`."""
    match inputs:
        case Image():
            return f"{written(tuple(inputs.pixels.shape))} {inputs.unit}".rstrip()
        case Row():
            return f"{inputs.values.numel()} values"
        case Sequence():
            return f"{len(inputs.letters)} letters"
    return type(inputs).__name__


def _image(inputs: object) -> Image:
    if not isinstance(inputs, Image):
        raise UsageError(f"a size is for images: the input is {type(inputs).__name__} ({input_in_words(inputs)})")
    return inputs


def _drawn(pixels: torch.Tensor, size: Size) -> torch.Tensor:
    """Images (B, C, ...) of a size. For a size of three axes planes are repeated, for one of two a volume gives its middle plane."""
    if len(size) == 3 and pixels.ndim == 4:
        pixels = pixels[:, :, None]
    elif len(size) == 2 and pixels.ndim == 5:
        pixels = pixels[:, :, pixels.shape[2] // 2]
    wanted = _wanted(size, pixels.ndim - 2)
    if tuple(pixels.shape[2:]) == wanted:
        return pixels.contiguous()
    mode = "trilinear" if pixels.ndim == 5 else "bilinear"
    return functional.interpolate(pixels, size=list(wanted), mode=mode, align_corners=False)


def _wanted(size: Size, axes: int) -> Size:
    return size * axes if len(size) == 1 else size


def _require_room(what: str, channels: int, size: Size, bytes_each: int, *, images: int) -> None:
    # What the network itself takes, which is more, only a trial can tell; these would fill the memory before there is one.
    needed, free = channels * math.prod(size) * bytes_each * images, available()
    if free is not None and needed > free:
        one = written((channels, *size))
        raise MemoryFault(
            f"{what}: images of {one} and an answer of that size take {needed / 2**30:.1f} GiB alone, and {free / 2**30:.1f} GiB are free"
        )

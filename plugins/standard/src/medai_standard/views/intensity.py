"""Values: their scale, their noise, and how many channels they come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from medai.errors import DataError, UsageError
from medai.tasks import Dataset, Image, Sample
from medai_standard.views.view import ImageView

_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


class Intensity(ImageView):
    """A view for training: contrast and brightness at random, in parts of the image's own standard deviation, so in any unit.

    Where the answer is an image too, it changes in the same way. Values of unit `0..1` stay there.

    Args:
        source: images or volumes, with any answer.
        gain: contrast is multiplied, about the image's mean, by up to 1 more or less this.
        offset: up to so many standard deviations are added or taken away.
    """

    def __init__(self, source: Dataset[Image, Any], gain: float = 0.2, offset: float = 0.2) -> None:
        if not (0 <= gain < 1 and offset >= 0):
            raise UsageError("gain is at least 0 and less than 1, and offset at least 0")
        super().__init__(source)
        self.gain, self.offset = gain, offset

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample in another contrast and brightness."""
        gain, offset = 1 + float(rng.uniform(-self.gain, self.gain)), float(rng.uniform(-self.offset, self.offset))
        pixels = sample.inputs.pixels
        mean, deviation = float(pixels.mean()), float(pixels.std(correction=0))

        def scaled(image: Image) -> Image:
            return _within(image, (image.pixels - mean) * gain + mean + offset * deviation)

        reference = scaled(sample.reference) if isinstance(sample.reference, Image) else sample.reference
        return replace(sample, inputs=scaled(sample.inputs), reference=reference)


class Noise(ImageView):
    """A view for training: Gaussian noise over the input, of a strength drawn anew each time; the answer stays.

    Args:
        source: images or volumes, with any answer.
        deviation: the strongest noise, in parts of the image's own standard deviation.
    """

    def __init__(self, source: Dataset[Image, Any], deviation: float = 0.1) -> None:
        if not deviation > 0:
            raise UsageError("deviation is more than 0")
        super().__init__(source)
        self.deviation = deviation

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample with noise."""
        pixels = sample.inputs.pixels
        strength = float(rng.uniform(0, self.deviation)) * float(pixels.std(correction=0))
        drawn = torch.from_numpy(rng.standard_normal(tuple(pixels.shape), dtype=np.float32))
        return replace(sample, inputs=_within(sample.inputs, pixels + strength * drawn))


class Channels(ImageView):
    """A view that applies always: images of one number of channels, where a folder has grey and coloured ones.

    Colours become grey by their luminance; grey becomes three alike. An answer that is an image changes too.

    Args:
        source: images or volumes, with any answer.
        count: 1 or 3.
    """

    def __init__(self, source: Dataset[Image, Any], count: int = 1) -> None:
        if count not in (1, 3):
            raise UsageError("count is 1 or 3")
        super().__init__(source)
        self.count = count

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample in so many channels.

        Raises:
            DataError: the image has neither one channel nor three.
        """
        reference = self._alike(sample.reference) if isinstance(sample.reference, Image) else sample.reference
        return replace(sample, inputs=self._alike(sample.inputs), reference=reference)

    def _alike(self, image: Image) -> Image:
        found = len(image.pixels)
        if found == self.count:
            return image
        if {found, self.count} != {1, 3}:
            raise DataError(f"an image of {found} channels, where 1 or 3 are wanted")
        pixels = image.pixels.expand(3, *image.pixels.shape[1:]) if found == 1 else _grey(image.pixels)
        return replace(image, pixels=pixels.contiguous())


def _grey(pixels: torch.Tensor) -> torch.Tensor:
    return torch.einsum("c,c...->...", torch.tensor(_LUMA), pixels)[None]


def _within(image: Image, pixels: torch.Tensor) -> Image:
    return replace(image, pixels=pixels.clamp(0, 1) if image.unit == "0..1" else pixels)

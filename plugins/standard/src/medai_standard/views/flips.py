"""Mirror images."""

from __future__ import annotations

from typing import Any

import numpy as np
from torchvision.transforms.v2 import functional

from medai.errors import UsageError
from medai.tasks import Dataset, Image, Sample
from medai_standard.views.view import ImageView, Move, moved


class Flips(ImageView):
    """A view for training: images turned about at random, left for right and upside down; volumes in every plane alike.

    Left and right differ in a patient (the heart, the liver), and in an ultrasound picture up and down do: flip what may be flipped.

    Args:
        source: images or volumes, with any answer.
        horizontal: how often left and right change places, from 0 to 1.
        vertical: how often top and bottom do.
    """

    def __init__(self, source: Dataset[Image, Any], horizontal: float = 0.5, vertical: float = 0.0) -> None:
        if not (0 <= horizontal <= 1 and 0 <= vertical <= 1):
            raise UsageError("horizontal and vertical are parts of 1")
        super().__init__(source)
        self.horizontal, self.vertical = horizontal, vertical

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample, flipped or not."""
        across, down = rng.random(2) < (self.horizontal, self.vertical)
        height, width = sample.inputs.pixels.shape[-2:]
        if across:
            back = np.array([[1.0, 0, 0], [0, -1, width - 1], [0, 0, 1]])
            sample = moved(sample, Move.of(functional.horizontal_flip, back))
        if down:
            back = np.array([[-1.0, 0, height - 1], [0, 1, 0], [0, 0, 1]])
            sample = moved(sample, Move.of(functional.vertical_flip, back))
        return sample

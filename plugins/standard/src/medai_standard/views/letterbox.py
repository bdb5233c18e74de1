"""Images of one size."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from medai.errors import UsageError
from medai.inference import Fit
from medai.tasks import Dataset, Image, Sample
from medai_standard.views.view import ImageView, Move, moved

_MIDDLE = {"0..1": 0.5}


class Letterbox(ImageView):
    """A view for training: every image in one size, its proportions kept and the rest filled, so that images of any size make a batch.

    What is filled is the middle of 0..1, in other units the image's mean, which is what models with a `size` see there. Volumes are
    resized in every plane alike. Evaluation and prediction need no such view: a model with a `size` does the same inside, and answers
    on the input's own grid.

    Args:
        source: images or volumes, with any answer.
        size: pixels along each side, or the height and the width.
    """

    def __init__(self, source: Dataset[Image, Any], size: int | tuple[int, int] = 256) -> None:
        self.size = (size, size) if isinstance(size, int) else size
        if min(self.size) < 1:
            raise UsageError("size is at least 1")
        super().__init__(source)

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample in that size."""
        height, width = sample.inputs.pixels.shape[-2:]
        if (height, width) == self.size:
            return sample
        fit = Fit.of((height, width), self.size)
        fill = _MIDDLE.get(sample.inputs.unit, float(sample.inputs.pixels.mean()))
        down, across = fit.inner[0] / height, fit.inner[1] / width
        # From centre to centre: half a pixel further on, scaled, half a pixel back.
        back = np.array([[1 / down, 0, (0.5 - fit.top) / down - 0.5], [0, 1 / across, (0.5 - fit.left) / across - 0.5], [0, 0, 1]])
        return moved(sample, Move(functools.partial(fit.image, fill=fill), fit.labels, back))

"""Small turns."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from torchvision import tv_tensors
from torchvision.transforms.v2 import InterpolationMode, functional

from medai.errors import UsageError
from medai.tasks import Dataset, Image, Sample
from medai_standard.views.view import ImageView, Move, moved


class Rotations(ImageView):
    """A view for training: images turned about their centre by a random angle; volumes in every plane alike.

    Pixels are interpolated, labels are not. A box becomes the smallest that holds the turned one, which is larger: keep angles small.
    The corners are filled with the image's lowest value and with background.

    Args:
        source: images or volumes, with any answer.
        degrees: the largest angle, either way.
    """

    def __init__(self, source: Dataset[Image, Any], degrees: float = 10.0) -> None:
        if not 0 < degrees <= 180:
            raise UsageError("degrees is more than 0 and at most 180")
        super().__init__(source)
        self.degrees = degrees

    def changed(self, sample: Sample[Image, Any], rng: np.random.Generator) -> Sample[Image, Any]:
        """The sample, turned."""
        angle = float(rng.uniform(-self.degrees, self.degrees))
        height, width = sample.inputs.pixels.shape[-2:]
        centre = np.array([(height - 1) / 2, (width - 1) / 2])
        turn = math.radians(angle)
        # torchvision turns counter-clockwise as seen, rows running down.
        back = np.eye(3)
        back[:2, :2] = [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
        back[:2, 2] = centre - back[:2, :2] @ centre
        lowest = float(sample.inputs.pixels.min())
        return moved(sample, Move.of(functools.partial(_turned, angle=angle, lowest=lowest), back), least=0.3)


def _turned(item: Any, angle: float, lowest: float) -> Any:
    if isinstance(item, tv_tensors.Image):
        return functional.rotate(item, angle, InterpolationMode.BILINEAR, fill=lowest)
    return functional.rotate(item, angle)

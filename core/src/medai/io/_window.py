"""Values between two levels as 0..1."""

from __future__ import annotations

import math

import numpy as np
import torch

from medai.errors import UsageError
from medai.tasks import Image


def window(image: Image, low: float, high: float) -> Image:
    """The image with `low` as 0 and `high` as 1, what lies beyond cut off; unit `0..1`.

    A window given by centre and width, as radiologists do, has `low = centre - width / 2` and `high = centre + width / 2` (DICOM's
    `LINEAR_EXACT`; its `LINEAR`, for whole numbers, differs by half a value): a lung window of centre -600 and width 1500 HU is
    `window(image, -1350, 150)`.

    Args:
        image: pixels float32 (C, H, W) or (C, D, H, W), in physical units; not changed.
        low: in the unit of the image.
        high: above `low`.

    Raises:
        UsageError: `low` is not below `high`, or either is not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"a window reaches from a value up to a higher one, not from {low} to {high}")
    result = _empty(image.pixels)
    # Plane by plane, so that a plane is still in the processor's cache at the next step.
    for plane, source in zip(result.flatten(0, -3), image.pixels.flatten(0, -3), strict=True):
        # Not by multiplication with 1 / (high - low): `high` must become 1.
        torch.clamp(source, low, high, out=plane).sub_(low).div_(high - low)
    return Image(result, "0..1", image.origin)


def _empty(like: torch.Tensor) -> torch.Tensor:
    if like.device.type != "cpu":
        return torch.empty_like(like, memory_format=torch.contiguous_format)
    # numpy asks the system for large pages, torch does not: the memory of a series then comes in a third of the time.
    return torch.from_numpy(np.empty(like.shape, np.float32))

"""How a picture shows a plane of an image: which values, in which proportions and which way round."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from medai.tasks._records import Origin
from medai.tasks.inputs import Image

_WINDOWS = {"HU": (-160.0, 240.0), "0..1": (0.0, 1.0)}


def plane_of(pixels: torch.Tensor, place: int | None = None) -> Any:
    """(H, W), or (H, W, 3) of a colour image, from (C, H, W) or (C, D, H, W); of a volume the plane `place`, or the middle one."""
    values = pixels.detach().cpu().numpy()
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2 if place is None else place]
    return values.transpose(1, 2, 0) if values.shape[0] == 3 else values[0]


def window_of(image: Image) -> tuple[float, float]:
    """Lowest and highest value to show: -160..240 of HU, 0..1 of that unit, else the middle 99 % of the values."""
    if image.unit in _WINDOWS:
        return _WINDOWS[image.unit]
    low, high = np.percentile(image.pixels.numpy(), (0.5, 99.5))
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)


def steps_of(origin: Origin | None) -> tuple[float, float]:
    """Millimetres between rows and between columns; 1 where they are not known."""
    spacing = () if origin is None else origin.spacing[-2:]
    return (spacing[0], spacing[1]) if len(spacing) == 2 else (1.0, 1.0)


def flips_of(origin: Origin | None) -> tuple[bool, bool]:
    """Whether to turn rows and columns about, so that they run towards the patient's left, back or feet, as radiologists look."""
    if origin is None or origin.affine is None or len(origin.spacing) < 2:
        return False, False
    first = len(origin.spacing) - 2
    # Those three directions are the negative ones of RAS+.
    rows, columns = (max(origin.affine[:3, axis], key=abs) > 0 for axis in (first, first + 1))
    return bool(rows), bool(columns)

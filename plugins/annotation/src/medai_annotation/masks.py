"""Masks by subtraction: which pixels differ between two images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import ndimage

Mask = np.ndarray[Any, np.dtype[np.bool_]]

HALF_GREY = 1 / 510
"""Half a grey level of 8 bits in images of 0..1: what differs by more was changed, what differs by less is rounding."""

_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def changed(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """How much two images (C, H, W) differ in each pixel, (H, W): the largest absolute difference of the channels."""
    return (first - second).abs().amax(dim=0)


def without_specks(mask: Mask, least: int) -> Mask:
    """The mask (H, W) without its parts of fewer than `least` pixels; pixels that touch at a corner are of one part, so that thin oblique
    lines hold together."""
    if least <= 1:
        return mask
    labels, _ = ndimage.label(mask, structure=_NEIGHBOURS)
    kept = np.bincount(labels.ravel()) >= least
    kept[0] = False
    found: Mask = kept[labels]
    return found

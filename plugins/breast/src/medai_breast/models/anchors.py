"""Anchors of YOLOv3: widths and heights of typical boxes, given or found among the training boxes."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from medai.errors import UsageError

COCO = ((10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326))
"""Width and height in pixels, clustered on COCO at 416 x 416 (Redmon and Farhadi 2018, section 2.3)."""

COUNT = len(COCO)
_MOST_ROUNDS = 300


def of_numbers(anchors: Sequence[Sequence[float]]) -> torch.Tensor:
    """Nine widths and heights in pixels as float32 (9, 2), the smallest area first.

    Raises:
        UsageError: they are not nine pairs of positive numbers.
    """
    if len(anchors) != COUNT or any(len(pair) != 2 or min(pair) <= 0 for pair in anchors):
        raise UsageError(f"anchors = {anchors}: not {COUNT} widths and heights in pixels")
    return _by_area(torch.tensor(anchors, dtype=torch.float32))


def overlaps(sizes: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """IoU (N, M) of boxes with sizes (N, 2) and (M, 2) that share a corner."""
    shared = torch.minimum(sizes[:, None], anchors).prod(-1)
    return shared / (sizes.prod(-1)[:, None] + anchors.prod(-1) - shared)


def clustered(sizes: torch.Tensor) -> torch.Tensor:
    """Nine anchors for boxes of these sizes, by k-means with the distance 1 - IoU (Redmon and Farhadi 2017, arXiv:1612.08242, section 2).

    The clusters start from sizes evenly spaced in the order of area, so that the same boxes give the same anchors. Where boxes have fewer
    than nine sizes, these are anchors, and the rest are those of COCO that are least like any chosen.

    Args:
        sizes: widths and heights (N, 2) in pixels; there may be none.

    Returns:
        float32 (9, 2), the smallest area first.
    """
    sizes = sizes.double()
    distinct = _by_area(sizes.unique(dim=0))
    if len(distinct) <= COUNT:
        return _by_area(_filled(distinct)).float()
    centres = distinct[torch.linspace(0, len(distinct) - 1, COUNT).round().long()]
    nearest = torch.full(sizes.shape[:1], -1)
    for _ in range(_MOST_ROUNDS):
        before, nearest = nearest, overlaps(sizes, centres).argmax(1)
        if torch.equal(before, nearest):
            break
        # A cluster that lost all its boxes stays where it is.
        centres = torch.stack([sizes[nearest == place].mean(0) if (nearest == place).any() else own for place, own in enumerate(centres)])
    return _by_area(centres).float()


def _by_area(sizes: torch.Tensor) -> torch.Tensor:
    return sizes[sizes.prod(-1).argsort(stable=True)]


def _filled(chosen: torch.Tensor) -> torch.Tensor:
    coco = torch.tensor(COCO, dtype=chosen.dtype)
    while len(chosen) < COUNT:
        likeness = overlaps(coco, chosen).amax(1) if len(chosen) else torch.zeros(COUNT)
        chosen = torch.cat([chosen, coco[likeness.argmin()][None]])
    return chosen

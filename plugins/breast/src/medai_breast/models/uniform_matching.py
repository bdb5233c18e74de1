"""Which anchors learn which box: YOLOF's uniform matching."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torchvision.ops import box_convert, box_iou

_NEAREST = 4
_POSITIVE, _DOUBTFUL = 0.15, 0.7


class Matching(NamedTuple):
    """What the N anchors of an image learn of its n boxes.

    Attributes:
        times: how often the box of an anchor is drawn to a box, 0 to 2, int64 (N, n).
        owner: the box whose class an anchor learns, -1: none, int64 (N,).
        ignored: anchors that learn no class and no background, bool (N,).
    """

    times: torch.Tensor
    owner: torch.Tensor
    ignored: torch.Tensor


@torch.no_grad()
def uniform_matching(predicted: torch.Tensor, anchors: torch.Tensor, boxes: torch.Tensor) -> Matching:
    """As many anchors for a large box as for a small one (Chen et al. 2021, section 4.2): the four whose own boxes, and the four whose
    predicted boxes, are nearest by the L1 distance of centre, width and height, so that an anchor may count twice.

    Those that overlap their box by an IoU below 0.15 are ignored instead; so are others whose predicted box overlaps any by more than 0.7.
    An anchor that is matched to several boxes learns the class of that which it overlaps most; in the authors' program it is that of
    whichever came last.

    Args:
        predicted: boxes of the anchors as the network changed them, xyxy in pixels, (N, 4).
        anchors: as they are, (N, 4).
        boxes: of the image, (n, 4).
    """
    times = _nearest(anchors, boxes) + _nearest(predicted, boxes)
    overlaps = box_iou(anchors, boxes)
    good = (times > 0) & (overlaps >= _POSITIVE)
    # A first column for none, so that an image without boxes needs no words of its own.
    ranked = torch.cat([overlaps.new_zeros(len(anchors), 1), torch.where(good, overlaps, -1.0)], 1)
    owner = ranked.argmax(1) - 1
    doubtful = (times > 0).any(1) | (box_iou(predicted, boxes) > _DOUBTFUL).any(1)
    return Matching(times * good, owner, doubtful & (owner < 0))


def _nearest(candidates: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """1 for the nearest candidates (N, 4) of each box (n, 4), 0 for others, int64 (N, n)."""
    distances = torch.cdist(box_convert(candidates, "xyxy", "cxcywh"), box_convert(boxes, "xyxy", "cxcywh"), p=1)
    places = distances.topk(min(_NEAREST, len(candidates)), dim=0, largest=False).indices
    return torch.zeros_like(distances, dtype=torch.int64).scatter(0, places, 1)

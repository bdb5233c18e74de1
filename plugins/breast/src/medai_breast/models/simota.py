"""SimOTA: which places of an image learn which box, by what the network makes of them now (Ge et al. 2021, section 2.1)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torchvision.ops import box_iou

from medai.tasks import Boxes

_RADIUS = 2.5
"""Of the square around a box's centre, in cells."""

_CONSIDERED = 10
"""Best overlaps of a box, whose sum is how many places learn it."""

_OVERLAP_COUNTS = 3.0
_OUTSIDE = 1e5


class Assigned(NamedTuple):
    """Places that learn a box, P of an image.

    Attributes:
        places: int64 (P,).
        boxes: the number of the box that each learns, int64 (P,).
        overlaps: IoU of what the network says there with it, float32 (P,).
    """

    places: torch.Tensor
    boxes: torch.Tensor
    overlaps: torch.Tensor


@torch.no_grad()
def assigned(boxes: torch.Tensor, scores: torch.Tensor, centres: torch.Tensor, strides: torch.Tensor, target: Boxes) -> Assigned:
    """The places with the lowest cost for each box, of those in it or near its centre; a place that several boxes want learns the one that
    it costs least, and a box may be left with none.

    The cost is the cross-entropy of the classes, 3 times -log IoU, and 1e5 where a place is not both in the box and near its centre. Public
    code lets a box that holds no cell's centre be learnt by places around another box; here it is not.

    Args:
        boxes: what the network says, xyxy (N, 4) in pixels of the frame.
        scores: of each class, 0..1, (N, n): the root of objectness times the class's probability.
        centres: of the cells, (N, 2), in pixels of the frame.
        strides: of the cells (N, 1).
        target: the boxes to find, G of them.
    """
    inside, near = _lies(centres, strides, target.boxes)
    places = (inside | near).any(0).nonzero().squeeze(1)
    if len(places) == 0:
        return Assigned(places, places, scores.new_zeros(0))
    inside, near = inside[:, places], near[:, places]
    overlaps = box_iou(target.boxes, boxes[places])
    cost = _class_cost(scores[places], target.labels) - _OVERLAP_COUNTS * (overlaps + 1e-8).log() + _OUTSIDE * ~(inside & near)
    cost = cost.masked_fill(~(inside | near), torch.inf)

    many = overlaps.topk(min(_CONSIDERED, len(places)), 1).values.sum(1).int().clamp_min(1)
    rank = cost.argsort(dim=1, stable=True).argsort(dim=1)
    wanted = (rank < many[:, None]) & cost.isfinite()
    cheapest = cost.masked_fill(~wanted, torch.inf).argmin(0)
    learns = wanted.any(0)
    own = cheapest[learns]
    return Assigned(places[learns], own, overlaps[own, learns.nonzero().squeeze(1)])


def _lies(centres: torch.Tensor, strides: torch.Tensor, boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For boxes (G, 4) and places: whether a place lies in a box, and whether in the square around its centre, bool (G, N)."""
    inside = torch.cat([centres - boxes[:, None, :2], boxes[:, None, 2:] - centres], -1).amin(-1) > 0
    middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    return inside, ((centres - middles).abs() < _RADIUS * strides).all(-1)


def _class_cost(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (G, P) of scores (P, n) with each box's class, summed over the classes."""
    # By hand: autocast refuses the function for probabilities. It, too, takes no logarithm below -100.
    right, wrong = scores.log().clamp_min(-100), (1 - scores).log().clamp_min(-100)
    return (wrong - right).T[labels] - wrong.sum(1)

"""What YOLOv3 learns: which place answers for a box, and what it should say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torchvision.ops import box_iou

from medai.tasks import Boxes
from medai_breast.models.anchors import COUNT, overlaps

STRIDES = (32, 16, 8)
EACH = COUNT // len(STRIDES)
"""Anchors of a level: the largest three are of stride 32, the smallest of 8."""

_IGNORED = 0.7
"""A place without a box, but whose own overlaps one by more than this, is not told that it is wrong."""


class Matches(NamedTuple):
    """Places that answer for a box, M of a batch.

    Attributes:
        images: the image of each, int64 (M,).
        places: its place among all of the image, int64 (M,).
        offsets: float32 (M, 4): the box's centre in its cell, 0..1, and the logarithms of its sides over the anchor's.
        weights: 2 - area as a part of the frame's, float32 (M,): small boxes count up to twice.
        classes: 0 or 1 for each class, float32 (M, n).
    """

    images: torch.Tensor
    places: torch.Tensor
    offsets: torch.Tensor
    weights: torch.Tensor
    classes: torch.Tensor


def matched(targets: Sequence[Boxes], anchors: torch.Tensor, shape: Sequence[int], classes: int) -> Matches:
    """For each box the cell of its centre and the anchor of the nine that is most like it, however little.

    Where several boxes want the same anchor in the same cell, the place answers for the last, and for the classes of all, as in
    PaddleDetection.

    Args:
        targets: of each image, xyxy in pixels of the frame.
        anchors: (9, 2), the smallest first.
        shape: height and width of the frame.
        classes: how many there are.
    """
    height, width = shape
    images = torch.cat([torch.full_like(target.labels, place) for place, target in enumerate(targets)])
    boxes, labels = torch.cat([target.boxes for target in targets]), torch.cat([target.labels for target in targets])
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    best = overlaps(sizes, anchors).argmax(1)
    level = len(STRIDES) - 1 - best // EACH

    grids = torch.tensor([[width // stride, height // stride] for stride in STRIDES], device=boxes.device)
    counts = grids.prod(1) * EACH
    starts = counts.cumsum(0) - counts
    scaled = centres / boxes.new_tensor(STRIDES)[level, None]
    # A centre on the frame's far edge is in the last cell.
    cells = torch.minimum(scaled.long().clamp_min(0), grids[level] - 1)
    places = starts[level] + (cells[:, 1] * grids[level, 0] + cells[:, 0]) * EACH + best % EACH

    slots, slot = torch.unique(images * counts.sum() + places, return_inverse=True)
    last = torch.zeros_like(slots).scatter_reduce(0, slot, torch.arange(len(slot), device=slot.device), "amax", include_self=False)
    offsets = torch.cat([scaled - cells, (sizes / anchors[best]).log()], 1)
    named = boxes.new_zeros(len(slots), classes).index_put((slot, labels), boxes.new_ones(()))
    return Matches(images[last], places[last], offsets[last], 2 - sizes[last].prod(1) / (height * width), named)


def losses(said: torch.Tensor, boxes: torch.Tensor, targets: Sequence[Boxes], matches: Matches) -> dict[str, torch.Tensor]:
    """Sums over an image's places, the mean over images: cross-entropy of the centre in its cell, L1 of the sides' logarithms, both by
    weight, and cross-entropy of objectness and of each class (Redmon and Farhadi 2018, section 2.1, as in PaddleDetection's YOLOv3Loss).

    Args:
        said: logits and logarithms (B, N, 5 + n): centre, sides, objectness, classes.
        boxes: what they come to, xyxy in pixels of the frame (B, N, 4).
    """
    own = said[matches.images, matches.places]
    centre = binary_cross_entropy_with_logits(own[:, :2], matches.offsets[:, :2], reduction="none").sum(1)
    sides = (own[:, 2:4] - matches.offsets[:, 2:]).abs().sum(1)
    classes = binary_cross_entropy_with_logits(own[:, 5:], matches.classes, reduction="none")

    there = torch.zeros_like(said[..., 4])
    there[matches.images, matches.places] = 1
    counted = (there > 0) | ~_near(boxes.detach(), targets)
    objectness = binary_cross_entropy_with_logits(said[..., 4], there, reduction="none")[counted]
    summed = {
        "centre": matches.weights * centre,
        "sides": matches.weights * sides,
        "objectness": objectness,
        "class": classes,
    }
    return {name: values.sum() / len(targets) for name, values in summed.items()}


def _near(boxes: torch.Tensor, targets: Sequence[Boxes]) -> torch.Tensor:
    """Which boxes (B, N) overlap one of their image's enough to be ignored."""
    near = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
    for place, target in enumerate(targets):
        if len(target):
            near[place] = box_iou(boxes[place], target.boxes).amax(1) > _IGNORED
    return near

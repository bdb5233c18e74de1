"""What TTFNet is to give for the boxes of an image."""

from __future__ import annotations

from typing import NamedTuple

import torch

from medai.tasks import Boxes
from medai_breast.models.heatmaps import gaussians, heatmap

STRIDE = 4
_ALPHA = 0.54
"""How much of a box its Gaussian covers; the paper's beta, of the part that learns the box, is the same."""


class Targets(NamedTuple):
    """Of an image: `heatmap` (classes, h, w), 1 at centres; `boxes`, what each cell learns, xyxy in pixels (h, w, 4); `weights` (h, w), 0
    where a cell learns no box."""

    heatmap: torch.Tensor
    boxes: torch.Tensor
    weights: torch.Tensor


def targets_of(boxes: Boxes, classes: int, shape: tuple[int, int]) -> Targets:
    """Sections 3.2 and 3.3 of Liu et al. 2020: a Gaussian as wide and high as the box, by 0.54, around its centre. All its cells learn the
    box, weighted by the Gaussian of sum 1 times the logarithm of the box's area; of two boxes a cell learns the smaller.

    Args:
        boxes: in pixels of the frame; a centre outside it is moved to its border.
        classes: how many.
        shape: of the map, in cells of 4x4 pixels.
    """
    # The area with a pixel more on either side, as the authors count: its logarithm is above zero for the smallest box.
    area = (boxes.boxes[:, 2:] - boxes.boxes[:, :2] + 1).prod(1).log()
    order = area.argsort(descending=True, stable=True)
    area, own, labels = area[order], boxes.boxes[order], boxes.labels[order]
    last = torch.tensor([shape[1] - 1, shape[0] - 1], device=own.device)
    corners = torch.minimum((own / STRIDE).clamp_min(0).view(-1, 2, 2), last)
    radii = ((corners[:, 1] - corners[:, 0]) / 2 * _ALPHA).long()
    centres = torch.minimum(((own[:, :2] + own[:, 2:]) / 2 / STRIDE).clamp_min(0).long(), last)
    around = gaussians(centres, radii, shape)
    shares = around / around.sum((1, 2), keepdim=True) * area[:, None, None]
    # A first row for none, so that an image without boxes needs no words of its own; the boxes that follow have the last word.
    numbers = torch.arange(1, len(own) + 1, device=own.device)[:, None, None]
    owner = torch.cat([numbers.new_zeros(1, *shape), (around > 0) * numbers]).amax(0)
    weights = torch.cat([shares.new_zeros(1, *shape), shares]).gather(0, owner[None])[0]
    return Targets(heatmap(around, labels, classes), torch.cat([own.new_zeros(1, 4), own])[owner], weights)

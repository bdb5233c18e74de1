"""Heatmaps of places that are sought: what a network is to give for its boxes, and its loss."""

from __future__ import annotations

import torch
from torch.nn import functional as F

_ALPHA, _BETA = 2, 4
"""Powers of the focal loss: of how wrong the network is, and of how far from a place."""


def gaussians(places: torch.Tensor, radii: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """A Gaussian around each place: 1 there, with three standard deviations along its whole width, 0 beyond its radii.

    Args:
        places: the cell x, y of each, integers (N, 2); those outside the map give what of their Gaussians lies in it.
        radii: in cells along x and y, integers (N, 2); the width is 2 r + 1, the standard deviation a sixth of it.
        shape: height and width of the map, in cells.

    Returns:
        float32 (N, h, w).
    """
    height, width = shape
    columns = _slices(places[:, 0], radii[:, 0], width)
    rows = _slices(places[:, 1], radii[:, 1], height)
    return rows[:, :, None] * columns[:, None, :]


def heatmap(around: torch.Tensor, labels: torch.Tensor, classes: int) -> torch.Tensor:
    """One map for each class, float32 (classes, h, w): the highest of its Gaussians (N, h, w) in each cell, 0 where there is none.

    Args:
        around: one Gaussian for each place, as `gaussians` gives them.
        labels: the class of each, int64 (N,).
        classes: how many there are.
    """
    own = F.one_hot(labels, classes).to(around)[:, :, None, None] * around[:, None]
    return torch.cat([own, own.new_zeros(1, *own.shape[1:])]).amax(0)


def focal_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The penalty-reduced focal loss of Law & Deng 2018, equation 1, with alpha 2 and beta 4: a scalar in float32.

    The sum over all cells, divided by the number of cells that are a place (where the target is 1), or by 1 if there is none.

    Args:
        logits: of the network, any shape.
        target: of that shape, from 0 to 1, as `heatmap` makes it.
    """
    logits, target = logits.float(), target.float()
    probability = logits.sigmoid()
    place = target == 1
    found = (1 - probability) ** _ALPHA * F.logsigmoid(logits)
    quiet = (1 - target) ** _BETA * probability**_ALPHA * F.logsigmoid(-logits)
    return -torch.where(place, found, quiet).sum() / place.sum().clamp_min(1)


def _slices(places: torch.Tensor, radii: torch.Tensor, length: int) -> torch.Tensor:
    """Each Gaussian along one axis, (N, length)."""
    away = torch.arange(length, device=places.device) - places[:, None]
    deviation = (2 * radii[:, None] + 1) / 6
    height = torch.exp(-((away / deviation) ** 2) / 2)
    return torch.where(away.abs() <= radii[:, None], height, 0.0)

"""Heatmaps: Gaussians by hand, several of them, and the focal loss."""

from __future__ import annotations

import math

import pytest
import torch

from medai_breast.models.heatmaps import focal_loss, gaussians, heatmap


def test_a_gaussian_is_one_at_its_place_and_nothing_beyond_its_radii() -> None:
    (drawn,) = gaussians(torch.tensor([[5, 3]]), torch.tensor([[2, 1]]), (8, 10))
    assert drawn.dtype == torch.float32 and drawn.shape == (8, 10)
    assert drawn[3, 5] == 1 and drawn.argmax() == 3 * 10 + 5
    # Standard deviations of 5 / 6 along x and 3 / 6 along y.
    assert float(drawn[3, 7]) == pytest.approx(math.exp(-((2 / (5 / 6)) ** 2) / 2))
    assert float(drawn[4, 6]) == pytest.approx(math.exp(-((1 / (5 / 6)) ** 2) / 2 - ((1 / 0.5) ** 2) / 2))
    inside = torch.zeros(8, 10, dtype=torch.bool)
    inside[2:5, 3:8] = True
    assert (drawn[inside] > 0).all() and (drawn[~inside] == 0).all()


def test_at_the_border_a_gaussian_is_cut_and_without_radius_it_is_a_cell() -> None:
    corner, cell = gaussians(torch.tensor([[0, 7], [9, 0]]), torch.tensor([[1, 1], [0, 0]]), (8, 10))
    assert corner[7, 0] == 1 and int((corner > 0).sum()) == 4
    assert cell[0, 9] == 1 and int((cell > 0).sum()) == 1


def test_places_of_a_class_share_a_map_where_the_higher_wins() -> None:
    around = gaussians(torch.tensor([[2, 2], [4, 2], [2, 2]]), torch.tensor([[2, 2], [2, 2], [0, 0]]), (6, 8))
    drawn = heatmap(around, torch.tensor([0, 0, 2]), 3)
    assert torch.equal(drawn[0], torch.maximum(around[0], around[1]))
    assert (drawn[1] == 0).all() and torch.equal(drawn[2], around[2])


def test_without_places_the_map_is_empty() -> None:
    none = torch.empty(0, 2, dtype=torch.int64)
    drawn = heatmap(gaussians(none, none, (4, 6)), torch.empty(0, dtype=torch.int64), 2)
    assert drawn.shape == (2, 4, 6) and (drawn == 0).all()


def test_focal_loss_by_hand() -> None:
    target = torch.tensor([1.0, 0.5, 0.0])
    p = torch.tensor([0.8, 0.3, 0.1], dtype=torch.float64)
    expected = -(0.2**2 * math.log(0.8) + 0.5**4 * 0.3**2 * math.log(0.7) + 0.1**2 * math.log(0.9))
    assert float(focal_loss(p.logit().float(), target)) == pytest.approx(expected)
    # Two places: the sum is divided by two; none: by one.
    assert float(focal_loss(p.logit().float().repeat(2), target.repeat(2))) == pytest.approx(expected)
    assert float(focal_loss(torch.zeros(4), torch.zeros(4))) == pytest.approx(4 * 0.25 * math.log(2))


def test_focal_loss_stays_finite_however_sure_the_network_is() -> None:
    logits = torch.tensor([-200.0, 200.0], dtype=torch.float16, requires_grad=True)
    loss = focal_loss(logits, torch.tensor([1.0, 0.0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(400)
    assert gradient.isfinite().all() and (gradient != 0).all()

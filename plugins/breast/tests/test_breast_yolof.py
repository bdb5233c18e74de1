"""YOLOF: which anchors learn which box, what its maps mean, and doubles removed."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from medai.errors import UsageError
from medai.tasks import Boxes
from medai_breast.models.uniform_matching import uniform_matching
from medai_breast.models.yolof import YOLOF, Rows, changed, squares
from medai_breast.models.yolof_parts import product

SIDES = (32, 64, 128, 256, 512)
# A map of four by four cells: the anchors of a cell stand after each other, those of cell x, y from place (4 y + x) 5.
CELLS = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0)).flip(1).repeat_interleave(5, 0)
ANCHORS = squares(CELLS * 32, SIDES)
# What the network predicts is far from everything, but for the places that a test sets.
FAR = torch.tensor([9000.0, 9000.0, 9010.0, 9010.0]).expand(len(ANCHORS), -1) + torch.arange(len(ANCHORS))[:, None] * 100


def place(x: int, y: int, side: int) -> int:
    return (4 * y + x) * 5 + SIDES.index(side)


def test_as_many_parameters_as_the_authors_network() -> None:
    # YOLOF_R_50_C5 of chensnathan/YOLOF with batch norm in its ResNet.
    assert sum(parameter.numel() for parameter in YOLOF(3, 80).parameters()) == 44_166_121


def test_anchors_are_squares_around_the_first_pixel_of_a_cell() -> None:
    assert ANCHORS[place(2, 1, 32)].tolist() == [48, 16, 80, 48]
    assert ANCHORS[place(0, 3, 512)].tolist() == [-256, -160, 256, 352]


def test_a_box_is_learnt_by_the_four_nearest_anchors_and_the_four_nearest_predictions() -> None:
    box = torch.tensor([[32.0, 32.0, 96.0, 96.0]])  # the anchor of 64 in cell 2, 2
    predicted = FAR.clone()
    near = [place(0, 0, 512), place(3, 3, 32), place(2, 2, 64), place(1, 2, 64)]
    predicted[near] = box + torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    matching = uniform_matching(predicted, ANCHORS, box)
    # Its own anchor, distance 0, and of the four neighbours, distance 32, three; the anchor of 32 in the same cell has 64.
    own = place(2, 2, 64)
    neighbours = [place(1, 2, 64), place(3, 2, 64), place(2, 1, 64), place(2, 3, 64)]
    times = matching.times[:, 0]
    assert times[own] == 2  # as an anchor and as a prediction
    assert int(times[neighbours].sum()) in (3, 4) and times[place(1, 2, 64)] in (1, 2)
    # The anchor of 512 overlaps the box by 64^2 / 512^2, that of 32 in cell 3, 3 by its quarter: both below 0.15, so ignored.
    assert times[place(0, 0, 512)] == 0 and times[place(3, 3, 32)] == 0
    assert matching.ignored[place(0, 0, 512)] and matching.ignored[place(3, 3, 32)]
    assert bool((matching.owner[times > 0] == 0).all()) and bool((matching.owner[times == 0] == -1).all())


def test_a_box_that_no_anchor_matches_is_learnt_by_none_and_counts_as_no_background() -> None:
    matching = uniform_matching(FAR, ANCHORS, torch.tensor([[30.0, 30.0, 34.0, 34.0]]))
    assert int(matching.times.sum()) == 0 and bool((matching.owner == -1).all())
    # The four nearest anchors; the four nearest predictions, at the first places of all.
    assert matching.ignored[place(1, 1, 32)] and int(matching.ignored.sum()) in range(4, 9)


def test_of_two_boxes_in_one_cell_an_anchor_learns_the_class_of_that_which_it_overlaps_most() -> None:
    boxes = torch.tensor([[32.0, 32.0, 96.0, 96.0], [36.0, 36.0, 92.0, 92.0]])
    for order in (boxes, boxes.flip(0)):
        matching = uniform_matching(FAR, ANCHORS, order)
        middle = place(2, 2, 64)
        assert matching.times[middle].tolist() == [1, 1]  # drawn to both
        assert order[matching.owner[middle]].tolist() == boxes[0].tolist()


def test_a_box_at_the_border_has_its_four_anchors() -> None:
    box = torch.tensor([[64.0, 0.0, 128.0, 64.0]])  # in the upper right corner of 128 x 128
    matching = uniform_matching(FAR, ANCHORS, box)
    assert matching.owner[place(3, 1, 64)] == 0 and int(matching.times.sum()) == 4


def test_a_prediction_that_is_right_though_unasked_is_no_background() -> None:
    box = torch.tensor([[32.0, 32.0, 96.0, 96.0]])
    predicted = FAR.clone()
    right = [place(0, 0, side) for side in SIDES]
    predicted[right] = box + torch.arange(5.0)[:, None] / 2  # the last is no more one of the four nearest
    matching = uniform_matching(predicted, ANCHORS, box)
    assert matching.ignored[right[-1]] and matching.times[right[-1]] == 0
    predicted[right[-1]] = box + torch.tensor([20.0, 20.0, 20.0, 20.0])  # IoU 0.31
    assert not uniform_matching(predicted, ANCHORS, box).ignored[right[-1]]


def test_without_boxes_all_is_background() -> None:
    matching = uniform_matching(FAR, ANCHORS, torch.zeros(0, 4))
    assert matching.times.shape == (80, 0) and bool((matching.owner == -1).all()) and not bool(matching.ignored.any())


def test_changes_move_an_anchor_by_its_side_but_32_pixels_at_most_and_grow_it_within_bounds() -> None:
    anchor = torch.tensor([[0.0, 0.0, 64.0, 64.0]])
    changes = torch.tensor([[[0.25, -0.5, 0.0, math.log(2)]], [[2.0, -9.0, 50.0, -50.0]]])
    small, large = changed(anchor, changes)
    assert small[0].tolist() == pytest.approx([16, -64, 80, 64])
    half = 64 * 1000 / 16 / 2
    assert large[0].tolist() == pytest.approx([64 - half, 0, 64 + half, 0])


def test_a_logit_is_that_of_the_product_of_class_and_objectness() -> None:
    first, second = torch.tensor([[-1.0, 2.0]]), torch.tensor([[0.5]])
    assert torch.allclose(product(first, second).sigmoid(), first.sigmoid() * second.sigmoid())
    extreme = product(torch.tensor([-300.0, 300.0, 300.0]), torch.tensor([-300.0, 300.0, -300.0]))
    assert extreme.tolist() == pytest.approx([-600, 300 - math.log(2), -300], rel=1e-5)


def test_boxes_begin_as_their_anchors() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        maps = YOLOF(backbone="resnet18").train().maps(torch.randn(2, 3, 128, 128))
    sides = maps.anchors[:, 2:] - maps.anchors[:, :2]
    assert bool(((maps.boxes - maps.anchors).abs() < 0.3 * torch.cat([sides, sides], 1)).all())


def test_losses_by_hand() -> None:
    network = YOLOF(classes=2, backbone="resnet18", width=8)
    anchors = squares(torch.tensor([[32.0, 32.0], *([100.0 * far, 200.0] for far in range(2, 7))]), (10.0,))
    anchors[0] = torch.tensor([0.0, 0.0, 64.0, 64.0])
    predicted = anchors.clone()
    predicted[0, 2] = 48.0
    # The first learns the box; the next three are its nearest too, overlap it not at all, and are ignored; the others are background.
    logits = torch.tensor([[-1.0, 1.0], [9.0, 9.0], [9.0, 9.0], [9.0, 9.0], [-1.0, -20.0], [-20.0, -20.0]])
    boxes = Boxes(anchors[:1], torch.tensor([1]))
    losses = network.losses(Rows(logits[None], predicted[None], anchors), [boxes], torch.Size([640, 640]))
    p = 1 / (1 + math.e)
    wrong = -0.75 * p**2 * math.log(1 - p)  # probability p of a class that is not there, in two places
    right = -0.25 * p**2 * math.log(1 - p)  # 1 - p of that which is
    assert losses["class"].item() == pytest.approx(2 * wrong + right, rel=1e-5)
    assert losses["box"].item() == pytest.approx(2 * (1 - 48 / 64), rel=1e-5)  # as an anchor and as a prediction


def test_of_two_boxes_for_one_lesion_the_better_stays() -> None:
    network = YOLOF(classes=2, backbone="resnet18", width=8, most=3)
    boxes = torch.tensor([[0, 0, 60, 60], [0, 0, 60, 50], [0, 0, 60, 30], [0, 4, 60, 60], [70, 70, 90, 90]], dtype=torch.float32)
    # IoU with the first: 0.83, 0.5, 0.93; that of another class and those below 0.6 stay.
    scores = torch.tensor([[0.9, 0.0], [0.8, 0.0], [0.7, 0.0], [0.0, 0.6], [0.5, 0.0]])
    (found,) = network.decoded(Rows(scores.logit()[None], boxes[None], boxes), torch.Size([96, 96]))
    assert found.boxes.tolist() == boxes[[0, 2, 3]].tolist() and found.labels.tolist() == [0, 0, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.7, 0.6])


@pytest.mark.parametrize(
    ("parameters", "told"), [({"anchors": (32, 0)}, "not sides in pixels"), ({"width": 3}, "width = 3: not 4 or more")]
)
def test_what_there_is_not_is_refused(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        YOLOF(backbone="resnet18", **parameters)

"""YOLOv3: its size, its anchors, which place answers for a box, and that a place says what it was told."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from medai.tasks import Boxes, Case, Image, Sample
from medai_breast.models.anchors import COCO, clustered, of_numbers, overlaps
from medai_breast.models.places import Places
from medai_breast.models.yolov3 import YoloV3
from medai_breast.models.yolov3_loss import EACH, STRIDES, Matches, losses, matched

SHAPE = torch.Size([320, 320])
ANCHORS = of_numbers(COCO)


def boxes(*rows: tuple[float, float, float, float], labels: tuple[int, ...] = ()) -> Boxes:
    given = torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)
    return Boxes(given, torch.tensor(labels or (0,) * len(rows), dtype=torch.int64))


def where(place: int) -> tuple[int, int, int, int]:
    """Stride, row, column and anchor, of those of the stride, of a place in a frame of 320 x 320."""
    for stride in STRIDES:
        side = 320 // stride
        if place < side * side * EACH:
            return stride, place // EACH // side, place // EACH % side, place % EACH
        place -= side * side * EACH
    raise AssertionError


def maps_of(matches: Matches, classes: int) -> list[torch.Tensor]:
    """What the heads would say if they had learnt the first image's matches."""
    said = torch.zeros(1, sum((320 // stride) ** 2 * EACH for stride in STRIDES), 5 + classes)
    said[..., 4] = -20
    rows = torch.cat([matches.offsets[:, :2].logit(), matches.offsets[:, 2:], torch.full_like(matches.offsets[:, :1], 20)], 1)
    said[0, matches.places] = torch.cat([rows, matches.classes * 40 - 20], 1)
    maps = []
    for stride in STRIDES:
        side = 320 // stride
        own, said = said[:, : side * side * EACH], said[:, side * side * EACH :]
        maps.append(own.unflatten(1, (side, side, EACH)).permute(0, 3, 4, 1, 2).flatten(1, 2))
    return maps


def test_with_80_classes_it_has_the_parameters_of_paddledetection() -> None:
    """Counted of DarkNet, YOLOv3FPN and YOLOv3Head of PaddleDetection 2.8; ultralytics/yolov3 prints the same number."""
    network = YoloV3(channels=3, classes=80)
    assert sum(weight.numel() for weight in network.parameters()) == 61_949_149


def test_a_box_is_learnt_by_the_anchor_most_like_it_in_the_cell_of_its_centre() -> None:
    cases = (
        ((100.0, 60.0, 130.0, 121.0), (16, 5, 7, 0)),  # 30 x 61 itself
        ((10.0, 20.0, 22.0, 34.0), (8, 3, 2, 0)),
        ((0.0, 0.0, 320.0, 320.0), (32, 5, 5, 2)),
        # As long and thin as no anchor: 33 x 23 is the least unlike, and that is enough.
        ((5.0, 150.0, 315.0, 154.0), (8, 19, 20, 2)),
        # At the lower right border, and beyond it by a rounding.
        ((308.0, 306.0, 320.0, 320.0), (8, 39, 39, 0)),
        ((314.0, 313.5, 326.0, 326.5), (8, 39, 39, 0)),
    )
    for box, place in cases:
        found = matched([boxes(box)], ANCHORS, SHAPE, 2)
        assert [where(int(each)) for each in found.places] == [place]
        assert found.weights[0] == pytest.approx(2 - (box[2] - box[0]) * (box[3] - box[1]) / 320**2)
    thin = overlaps(torch.tensor([[310.0, 4.0]]), ANCHORS)
    assert float(thin.max()) < 0.1 and int(thin.argmax()) == 2


def test_what_a_place_is_told_is_what_it_then_says() -> None:
    """Boxes of all levels, two in one cell among them, at a border and of two classes, come back where they were."""
    network = YoloV3("resnet18", classes=2)
    given = boxes(
        (3, 4, 15, 20), (100, 60, 130, 121), (100, 70, 160, 111), (10, 10, 310, 300), (290, 280, 320, 320), labels=(0, 1, 0, 1, 0)
    )
    found = matched([given], ANCHORS, SHAPE, 2)
    assert len(found.places) == 5 and len(set(found.places.tolist())) == 5
    (answer,) = network.decoded(maps_of(found, 2), SHAPE)
    assert len(answer.labels) == 5 and bool((answer.scores > 0.999).all())
    for box, label in zip(given.boxes, given.labels, strict=True):
        own = answer.boxes[answer.labels == label]
        assert float((own - box).abs().amax(1).min()) < 1e-3


def test_two_boxes_in_one_cell() -> None:
    # Of different shapes they are learnt by different anchors.
    other = matched([boxes((100, 60, 130, 121), (85, 70, 145, 115))], ANCHORS, SHAPE, 2)
    assert [where(int(place)) for place in other.places] == [(16, 5, 7, 0), (16, 5, 7, 1)]
    # Of one shape, the place learns the last one, and that both classes are there.
    same = matched([boxes(), boxes((100, 60, 130, 121), (101, 61, 132, 120), labels=(1, 0))], ANCHORS, SHAPE, 3)
    assert same.images.tolist() == [1] and same.classes.tolist() == [[1.0, 1.0, 0.0]]
    expected = [116.5 / 16 - 7, 90.5 / 16 - 5, math.log(31 / 30), math.log(59 / 61)]
    assert same.offsets[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_the_losses_of_a_hand_made_answer() -> None:
    """One box, one place that answers half right; all else says that nothing is there."""
    given = boxes((100, 60, 130, 121), labels=(1,))
    found = matched([given, boxes()], ANCHORS, SHAPE, 2)
    said = torch.zeros(2, 6300, 7)
    said[..., 4] = -100
    said[0, found.places[0], 2:] = torch.tensor([0.1, -0.2, 0.0, 0.0, 0.0])
    parts = losses(said, torch.zeros(2, 6300, 4), [given, boxes()], found)
    half, weight = math.log(2), 2 - 30 * 61 / 320**2
    assert {name: float(value) * 2 for name, value in parts.items()} == pytest.approx(
        {"centre": 2 * half * weight, "sides": 0.3 * weight, "objectness": half, "class": 2 * half}, rel=1e-5
    )


def test_a_place_that_says_nearly_the_same_box_is_not_told_that_it_is_wrong() -> None:
    given = boxes((100, 60, 130, 121))
    found = matched([given], ANCHORS, SHAPE, 1)
    said = torch.zeros(1, 6300, 6, requires_grad=True)
    answers = torch.zeros(1, 6300, 4)
    answers[0, 0] = torch.tensor([101.0, 61, 131, 122])  # IoU 0.9
    answers[0, 1] = torch.tensor([110.0, 70, 140, 131])  # IoU 0.4
    losses(said, answers, [given], found)["objectness"].backward()
    told = said.grad[0, :, 4]
    assert float(told[0]) == 0 and float(told[1]) == 0.5 and float(told[found.places[0]]) == -0.5


def test_places_are_where_the_maps_have_them() -> None:
    maps = [torch.arange(2 * 12 * 2 * 3.0).reshape(2, 12, 2, 3), torch.zeros(2, 12, 4, 6)]
    places = Places.of(maps, (16, 8), each=3)
    assert places.said.shape == (2, (6 + 24) * 3, 4)
    # The second anchor of row 1, column 2.
    index = (1 * 3 + 2) * 3 + 1
    assert places.said[1, index].tolist() == maps[0][1, 4:8, 1, 2].tolist()
    assert places.cells[index].tolist() == [2, 1] and places.strides[index] == 16 and places.strides[-1] == 8
    assert places.cells[-1].tolist() == [5, 3]


def test_anchors_are_the_means_of_what_is_alike() -> None:
    shapes = torch.tensor([(8 * 1.6**n, (5 if n % 2 else 11) * 1.6**n) for n in range(9)])
    sizes = torch.cat([shapes * factor for factor in (0.96, 1.0, 1.04)])
    found = clustered(sizes)
    assert torch.allclose(found, shapes[shapes.prod(1).argsort()], rtol=1e-5)
    assert torch.allclose(found, clustered(sizes.flip(0)), rtol=1e-6) and torch.equal(found, clustered(sizes))
    # They fit better than those of COCO.
    assert float(overlaps(sizes, found).amax(1).mean()) > 0.9 > float(overlaps(sizes, ANCHORS).amax(1).mean())


def test_fewer_boxes_than_anchors_leave_places_for_the_usual_ones() -> None:
    found = clustered(torch.tensor([[50.0, 40.0], [50.0, 40.0], [200.0, 90.0]])).tolist()
    assert [50.0, 40.0] in found and [200.0, 90.0] in found and len(found) == 9
    assert sum(tuple(pair) in COCO for pair in found) == 7
    # (62, 45) is most like one of the two, so that it is not among them.
    assert [62.0, 45.0] not in found
    assert torch.equal(clustered(torch.zeros(0, 2)), ANCHORS)


class Three:
    """A training set of three images of 128 x 256 and a box in each; the last one has none."""

    def __len__(self) -> int:
        return 3

    def samples(self, epoch: int = 0) -> Iterator[Sample[Any, Any]]:
        for place, given in enumerate((boxes((10, 20, 110, 60)), boxes((0, 0, 256, 128)), boxes())):
            yield Sample(Case(str(place), str(place)), Image(torch.zeros(1, 128, 256), "0..1"), given)


def test_anchors_are_found_among_the_training_boxes_in_the_frame_and_kept() -> None:
    network = YoloV3("resnet18", anchors="kmeans", size=(64, 64))
    assert torch.equal(network.anchors, ANCHORS)
    network.prepare(Three())
    found = network.anchors.tolist()
    # A quarter of the size in the image.
    assert [25.0, 10.0] in found and [64.0, 32.0] in found
    again = YoloV3("resnet18", anchors="kmeans", size=(64, 64))
    again.load_state_dict(network.state_dict())
    assert again.anchors.tolist() == found
    fixed = YoloV3("resnet18", size=(64, 64))
    fixed.prepare(Three())
    assert torch.equal(fixed.anchors, ANCHORS)

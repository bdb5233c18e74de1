"""TTFNet: what its cells learn, deformable convolutions, and peaks as the only suppression."""

from __future__ import annotations

import math

import pytest
import torch
from torchvision.ops import deform_conv2d

from medai.tasks import Boxes
from medai_breast.models.deformable import DeformableConv2d
from medai_breast.models.ttfnet import Maps, TTFNet, boxes_of
from medai_breast.models.ttfnet_targets import targets_of


def boxes(*given: tuple[float, float, float, float], labels: tuple[int, ...] | None = None) -> Boxes:
    return Boxes(torch.tensor(given).reshape(-1, 4), torch.tensor(labels or (0,) * len(given), dtype=torch.int64))


def test_as_many_parameters_as_paddledetections_network() -> None:
    # ttfnet_darknet53_1x_coco: backbone 40,584,928, neck 4,841,681, heads 305,876.
    assert sum(parameter.numel() for parameter in TTFNet(3, 80).parameters()) == 45_732_485


def test_a_deformable_convolution_is_torchvisions() -> None:
    torch.manual_seed(0)
    network = DeformableConv2d(6, 5)
    for parameter in (*network.offsets.parameters(), network.mixed.bias):
        torch.nn.init.normal_(parameter, std=2)  # type: ignore[arg-type]  # far over the borders of the map
    features = torch.randn(2, 6, 9, 7)
    found = network.offsets(features)
    weight = network.mixed.weight.view(5, 6, 3, 3)
    expected = deform_conv2d(features, found[:, :18], weight, network.mixed.bias, padding=1, mask=found[:, 18:].sigmoid())
    assert torch.allclose(network(features), expected, atol=1e-5) and expected.std().item() > 0.1


def test_a_deformable_convolution_begins_as_a_plain_one_times_a_half() -> None:
    network = DeformableConv2d(3, 4)
    features = torch.randn(1, 3, 6, 8)
    plain = torch.nn.functional.conv2d(features, network.mixed.weight.view(4, 3, 3, 3), padding=1)
    assert torch.allclose(network(features), plain / 2, atol=1e-6)


def test_cells_under_the_gaussian_learn_the_box_and_weigh_its_area() -> None:
    # 64 x 32 pixels are 16 x 8 cells: radii int(8 * 0.54) = 4 and int(4 * 0.54) = 2 around cell 10, 5.
    targets = targets_of(boxes((8.0, 4.0, 72.0, 36.0), labels=(1,)), 2, (16, 24))
    under = torch.zeros(16, 24, dtype=torch.bool)
    under[3:8, 6:15] = True
    assert torch.equal(targets.weights > 0, under) and bool((targets.boxes[under] == torch.tensor([8.0, 4.0, 72.0, 36.0])).all())
    assert targets.heatmap[1, 5, 10] == 1 and int((targets.heatmap == 1).sum()) == 1 and bool((targets.heatmap[0] == 0).all())
    assert float(targets.heatmap[1, 5, 14]) == pytest.approx(math.exp(-((4 / 1.5) ** 2) / 2))
    assert float(targets.weights.sum()) == pytest.approx(math.log(65 * 33), rel=1e-5)
    assert float(targets.weights[5, 14] / targets.weights[5, 10]) == pytest.approx(math.exp(-((4 / 1.5) ** 2) / 2))


def test_of_two_boxes_with_one_centre_the_smaller_is_learnt_there() -> None:
    large, small = (8.0, 8.0, 72.0, 72.0), (30.0, 30.0, 50.0, 52.0)
    for given in (boxes(large, small, labels=(0, 1)), boxes(small, large, labels=(1, 0))):
        targets = targets_of(given, 2, (24, 24))
        assert targets.heatmap[:, 10, 10].tolist() == [1, 1]
        assert targets.boxes[10, 10].tolist() == list(small) and targets.boxes[10, 13].tolist() == list(large)
        assert 0 < float(targets.weights[10, 13]) < float(targets.weights[10, 10])
    # Of one class, they are one peak.
    assert int((targets_of(boxes(large, small), 2, (24, 24)).heatmap == 1).sum()) == 1


def test_the_smallest_box_has_a_cell_and_a_weight_above_zero() -> None:
    targets = targets_of(boxes((40.0, 20.0, 40.5, 20.25)), 1, (16, 16))
    assert int((targets.weights > 0).sum()) == 1 and float(targets.weights[5, 10]) == pytest.approx(math.log(1.5 * 1.25), rel=1e-5)


def test_at_the_border_a_gaussian_is_cut_and_a_centre_outside_comes_in() -> None:
    targets = targets_of(boxes((44.0, 0.0, 64.0, 16.0)), 1, (16, 16))
    assert targets.heatmap[0, 2, 13] == 1 and bool((targets.weights[:5, 12:15] > 0).any())
    outside = targets_of(boxes((60.0, 60.0, 90.0, 90.0)), 1, (16, 16))
    assert outside.heatmap[0, 15, 15] == 1 and float(outside.weights[15, 15]) == pytest.approx(math.log(31 * 31), rel=1e-5)


def test_without_boxes_nothing_is_learnt() -> None:
    targets = targets_of(boxes(), 2, (8, 12))
    assert targets.heatmap.shape == (2, 8, 12) and targets.boxes.shape == (8, 12, 4)
    assert bool((targets.heatmap == 0).all()) and bool((targets.weights == 0).all())


def test_boxes_lie_around_the_first_pixel_of_a_cell() -> None:
    said = torch.zeros(1, 4, 3, 5)
    said[0, :, 2, 4] = torch.tensor([0.5, 1.0, 2.0, -3.0])  # no side lies on the other side of its cell
    found = boxes_of(said)
    assert found.shape == (1, 15, 4) and found[0, 14].tolist() == [16 - 8, 8 - 16, 16 + 32, 8]


def test_losses_by_hand() -> None:
    network = TTFNet(classes=1, backbone="resnet18")
    logits = torch.full((1, 1, 8, 8), -20.0)
    logits[0, 0, 2, 3] = 0.0
    told = torch.tensor([8.0, 4.0, 16.0, 12.0])  # two by two cells, without radius around cell 3, 2
    predicted = told.expand(1, 64, -1).clone()
    predicted[0, :19] += 50  # elsewhere it may say what it likes
    predicted[0, 19] = torch.tensor([8.0, 4.0, 16.0, 8.0])
    losses = network.losses(Maps(logits, predicted), [Boxes(told[None], torch.tensor([0]))], torch.Size([32, 32]))
    assert losses["heatmap"].item() == pytest.approx(0.25 * math.log(2), rel=1e-5)
    weight = math.log(81)
    assert losses["box"].item() == pytest.approx(5 * 0.5 * weight / (weight + 1e-4), rel=1e-5)


def test_a_peak_of_its_neighbours_is_a_box_and_nothing_else_is_removed() -> None:
    network = TTFNet(classes=2, backbone="resnet18", most=4, least=0.2)
    logits = torch.full((1, 2, 6, 6), -20.0)
    logits[0, 0, 1, 1], logits[0, 0, 1, 2], logits[0, 0, 2, 2] = 2.0, 1.9, 1.8  # one peak and its neighbours
    logits[0, 0, 1, 4], logits[0, 1, 1, 2], logits[0, 1, 5, 5] = 1.0, 0.5, -2.0  # the last is too low
    predicted = torch.tensor([0.0, 0.0, 24.0, 24.0]).expand(1, 36, -1)  # all the same: nothing would outlive a suppression by overlap
    (found,) = network.decoded(Maps(logits, predicted), torch.Size([24, 24]))
    assert found.labels.tolist() == [0, 0, 1] and found.boxes.tolist() == [[0, 0, 24, 24]] * 3
    assert found.scores.tolist() == pytest.approx(torch.tensor([2.0, 1.0, 0.5]).sigmoid().tolist())
    network.most = 2
    assert network.decoded(Maps(logits, predicted), torch.Size([24, 24]))[0].labels.tolist() == [0, 0]
    network.most, network.least = 100, 0.0
    # Plateaus are peaks of their own, cells beside a peak are none whatever is asked for.
    assert not any(
        score == pytest.approx(torch.tensor(1.9).sigmoid())
        for score in network.decoded(Maps(logits, predicted), torch.Size([24, 24]))[0].scores.tolist()
    )

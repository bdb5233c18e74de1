"""Detectors of torchvision at a size of the user's: SSD's default boxes, small images, and what the wrapper makes of boxes and classes."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList

from medai import api
from medai.tasks import Batch, Boxes, Case, Image

SIDES = {300: (38, 19, 10, 5, 3, 1), 320: (40, 20, 10, 5, 3, 1), 128: (16, 8, 4, 2, 2, 2)}
PER_CELL = (4, 6, 6, 6, 4, 4)


def build(architecture: str, **parameters: object) -> Any:
    torch.manual_seed(0)
    return api.build("standard/torchvision-detection", architecture=architecture, classes=2, **parameters)


@functools.cache
def laid_out(side: int) -> tuple[Any, list[torch.Tensor], torch.Tensor]:
    """SSD for a size, its maps and its default boxes."""
    network = build("ssd300_vgg16", size=(side, side)).network.eval()
    with torch.no_grad():
        frame = torch.zeros(1, 3, side, side)
        maps = list(network.backbone(frame).values())
        (boxes,) = network.anchor_generator(ImageList(frame, [(side, side)]), maps)
    return network, maps, boxes


@pytest.mark.parametrize(("side", "cells"), SIDES.items())
def test_ssd_has_a_map_of_each_scale_at_any_size(side: int, cells: tuple[int, ...]) -> None:
    network, maps, _ = laid_out(side)
    assert [tuple(each.shape[-2:]) for each in maps] == [(count, count) for count in cells]
    assert [block[2].padding for block in network.backbone.extra[-2:]] == ([(1, 1)] * 2 if side == 128 else [(0, 0)] * 2)


@pytest.mark.parametrize("side", [320, 128])
def test_a_default_box_is_in_the_middle_of_its_cell(side: int) -> None:
    boxes = laid_out(side)[2]
    middles = torch.split((boxes[:, :2] + boxes[:, 2:]) / 2, [cells**2 * count for cells, count in zip(SIDES[side], PER_CELL, strict=True)])
    for found, cells, count in zip(middles, SIDES[side], PER_CELL, strict=True):
        along = (torch.arange(cells) + 0.5) * side / cells
        wanted = torch.cartesian_prod(along, along).flip(1).repeat_interleave(count, 0)
        assert float((found - wanted).abs().max()) < 1e-3
    # Of the first maps, a cell is as large as the layers before it step.
    assert [side / cells for cells in SIDES[side][:4]] == [8, 16, 32, 64]


def test_nothing_is_changed_at_300() -> None:
    published = DefaultBoxGenerator(
        [[2], [2, 3], [2, 3], [2, 3], [2], [2]], scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05], steps=[8, 16, 32, 64, 100, 300]
    )
    for side in (300, 320):
        _, maps, boxes = laid_out(side)
        (theirs,) = published(ImageList(torch.zeros(1, 3, side, side), [(side, side)]), maps)
        assert torch.equal(boxes, theirs) == (side == 300)


class Caught(nn.Module):
    """In a detector's place: keeps what it is given and finds what it is told to."""

    def __init__(self, *found: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.found = list(found)
        self.given: list[torch.Tensor] = []
        self.targets: list[dict[str, torch.Tensor]] = []

    def forward(self, images: list[torch.Tensor], targets: list[dict[str, torch.Tensor]] | None = None) -> Any:
        self.given, self.targets = images, targets or []
        return {"loss": torch.zeros(())} if self.training else self.found


@pytest.mark.parametrize(
    ("architecture", "background"), [("fasterrcnn_resnet50_fpn", 1), ("retinanet_resnet50_fpn", 0), ("fcos_resnet50_fpn", 0)]
)
def test_classes_count_from_0_outside_and_boxes_are_the_frames_inside(architecture: str, background: int) -> None:
    detector = build(architecture, backbone="resnet18", size=(64, 96)).train()
    corner, whole = [0.0, 0.0, 10.0, 20.0], [0.0, 0.0, 48.0, 64.0]
    references = [Boxes(torch.tensor([corner, whole]), torch.tensor([1, 0])), Boxes(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))]
    cases = (Case("a", "a"), Case("b", "b"))
    # 48 wide and 64 high in 96 by 64: as large as it is, 24 from the left.
    batch: Batch[Any, Any] = Batch(cases, Image(torch.rand(2, 1, 64, 48), "0..1"), references)
    detector.network = caught = Caught()
    detector.training_step(batch, None, "all")
    assert [tuple(image.shape) for image in caught.given] == [(3, 64, 96)] * 2
    assert caught.targets[0]["boxes"].tolist() == [[24.0, 0.0, 34.0, 20.0], [24.0, 0.0, 72.0, 64.0]]
    assert caught.targets[0]["labels"].tolist() == [1 + background, background]
    assert caught.targets[1]["boxes"].shape == (0, 4) and caught.targets[1]["labels"].shape == (0,)
    found = {"boxes": torch.tensor([[20.0, 0.0, 34.0, 20.0], [0.0, 0.0, 20.0, 20.0]]), "labels": torch.tensor([2, 1]) - 1 + background}
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64), "scores": torch.zeros(0)}
    detector.eval()
    detector.network = Caught({**found, "scores": torch.tensor([0.9, 0.8])}, nothing).eval()
    first, second = detector(batch.inputs.pixels)
    # Cut at the image's border; what lies beside the image is nothing.
    assert first.boxes.tolist() == [corner] and first.labels.tolist() == [1] and len(second) == 0

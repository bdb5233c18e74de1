"""TTFNet: centres on a heatmap, and the box around each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss

from medai.inference import Size, Window, steady
from medai.tasks import Boxes
from medai_breast.models.backbones import Backbone
from medai_breast.models.heatmaps import focal_loss
from medai_breast.models.network import Found, LesionDetector, best
from medai_breast.models.places import Places
from medai_breast.models.ttfnet_parts import Neck, box_head, heatmap_head
from medai_breast.models.ttfnet_targets import STRIDE, targets_of

_UNIT = 16.0
"""Pixels for each unit of the box head."""
_BOX_WEIGHT = 5.0


class Maps(NamedTuple):
    """What the network gives at stride 4: logits of the classes (B, classes, h, w), and the box of each cell, row by row, xyxy in pixels of
    the frame, (B, h w, 4)."""

    logits: torch.Tensor
    boxes: torch.Tensor


class TTFNet(LesionDetector):
    """TTFNet of Liu et al. 2020 ("Training-Time-Friendly Network for Real-Time Object Detection", AAAI), as PaddleDetection's
    ttfnet_darknet53_1x_coco has it: a neck with deformable convolutions to stride 4, a heatmap of centres, and the distances of each cell
    to the four sides of its box. A cell that is the highest of its 3x3 neighbours in a class is a box; there is no further suppression of
    doubles.

    With 80 classes and colour it has as many parameters as that. The slope of timm's DarkNet-53 below zero is 0.01, with which its
    weights were learnt, where PaddleDetection's is 0.1. The neck enlarges maps with pixels as areas, as PaddleDetection, where the
    authors align corners.

    Args:
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        backbone: `darknet53`, `resnet18`, `resnet34` or `resnet50`, of timm.
        pretrained: of the backbone: None or `none`, weights drawn at random; `default`, those that timm publishes; or a safetensors file.
        size: height and width at which the network looks, multiples of 32; None: the image's own, padded to one.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        least: the lowest score of a box.
        most: boxes per image.
    """

    def __init__(
        self,
        channels: int = 1,
        classes: int = 1,
        backbone: str = "darknet53",
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        least: float = 0.001,
        most: int = 100,
    ) -> None:
        features = Backbone(backbone, (2, 3, 4, 5), pretrained)
        super().__init__(channels, classes, size, window, features.statistics)
        self.least, self.most = least, most
        self.backbone = features
        self.neck = Neck(features.channels)
        self.heatmap = heatmap_head(self.neck.channels[-1], classes)
        self.distances = box_head(self.neck.channels[-1])
        steady(self)

    def maps(self, frame: torch.Tensor) -> Maps:
        features = self.neck(self.backbone(frame))
        return Maps(self.heatmap(features).float(), boxes_of(self.distances(features)))

    def losses(self, maps: Maps, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        """The focal loss of the heatmap, and five times the GIoU loss of boxes, the mean by weight over the batch."""
        height, width = maps.logits.shape[-2:]
        wanted = [targets_of(target, self.classes, (height, width)) for target in targets]
        weights = torch.stack([each.weights for each in wanted]).flatten(1)
        boxes = torch.stack([each.boxes for each in wanted]).flatten(1, 2)
        learnt = weights > 0
        distances = generalized_box_iou_loss(maps.boxes[learnt], boxes[learnt], reduction="none")
        return {
            "heatmap": focal_loss(maps.logits, torch.stack([each.heatmap for each in wanted])),
            "box": _BOX_WEIGHT * (distances * weights[learnt]).sum() / (weights.sum() + 1e-4),
        }

    def decoded(self, maps: Maps, shape: torch.Size) -> list[Found]:
        """The best peaks of all classes."""
        peaks = F.max_pool2d(maps.logits, 3, stride=1, padding=1) == maps.logits
        # Below any `least`: what is no peak is no box.
        scores = torch.where(peaks, maps.logits.sigmoid(), -1.0).flatten(2).transpose(1, 2)
        return [best(*each, self.least, self.most) for each in zip(maps.boxes, scores, strict=True)]


def boxes_of(distances: torch.Tensor) -> torch.Tensor:
    """Boxes xyxy (B, h w, 4) from what the box head gives of the distances (B, 4, h, w) of each cell's first pixel to the left, upper,
    right and lower side."""
    places = Places.of([distances], [STRIDE])
    sides, first = places.said.relu() * _UNIT, places.cells * STRIDE
    return torch.cat([first - sides[..., :2], first + sides[..., 2:]], -1)

"""YOLOF: one map, one scale, five anchors in each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn import functional as F
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from medai.errors import UsageError
from medai.inference import Size, Window, steady
from medai.tasks import Boxes
from medai_breast.models.backbones import Backbone
from medai_breast.models.network import Found, LesionDetector, best, without_doubles
from medai_breast.models.uniform_matching import uniform_matching
from medai_breast.models.yolof_parts import STRIDE, Decoder, DilatedEncoder

_SHIFT = 32.0
"""Pixels that a box's centre may lie from its anchor's."""
_GROWTH = math.log(1000 / 16)
"""The logarithm of how many times as wide or high as its anchor a box may be."""


class Rows(NamedTuple):
    """What the network gives for each of N anchors: logits (B, N, classes), the boxes that it makes of them (B, N, 4), and their own
    (N, 4), both xyxy in pixels of the frame."""

    logits: torch.Tensor
    boxes: torch.Tensor
    anchors: torch.Tensor


class YOLOF(LesionDetector):
    """YOLOF of Chen et al. 2021 ("You Only Look One-level Feature", CVPR): the backbone's last map, of stride 32, a dilated encoder, a
    decoder with implicit objectness, uniform matching, a focal loss and a GIoU loss.

    With 80 classes, colour and ResNet-50 it has as many parameters as the authors' YOLOF_R_50_C5.

    The five anchors of a cell, squares of 32 to 512 pixels, stay what they are for a frame of 320: the largest is then nobody's nearest
    anchor and learns from those boxes alone that it predicts well. `anchors` gives others. The authors keep scores from 0.05 on; average
    precision looks at doubtful boxes too, so `least` is lower here.

    Args:
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        backbone: `resnet18`, `resnet34`, `resnet50` or `darknet53`, of timm.
        pretrained: of the backbone: None or `none`, weights drawn at random; `default`, those that timm publishes; or a safetensors file.
        size: height and width at which the network looks, multiples of 32; None: the image's own, padded to one.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        anchors: sides of the squares, in pixels of the frame.
        width: channels of encoder and decoder; the blocks' dilated convolutions have a quarter of them.
        least: the lowest score of a box.
        overlap: of two boxes of a class with a larger IoU, the one with the lower score is left out.
        most: boxes per image.
    """

    def __init__(
        self,
        channels: int = 1,
        classes: int = 1,
        backbone: str = "resnet50",
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        anchors: Sequence[float] = (32, 64, 128, 256, 512),
        width: int = 512,
        least: float = 0.001,
        overlap: float = 0.6,
        most: int = 100,
    ) -> None:
        if not anchors or min(anchors) <= 0:
            raise UsageError(f"anchors = {anchors}: not sides in pixels")
        if width < 4:
            raise UsageError(f"width = {width}: not 4 or more")
        features = Backbone(backbone, (5,), pretrained)
        super().__init__(channels, classes, size, window, features.statistics)
        self.sides, self.least, self.overlap, self.most = tuple(anchors), least, overlap, most
        self.backbone = features
        self.encoder = DilatedEncoder(features.channels[0], width)
        self.decoder = Decoder(classes, len(self.sides), width)
        steady(self)

    def maps(self, frame: torch.Tensor) -> Rows:
        (features,) = self.backbone(frame)
        logits, changes = self.decoder(self.encoder(features))
        anchors = squares(changes.cells * STRIDE, self.sides)
        return Rows(logits, changed(anchors, changes.said), anchors)

    def losses(self, maps: Rows, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        """Sums over anchors, for each that learns a class: focal loss of classes (alpha 0.25, gamma 2) and GIoU loss of boxes."""
        of_classes, of_boxes, positive = maps.logits.new_zeros(3)
        for logits, predicted, target in zip(maps.logits, maps.boxes, targets, strict=True):
            matching = uniform_matching(predicted, maps.anchors, target.boxes)
            # The class that nobody owns comes first and, as the last one of all, is cut off again.
            named = F.pad(target.labels, (1, 0), value=self.classes)[matching.owner + 1]
            wanted = F.one_hot(named, self.classes + 1)[:, :-1].to(logits)
            own = sigmoid_focal_loss(logits, wanted, alpha=0.25, gamma=2, reduction="none")
            of_classes = of_classes + own[~matching.ignored].sum()
            rows, columns = matching.times.nonzero(as_tuple=True)
            distances = generalized_box_iou_loss(predicted[rows], target.boxes[columns], reduction="none")
            of_boxes = of_boxes + (distances * matching.times[rows, columns]).sum()
            positive = positive + (matching.owner >= 0).sum()
        return {"class": of_classes / positive.clamp_min(1), "box": of_boxes / positive.clamp_min(1)}

    def decoded(self, maps: Rows, shape: torch.Size) -> list[Found]:
        """The best of all anchors and classes, without doubles."""
        return [
            without_doubles(best(boxes, logits.sigmoid(), self.least), self.overlap, self.most)
            for boxes, logits in zip(maps.boxes, maps.logits, strict=True)
        ]


def squares(middle: torch.Tensor, sides: Sequence[float]) -> torch.Tensor:
    """Anchors xyxy (N, 4) around x and y (N, 2), the sides in turn."""
    half = torch.tensor(sides, dtype=middle.dtype, device=middle.device)[:, None] / 2
    middle = middle.unflatten(0, (-1, len(sides)))
    return torch.cat([middle - half, middle + half], -1).flatten(0, 1)


def changed(anchors: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
    """Boxes xyxy from anchors (N, 4) and changes (B, N, 4): of the centre in sides of the anchor, by 32 pixels at most; of width and
    height, their logarithms."""
    sides = anchors[:, 2:] - anchors[:, :2]
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2 + (changes[..., :2] * sides).clamp(-_SHIFT, _SHIFT)
    half = sides * changes[..., 2:].clamp_max(_GROWTH).exp() / 2
    return torch.cat([middle - half, middle + half], -1)

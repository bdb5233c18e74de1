"""YOLOv3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from medai.errors import UsageError
from medai.inference import Size, Window, steady
from medai.tasks import Boxes, Feed
from medai_breast.models.anchors import COCO, clustered, of_numbers
from medai_breast.models.backbones import Backbone
from medai_breast.models.network import Found, LesionDetector, best, without_doubles
from medai_breast.models.places import Places, around, inside
from medai_breast.models.yolov3_loss import EACH, STRIDES, losses, matched
from medai_breast.models.yolov3_neck import YoloNeck

_PRIOR = 0.01


class YoloV3(LesionDetector):
    """YOLOv3: three anchors in each cell of three maps say where a lesion is, that there is one, and its class (Redmon and Farhadi 2018,
    arXiv:1804.02767; the losses and the neck are those of PaddleDetection).

    A box's confidence is its objectness times its class's probability. Objectness begins at 0.01 and not, as there, at a half, which over
    thousands of empty places is nearly all of the loss, and what the first steps are spent on.

    Args:
        backbone: `darknet53`, `resnet18`, `resnet34` or `resnet50`. timm's DarkNet-53, as its weights want it, leaks a hundredth where the
            paper's leaks a tenth.
        channels: of the images: 1 or 3.
        classes: of boxes.
        pretrained: None or `none`: weights drawn at random. `default`: those of the backbone that timm publishes. Else a safetensors file
            of the backbone.
        anchors: `coco`: the nine of the paper, in pixels of whatever frame, as PaddleDetection has them from 320 to 608 pixels. `kmeans`:
            clustered among the training boxes, in the frame, before the first step. Else nine widths and heights in pixels of the frame;
            the largest three are those of stride 32.
        size: height and width at which the network looks, multiples of 32; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        least: the lowest confidence of a box.
        overlap: of two boxes of a class with a larger IoU, the one with the lower confidence is left out.
        most: boxes per image.

    Raises:
        UsageError: there is no such backbone, or the anchors are none.
    """

    anchors: torch.Tensor

    def __init__(
        self,
        backbone: str = "darknet53",
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        anchors: Literal["coco", "kmeans"] | Sequence[tuple[float, float]] = "coco",
        size: Size | None = None,
        window: Window | None = None,
        least: float = 0.005,
        overlap: float = 0.45,
        most: int = 100,
    ) -> None:
        features = Backbone(backbone, (3, 4, 5), pretrained)
        super().__init__(channels, classes, size, window, features.statistics)
        if isinstance(anchors, str) and anchors not in ("coco", "kmeans"):
            raise UsageError(f"anchors = {anchors!r}: coco, kmeans, or nine widths and heights in pixels")
        self.clusters = anchors == "kmeans"
        # Saved: a trained network goes on with the anchors that it learnt with.
        self.register_buffer("anchors", of_numbers(COCO if isinstance(anchors, str) else anchors))
        self.least, self.overlap, self.most = least, overlap, most
        self.backbone = features
        self.neck = YoloNeck(features.channels)
        self.heads = nn.ModuleList([_head(width, classes) for width in self.neck.channels])
        steady(self)

    def prepare(self, train: Feed[Any, Any]) -> None:
        """Find the anchors among the training boxes, where that is asked for."""
        super().prepare(train)
        if self.clusters:
            given = ((sample.inputs.pixels[None], sample.reference) for sample in train.samples())
            boxes = [self.targets([found], pixels, self.classes)[0].boxes for pixels, found in given if found is not None]
            found = torch.cat([torch.zeros(0, 4), *boxes])
            self.anchors.copy_(clustered(found[:, 2:] - found[:, :2]))

    def maps(self, frame: torch.Tensor) -> list[torch.Tensor]:
        """Of strides 32, 16 and 8: float32 (B, 3 * (5 + n), h, w)."""
        return [head(found) for head, found in zip(self.heads, self.neck(self.backbone(frame)), strict=True)]

    def losses(self, maps: Any, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        said, boxes = self._read(maps)
        return losses(said, boxes, targets, matched(targets, self.anchors, shape, self.classes))

    def decoded(self, maps: Any, shape: torch.Size) -> list[Found]:
        said, boxes = self._read(maps)
        scores = said[..., 4:5].sigmoid() * said[..., 5:].sigmoid()
        # Cut first: two answers for a lesion at the border may differ most beyond it.
        found = (best(*each, self.least) for each in zip(inside(boxes, shape), scores, strict=True))
        return [without_doubles(each, self.overlap, self.most) for each in found]

    def _read(self, maps: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """What is said at every place, (B, N, 5 + n), and the boxes that it comes to, xyxy (B, N, 4) in pixels of the frame."""
        places = Places.of(maps, STRIDES, EACH)
        # The largest anchors are those of the first level.
        levels = zip(self.anchors.unflatten(0, (-1, EACH)).flip(0), maps, strict=True)
        anchors = torch.cat([own.repeat(found.shape[-2] * found.shape[-1], 1) for own, found in levels])
        centres = (places.said[..., :2].sigmoid() + places.cells) * places.strides
        return places.said, around(centres, places.said[..., 2:4], anchors)


def _head(width: int, classes: int) -> nn.Conv2d:
    head = nn.Conv2d(width, EACH * (5 + classes), 1)
    assert head.bias is not None
    with torch.no_grad():
        head.bias[4 :: 5 + classes] = math.log(_PRIOR / (1 - _PRIOR))
    return head

"""SSD on a ResNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_iou, clip_boxes_to_image

from medai.errors import UsageError
from medai.inference import Size, Window, steady
from medai.tasks import Boxes
from medai_breast.models.backbones import Backbone
from medai_breast.models.network import Found, LesionDetector, best, without_doubles

_EXTRA = ((256, 512, 2), (256, 512, 2), (128, 256, 2), (128, 256, 1), (128, 256, 1))
"""Of each layer behind the backbone: channels between and after, and stride."""
_SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
"""Sides of square default boxes, map by map, as shares of the frame's."""
_RATIOS = ([2], [2, 3], [2, 3], [2, 3], [2], [2])
"""Ratios of the sides of the others, each lying and standing."""
_MATCH = 0.5
"""IoU from which a default box answers for a lesion."""
_HARD = 0.01
"""Share of the default boxes of an image without lesions that it teaches by."""
_NEGATIVES = 3
"""Default boxes without a lesion to one with."""


class Maps(NamedTuple):
    """What the network says: for each default box offsets (B, A, 4) and logits (B, A, 1 + classes), the background's first; and the default
    boxes float32 (A, 4), xyxy in pixels of the frame."""

    offsets: torch.Tensor
    logits: torch.Tensor
    boxes: torch.Tensor


class Ssd(LesionDetector):
    """SSD (Liu et al. 2016, doi:10.1007/978-3-319-46448-0_2) on a ResNet: each cell of six maps says, for four or six default boxes of that
    map's scale, which class is in it and how the box is off.

    Laid out as PaddleDetection's `ssd_r34_70e_coco`: the ResNet ends with its third stage, whose stride is taken away, at stride 8; default
    boxes are cut at the frame. The head, the loss with its hard negatives and the coding of boxes are torchvision's. Default boxes lie in
    the middle of their cells at every size (section 2.2), where PaddleDetection states the steps of 300 by 300. Of two boxes that are most
    like the same default box each gets one of its own, as with the authors; the libraries give it to the last. An image without lesions
    teaches by the hundredth of its default boxes that are most mistaken, as in PaddleDetection; torchvision leaves it out.

    Args:
        backbone: `resnet18`, `resnet34` or `resnet50`.
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        pretrained: of the backbone; None or `none`, `default` for timm's, or a safetensors file.
        size: height and width at which the network looks, multiples of 32; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        least: the lowest confidence of a box.
        overlap: of two boxes of a class with a larger IoU, the one with the lower confidence is left out.
        most: boxes per image.

    Raises:
        UsageError: there is no such backbone.
    """

    def __init__(
        self,
        backbone: str = "resnet34",
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        least: float = 0.01,
        overlap: float = 0.5,
        most: int = 100,
    ) -> None:
        layers = _Layers(backbone, pretrained)
        super().__init__(channels, classes, size, window, layers.backbone.statistics)
        self.least, self.overlap, self.most = least, overlap, most
        # Its resizing is never asked, so the size given to it is of no matter.
        self.network = SSD(layers, _DefaultBoxes(list(_RATIOS), scales=list(_SCALES)), (1, 1), classes + 1, iou_thresh=_MATCH)
        steady(self)

    def maps(self, frame: torch.Tensor) -> Maps:
        features = list(self.network.backbone(frame).values())
        said = self.network.head(features)
        (boxes,) = self.network.anchor_generator(ImageList(frame, [tuple(frame.shape[-2:])]), features)
        return Maps(said["bbox_regression"].float(), said["cls_logits"].float(), boxes)

    def losses(self, maps: Maps, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        """`bbox_regression` (smooth L1) and `classification` (cross-entropy), summed, by the number of default boxes that answer."""
        matches = [matched(target.boxes, maps.boxes) for target in targets]
        given = [{"boxes": target.boxes, "labels": target.labels + 1} for target in targets]
        said = {"bbox_regression": maps.offsets, "cls_logits": maps.logits}
        found: dict[str, torch.Tensor] = self.network.compute_loss(given, said, [maps.boxes] * len(targets), matches)
        empty = maps.logits[[place for place, target in enumerate(targets) if not len(target)]]
        answering = sum((match >= 0).sum() for match in matches)
        return {**found, "classification": found["classification"] + _background(empty, answering)}

    def decoded(self, maps: Maps, shape: torch.Size) -> list[Found]:
        scores = maps.logits.softmax(-1)[..., 1:]
        boxes = [clip_boxes_to_image(self.network.box_coder.decode_single(each, maps.boxes), (shape[0], shape[1])) for each in maps.offsets]
        found = (best(*each, self.least) for each in zip(boxes, scores, strict=True))
        return [without_doubles(each, self.overlap, self.most) for each in found]


class _Layers(nn.Module):
    """The six maps, the finest first: of the backbone's third stage without its stride, and of what follows it."""

    def __init__(self, name: str, pretrained: str | None) -> None:
        super().__init__()
        self.backbone = Backbone(name, (4,), pretrained)
        if not name.startswith("resnet"):
            raise UsageError(f"backbone = {name!r}: breast/ssd stands on a ResNet")
        for part in self.backbone.network.layer3.modules():
            if isinstance(part, nn.Conv2d):
                part.stride = (1, 1)
        self.out_channels = [self.backbone.channels[-1], *(after for _, after, _ in _EXTRA)]
        before = zip(self.out_channels, _EXTRA, strict=False)
        self.extra = nn.ModuleList([_block(given, *layer) for given, layer in before])

    def forward(self, frame: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.backbone(frame)
        for block in self.extra:
            maps.append(block(maps[-1]))
        return {str(place): each for place, each in enumerate(maps)}


class _DefaultBoxes(DefaultBoxGenerator):
    """torchvision's, cut at the frame."""

    def forward(self, image_list: ImageList, feature_maps: list[torch.Tensor]) -> list[torch.Tensor]:
        boxes = super().forward(image_list, feature_maps)
        return [clip_boxes_to_image(each, shape) for each, shape in zip(boxes, image_list.image_sizes, strict=True)]


def matched(boxes: torch.Tensor, default: torch.Tensor) -> torch.Tensor:
    """Which of the boxes (N, 4) each default box (A, 4) answers for, int64 (A,), -1 for none: the one that it overlaps most, if by at least
    0.5. Each box has a default box of its own besides, the pairs that overlap most first."""
    if not len(boxes):
        return torch.full(default.shape[:1], -1, device=default.device)
    overlaps = box_iou(boxes, default)
    highest, found = overlaps.max(0)
    found[highest < _MATCH] = -1
    for _ in boxes:
        place = overlaps.argmax()
        box, own = place // len(default), place % len(default)
        found[own] = box
        overlaps[box], overlaps[:, own] = -1, -1
    return found


def _background(logits: torch.Tensor, answering: torch.Tensor | int) -> torch.Tensor:
    """The loss of images (B, A, 1 + classes) without lesions. At least a third as many boxes are taken to answer: a batch of such images
    alone would teach a hundred times what others do."""
    losses = F.cross_entropy(logits.flatten(0, 1), logits.new_zeros(logits[..., 0].numel(), dtype=torch.long), reduction="none")
    hard = losses.view(logits.shape[:2]).topk(max(1, int(_HARD * logits.shape[1])), 1).values
    total: torch.Tensor = hard.sum() / max(1.0, float(answering), hard.numel() / _NEGATIVES)
    return total


def _block(given: int, between: int, after: int, stride: int) -> nn.Sequential:
    last = nn.Conv2d(between, after, 3, stride, padding=int(stride > 1))
    if stride == 1:
        last.register_forward_pre_hook(_padded)
    block = nn.Sequential(nn.Conv2d(given, between, 1), nn.ReLU(inplace=True), last, nn.ReLU(inplace=True))
    for layer in (block[0], last):
        assert isinstance(layer, nn.Conv2d) and layer.bias is not None
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    return block


def _padded(convolution: Any, given: tuple[torch.Tensor, ...]) -> None:
    """A map of fewer than three cells, of a small image, is padded: nothing would be left of it."""
    convolution.padding = tuple(int(side < 3) for side in given[0].shape[-2:])

"""CornerNet: boxes as pairs of corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from medai.errors import UsageError
from medai.inference import Size, Window, steady
from medai.tasks import Boxes
from medai_breast.models.backbones import Backbone
from medai_breast.models.corners import Corners, PredictionModule, at_cells, convolution, offset_loss, pull_and_push, wanted_corners
from medai_breast.models.heatmaps import focal_loss
from medai_breast.models.network import Found, LesionDetector, best, without_doubles

_CHANNELS = 256
_UPPER_LEFT, _LOWER_RIGHT = slice(0, 2), slice(2, 4)
_EMBEDDING = 0.1
"""Weight of both parts of the embeddings' loss."""
_CORNERS = 100
"""Of each kind that are paired in an image."""
_APART = 0.5
"""Embeddings of one box's corners differ by no more."""
_LEAST = 0.001
"""Score of a corner."""
_OVERLAP, _MOST = 0.5, 100
"""Boxes overlap by no more, and there are no more in an image."""

Maps = tuple[Corners, Corners]
"""The upper left and the lower right corners."""


class CornerNet(LesionDetector):
    """CornerNet (Law & Deng 2018, doi:10.1007/978-3-030-01264-9_45) on a ResNet: boxes found as pairs of corners, without anchors.

    The paper's network stands on two stacked hourglasses. The study has it on ResNet-50 and does not say how. Here the backbone's maps
    are fused from the coarsest down (Lin et al. 2017, doi:10.1109/CVPR.2017.106) to one of 256 channels at `stride`: 4 is the paper's.
    PaddleDetection, which the study used, has a CornerNet-Squeeze on ResNet-50 that looks at the map of stride 8 of a feature pyramid.
    All behind that map is the paper's: corner pooling, prediction modules, embeddings and offsets, losses and their weights.

    Corners are paired within a class if their embeddings differ by at most 0.5 and the lower right one lies below and to the right of
    the other. A box has the mean score of its two corners, so up to a half where only one is sure. Of boxes that overlap by an IoU above
    0.5 the best is kept, where the authors lower the scores of the others (soft-NMS); and an image is looked at once, where they look
    at its mirror image too.

    Args:
        backbone: `resnet18`, `resnet34`, `resnet50` or `darknet53`.
        stride: pixels to a cell of the map on which corners are found.
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        pretrained: of the backbone; None or `none`, `default` for timm's, or a safetensors file.
        size: height and width at which the network looks, multiples of 32; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
    """

    def __init__(
        self,
        backbone: str = "resnet50",
        stride: Literal[4, 8] = 4,
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
    ) -> None:
        if stride not in (4, 8):
            raise UsageError(f"stride = {stride}: not 4 or 8")
        levels = (2, 3, 4, 5) if stride == 4 else (3, 4, 5)
        body = Backbone(backbone, levels, pretrained)
        super().__init__(channels, classes, size, window, body.statistics)
        self.stride = stride
        self.backbone, self.fused = body, Fused(body.channels)
        self.upper_left = PredictionModule(_CHANNELS, classes, backwards=True)
        self.lower_right = PredictionModule(_CHANNELS, classes, backwards=False)
        steady(self)

    def maps(self, frame: torch.Tensor) -> Maps:
        fused = self.fused(self.backbone(frame))
        return self.upper_left(fused), self.lower_right(fused)

    def losses(self, maps: Maps, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        """`heatmap`, `pull`, `push` and `offset`, as the authors' code adds them up: both kinds of corners; heatmaps and offsets per corner
        of the batch, embeddings per image, summed over them."""
        height, width = maps[0].heat.shape[-2:]
        wanted = [wanted_corners(targets, ends, self.stride, self.classes, (height, width)) for ends in (_UPPER_LEFT, _LOWER_RIGHT)]
        pairs = list(zip(maps, wanted, strict=True))
        tags = [[at_cells(*each) for each in zip(found.tags, right.cells, strict=True)] for found, right in pairs]
        pull, push = zip(*(pull_and_push(*pair) for pair in zip(*tags, strict=True)), strict=True)
        return {
            "heatmap": torch.stack([focal_loss(found.heat, right.heat) for found, right in pairs]).sum(),
            "pull": _EMBEDDING * torch.stack(pull).sum(),
            "push": _EMBEDDING * torch.stack(push).sum(),
            "offset": torch.stack([offset_loss(found.offsets, right) for found, right in pairs]).sum(),
        }

    def decoded(self, maps: Maps, shape: torch.Size) -> list[Found]:
        images = range(len(maps[0].heat))
        return [self._paired(*(strongest(corners.of(image), self.stride) for corners in maps)) for image in images]

    def _paired(self, upper_left: Strongest, lower_right: Strongest) -> Found:
        """The boxes of an image whose corners fit together."""
        first, second = (Strongest(*(part[:, None] for part in upper_left)), Strongest(*(part[None] for part in lower_right)))
        fits = (first.labels == second.labels) & ((first.tags - second.tags).abs() <= _APART)
        fits = fits & (second.points > first.points).all(-1) & (first.scores >= _LEAST) & (second.scores >= _LEAST)
        scores = torch.where(fits, (first.scores + second.scores) / 2, 0.0)
        boxes = torch.cat(torch.broadcast_tensors(first.points, second.points), -1)
        by_class = F.one_hot(first.labels, self.classes) * scores[..., None]
        return without_doubles(best(boxes.flatten(0, 1), by_class.flatten(0, 1), _LEAST), _OVERLAP, _MOST)


class Fused(nn.Module):
    """Maps of a backbone, each half the size of the one before, as one of the first's size with 256 channels: from the coarsest down, each
    is added, twice as large, to what a 1x1 convolution makes of the next; then a 3x3 convolution.

    Args:
        channels: of each map, the finest first.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(count, _CHANNELS, 1) for count in channels)
        self.after = convolution(_CHANNELS, _CHANNELS, 3)

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        *finer, fused = (layer(each) for layer, each in zip(self.lateral, maps, strict=True))
        for lateral in reversed(finer):
            fused = lateral + F.interpolate(fused, scale_factor=2.0, mode="nearest")
        found: torch.Tensor = self.after(fused)
        return found


class Strongest(NamedTuple):
    """An image's corners of one kind, best scores first: x and y in pixels of the frame (k, 2), classes (k,), scores (k,) and embeddings
    (k,)."""

    points: torch.Tensor
    labels: torch.Tensor
    scores: torch.Tensor
    tags: torch.Tensor


def strongest(corners: Corners, stride: int) -> Strongest:
    """The best hundred corners of an image, each the highest among its neighbours in its class's map.

    Args:
        corners: maps without the batch's axis.
        stride: pixels of the frame to a cell.
    """
    probability = corners.heat.sigmoid()
    peaks = torch.where(F.max_pool2d(probability[None], 3, stride=1, padding=1)[0] == probability, probability, 0.0)
    scores, places = peaks.flatten().topk(min(_CORNERS, peaks.numel()))
    height, width = probability.shape[-2:]
    labels, inside = places // (height * width), places % (height * width)
    cells = torch.stack([inside % width, inside // width], 1)
    return Strongest((cells + at_cells(corners.offsets, cells)) * stride, labels, scores, at_cells(corners.tags, cells).squeeze(1))

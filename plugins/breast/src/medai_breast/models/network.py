"""What the study's own networks share: grey images as three equal channels, one way to learn and to answer, one way to drop doubles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torchvision.ops import batched_nms

from medai.errors import UsageError
from medai.inference import BoxFrame, Size, Statistics, Window
from medai.tasks import Batch, Boxes

_CANDIDATES = 1000
"""Boxes of an image that are looked at for overlaps, best scores first."""


class Found(NamedTuple):
    """What was found in one image: boxes float32 (N, 4) xyxy in pixels of the frame, classes int64 (N,), scores (N,) from 0 to 1."""

    boxes: torch.Tensor
    labels: torch.Tensor
    scores: torch.Tensor


class LesionDetector(BoxFrame):
    """A detector with its own loss. A subclass offers `maps` (what the network gives of a framed batch), `losses` of them and the boxes to
    find, and `decoded`, what was found in each image.

    Grey or colour images in physical units, float32 (B, C, H, W), to a `Boxes` per image, in its pixels, classes 0 to classes - 1. Grey
    images are given in three equal channels.

    Args:
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        size: height and width at which the network looks, multiples of 32; None: the image's own, padded to one.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        statistics: mean and deviation of the pictures, in 0..1, that its backbone wants.
    """

    multiple = 32

    def __init__(self, channels: int, classes: int, size: Size | None, window: Window | None, statistics: Statistics) -> None:
        if classes < 1:
            raise UsageError(f"classes = {classes}: not 1 or more")
        if size is not None and any(side % self.multiple for side in size):
            raise UsageError(f"size = {size}: not multiples of {self.multiple}")
        super().__init__(channels, window, size, statistics)
        self.classes = classes

    def maps(self, frame: torch.Tensor) -> Any:
        """What the network gives of images (B, 3, h, w) on its scale, h and w multiples of 32."""
        raise NotImplementedError

    def losses(self, maps: Any, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        """Scalars by name, of a batch; targets are in pixels of the frame (h, w) = `shape`."""
        raise NotImplementedError

    def decoded(self, maps: Any, shape: torch.Size) -> Sequence[Found]:
        """What was found in each image of a batch, best scores first."""
        raise NotImplementedError

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> dict[str, torch.Tensor]:
        """The network's own losses; `loss` is not used."""
        pixels = batch.inputs.pixels
        targets = self.targets(batch.reference, pixels, self.classes)
        frame = self.framed(pixels)
        return self.losses(self.maps(frame), targets, frame.shape[-2:])

    def forward(self, pixels: torch.Tensor) -> list[Boxes]:
        frame = self.framed(pixels)
        return [self.answer(*found, pixels) for found in self.decoded(self.maps(frame), frame.shape[-2:])]

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = super().scaled(pixels)
        return scaled.expand(-1, 3, -1, -1) if self.channels == 1 else scaled


def best(boxes: torch.Tensor, scores: torch.Tensor, least: float, most: int = _CANDIDATES) -> Found:
    """The highest of the scores (N, n) of boxes (N, 4) for n classes, at least `least`; a box may stand there for several classes."""
    flat = scores.flatten()
    # In this order, a graph that is made of it takes any number of them, from none.
    (places,) = (flat >= least).nonzero(as_tuple=True)
    values, order = flat[places].sort(descending=True)
    places = places[order[:most]]
    return Found(boxes[places // scores.shape[1]], places % scores.shape[1], values[:most])


def without_doubles(found: Found, overlap: float, most: int) -> Found:
    """Without boxes that overlap a better one of their class by more than `overlap` (IoU), and at most `most`."""
    kept = batched_nms(found.boxes, found.scores, found.labels, overlap)[:most]
    return Found(found.boxes[kept], found.labels[kept], found.scores[kept])

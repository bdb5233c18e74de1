"""YOLOX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

from medai.errors import UsageError
from medai.inference import PLAIN, Size, Window, steady
from medai.tasks import Boxes
from medai_breast.models.network import Found, LesionDetector, best, without_doubles
from medai_breast.models.places import Places, around
from medai_breast.models.simota import assigned
from medai_breast.models.yolox_network import YoloxNetwork
from medai_breast.models.yolox_published import load_published

_VARIANTS = {"nano": (0.33, 0.25), "tiny": (0.33, 0.375), "s": (0.33, 0.5), "m": (0.67, 0.75), "l": (1.0, 1.0), "x": (1.33, 1.25)}
"""Depth and width of each."""

_STRIDES = (8, 16, 32)
_BOX_COUNTS = 5.0


class Yolox(LesionDetector):
    """YOLOX: every cell of three maps says where a lesion is, that there is one, and its class, without anchors; the network itself decides
    while it learns which cells answer for a box (Ge et al. 2021, arXiv:2107.08430).

    A box's confidence is its objectness times its class's probability. The losses are 5 times 1 - IoU^2, and cross-entropy of objectness
    and of the classes, which are as probable as the overlap is large; all by the number of cells that answer. The L1 that public code adds
    in its last 15 epochs is left out.

    Args:
        variant: `nano`, `tiny`, `s`, `m`, `l` or `x`.
        channels: of the images: 1 or 3.
        classes: of boxes.
        pretrained: None or `none`: weights drawn at random. Else a file of weights (safetensors, or a checkpoint of
            https://github.com/Megvii-BaseDetection/YOLOX, version 0.1.1 or later), except of the classes where it has another number.
            Public weights want pictures as 0..255, which they then get; where an image does not fill `size`, public code puts it at the
            top left in grey of 114, here it is in the middle of black.
        size: height and width at which the network looks, multiples of 32; None: the image's own.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        least: the lowest confidence of a box.
        overlap: of two boxes of a class with a larger IoU, the one with the lower confidence is left out.
        most: boxes per image.

    Raises:
        UsageError: there is no such variant.
        DataError: the file is missing, or of another network.
    """

    def __init__(
        self,
        variant: Literal["nano", "tiny", "s", "m", "l", "x"] = "m",
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        least: float = 0.001,
        overlap: float = 0.65,
        most: int = 100,
    ) -> None:
        super().__init__(channels, classes, size, window, PLAIN)
        if variant not in _VARIANTS:
            raise UsageError(f"variant = {variant!r}: there are {', '.join(_VARIANTS)}")
        self.least, self.overlap, self.most = least, overlap, most
        self.network = YoloxNetwork(*_VARIANTS[variant], classes, separable=variant == "nano")
        load_published(self, pretrained)
        steady(self)

    def maps(self, frame: torch.Tensor) -> list[torch.Tensor]:
        """Of strides 8, 16 and 32: float32 (B, 5 + n, h, w)."""
        found: list[torch.Tensor] = self.network(frame)
        return found

    def losses(self, maps: Any, targets: Sequence[Boxes], shape: torch.Size) -> dict[str, torch.Tensor]:
        places = Places.of(maps, _STRIDES)
        said, boxes, scores = places.said, _boxes(places), _scores(places).sqrt()
        centres = (places.cells + 0.5) * places.strides
        images = zip(boxes, scores, targets, strict=True)
        found = [assigned(own, score, centres, places.strides, target) for own, score, target in images]
        image = torch.cat([torch.full_like(each.places, place) for place, each in enumerate(found)])
        own = image, torch.cat([each.places for each in found])
        wanted = torch.cat([target.boxes[each.boxes] for target, each in zip(targets, found, strict=True)])
        labels = torch.cat([target.labels[each.boxes] for target, each in zip(targets, found, strict=True)])

        there = torch.zeros_like(said[..., 4])
        there[own] = 1
        classes = one_hot(labels, self.classes) * torch.cat([each.overlaps for each in found])[:, None]
        summed = {
            "box": _BOX_COUNTS * (1 - _overlaps(boxes[own], wanted) ** 2),
            "objectness": binary_cross_entropy_with_logits(said[..., 4], there, reduction="none"),
            "class": binary_cross_entropy_with_logits(said[own][:, 5:], classes, reduction="none"),
        }
        return {name: values.sum() / max(len(labels), 1) for name, values in summed.items()}

    def decoded(self, maps: Any, shape: torch.Size) -> list[Found]:
        places = Places.of(maps, _STRIDES)
        found = (best(*each, self.least) for each in zip(_boxes(places), _scores(places), strict=True))
        return [without_doubles(each, self.overlap, self.most) for each in found]


def _boxes(places: Places) -> torch.Tensor:
    """Boxes xyxy (B, N, 4) in pixels of the frame. A centre is counted from its cell's corner."""
    return around((places.said[..., :2] + places.cells) * places.strides, places.said[..., 2:4], places.strides)


def _scores(places: Places) -> torch.Tensor:
    """Confidence (B, N, n)."""
    return places.said[..., 4:5].sigmoid() * places.said[..., 5:].sigmoid()


def _overlaps(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """IoU (N,) of each box (N, 4) with the other of its row."""
    sides = (torch.minimum(boxes[:, 2:], others[:, 2:]) - torch.maximum(boxes[:, :2], others[:, :2])).clamp_min(0)
    shared = sides[:, 0] * sides[:, 1]
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (boxes, others)]
    return shared / (areas[0] + areas[1] - shared + 1e-16)

"""torchvision's detectors by name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
import torchvision
from torch import nn
from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from medai.errors import UsageError
from medai.inference import PLAIN, Detector, Size, Window, steady
from medai.tasks import Batch, Boxes
from medai_standard.models.libraries import built, known_name
from medai_standard.models.pretrained import into_network, of_torchvision

# Those with masks or keypoints want them to learn from.
_LEFT_OUT = ("keypointrcnn", "maskrcnn")
# Faster R-CNN's and SSD's class 0 is the background; RetinaNet and FCOS have none.
_WITH_BACKGROUND = ("fasterrcnn", "ssd")
_RESNETS = ("resnet*", "resnext*", "wide_resnet*")
_ON_RESNETS = {"fasterrcnn_resnet50_fpn": FasterRCNN, "retinanet_resnet50_fpn": RetinaNet, "fcos_resnet50_fpn": FCOS}
# Their boxes and layers are laid out for these sizes, and some layers need them.
_OWN_SIZE = {"ssd300_vgg16": (300, 300), "ssdlite320_mobilenet_v3_large": (320, 320)}


class TorchvisionDetector(Detector):
    """A detector of torchvision: Faster R-CNN, RetinaNet, FCOS, SSD or SSDlite.

    Grey or colour images in physical units, float32 (B, C, H, W), to a `Boxes` per image, in its pixels, classes 0 to classes - 1. Grey
    images are given in three equal channels. It brings its own losses; torchvision's resizing to 800 pixels is off, `size` says.

    Args:
        architecture: torchvision's name, such as `fasterrcnn_resnet50_fpn`, `retinanet_resnet50_fpn`, `fcos_resnet50_fpn`,
            `ssd300_vgg16`, `ssdlite320_mobilenet_v3_large`, `fasterrcnn_mobilenet_v3_large_fpn`.
        backbone: None: the architecture's own. Of those on `resnet50_fpn`, another ResNet of torchvision in its place, such as `resnet18`,
            which learns sooner from few images.
        channels: of the images: 1 or 3.
        classes: of boxes, without a background.
        pretrained: None or `none`: the weights are drawn at random. `default` or torchvision's name of the weights (`COCO_V1`), from a
            mirror, a cache or the network. Else a safetensors file.
        size: height and width at which the network looks; None: the image's own, or, for SSD, 300 by 300 and for SSDlite 320 by 320.
        window: lowest and highest value that the network tells apart, for images that are not in 0..1.
        options: keywords of the detector, such as `{box_score_thresh = 0.01}` for Faster R-CNN or `{score_thresh = 0.01}` for the others.
    """

    multiple = 32

    def __init__(
        self,
        architecture: str = "fasterrcnn_resnet50_fpn",
        backbone: str | None = None,
        channels: int = 1,
        classes: int = 1,
        pretrained: str | None = None,
        size: Size | None = None,
        window: Window | None = None,
        options: dict[str, Any] = {},  # noqa: B006  never changed
    ) -> None:
        listed = torchvision.models.list_models(module=torchvision.models.detection)
        known_name("detector of torchvision", architecture, [name for name in listed if not name.startswith(_LEFT_OUT)])
        build = _builder(architecture, backbone, pretrained)
        weights = of_torchvision(architecture, pretrained)
        super().__init__(channels, window, size or _OWN_SIZE.get(architecture), PLAIN if weights is None else weights.statistics)
        self.classes, self.background = classes, int(architecture.startswith(_WITH_BACKGROUND))
        network = built(f"{architecture} of torchvision", build, options, num_classes=classes + self.background)
        network.transform = _Framed()
        if weights is not None:
            into_network(network, weights.path)
        self.network = steady(network)

    def training_step(self, batch: Batch[Any, Any], loss: Callable[..., Any] | None, turn: str) -> dict[str, torch.Tensor]:
        """The detector's own losses, by its names for them; `loss` is not used."""
        pixels = batch.inputs.pixels
        targets = [
            {"boxes": target.boxes, "labels": target.labels + self.background}
            for target in self.targets(batch.reference, pixels, self.classes)
        ]
        losses: dict[str, torch.Tensor] = self.network(list(self.framed(pixels)), targets)
        return losses

    def forward(self, pixels: torch.Tensor) -> list[Boxes]:
        found = self.network(list(self.framed(pixels)))
        return [self.answer(each["boxes"], each["labels"] - self.background, each["scores"], pixels) for each in found]

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = super().scaled(pixels)
        return scaled.expand(-1, 3, -1, -1) if self.channels == 1 else scaled


def _builder(architecture: str, backbone: str | None, pretrained: str | None) -> Callable[..., nn.Module]:
    """What builds the detector from its classes and torchvision's own keywords, its weights drawn at random.

    Raises:
        UsageError: there is no such backbone, or the architecture or the published weights want their own.
    """
    if backbone is None:
        return functools.partial(torchvision.models.get_model, architecture, weights=None, weights_backbone=None)
    known_name("ResNet of torchvision", backbone, torchvision.models.list_models(torchvision.models, include=_RESNETS))
    if architecture not in _ON_RESNETS:
        raise UsageError(f"backbone = {backbone!r}: {architecture} has its own; {', '.join(_ON_RESNETS)} take another")
    if pretrained not in (None, "none"):
        raise UsageError(f"pretrained = {pretrained!r}: the weights of {architecture} do not fit one on {backbone}")
    return functools.partial(_ON_RESNETS[architecture], _pyramid(backbone, architecture))


def _pyramid(backbone: str, architecture: str) -> nn.Module:
    """A ResNet that learns from the start, and its feature pyramid, with the levels that the architecture looks at."""
    given = {"backbone_name": backbone, "weights": None, "norm_layer": nn.BatchNorm2d, "trainable_layers": 5}
    if architecture.startswith("fasterrcnn"):
        return resnet_fpn_backbone(**given)
    return resnet_fpn_backbone(**given, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))


class _Framed(GeneralizedRCNNTransform):
    """torchvision's transform for images that are on the network's scale and of its size already."""

    def __init__(self) -> None:
        super().__init__(min_size=1, max_size=1, image_mean=[0.0], image_std=[1.0], size_divisible=1)

    def normalize(self, image: torch.Tensor) -> torch.Tensor:
        return image

    def resize(self, image: torch.Tensor, target: Any = None) -> tuple[torch.Tensor, Any]:
        return image, target

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
from medai.inference import PLAIN, BoxFrame, Size, Window, steady
from medai.tasks import Batch, Boxes
from medai_standard.models.libraries import built, known_name
from medai_standard.models.pretrained import Found, into_network, of_torchvision

# Those with masks or keypoints want them to learn from.
_LEFT_OUT = ("keypointrcnn", "maskrcnn")
# Faster R-CNN's and SSD's class 0 is the background; RetinaNet and FCOS have none.
_WITH_BACKGROUND = ("fasterrcnn", "ssd")
_RESNETS = ("resnet*", "resnext*", "wide_resnet*")
_ON_RESNETS = {"fasterrcnn_resnet50_fpn": FasterRCNN, "retinanet_resnet50_fpn": RetinaNet, "fcos_resnet50_fpn": FCOS}
# The backbones of the others, and the weights that torchvision starts them from.
_BACKBONES = {"vgg16": "IMAGENET1K_FEATURES", "mobilenet_v3_large": "IMAGENET1K_V1", "resnet50": "IMAGENET1K_V1"}
_ALONE = "backbone"
# Their boxes and layers are laid out for these sizes, and some layers need them.
_OWN_SIZE = {"ssd300_vgg16": (300, 300), "ssdlite320_mobilenet_v3_large": (320, 320)}


class TorchvisionDetector(BoxFrame):
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
            mirror, a cache or the network. `backbone`: the backbone alone starts from weights learnt on ImageNet, those that torchvision
            starts it from; it takes torchvision's name of others of the backbone too (`IMAGENET1K_V2`). Else a safetensors file of the
            whole detector. All layers learn, whatever they start from.
        size: height and width at which the network looks; None: the image's own, or, for SSD, 300 by 300 and for SSDlite 320 by 320. At
            another size than 300 by 300, SSD's default boxes lie in the middle of the cells of its maps, as its paper has them.
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
        build = _builder(architecture, backbone)
        weights, alone = _weights(architecture, backbone, pretrained)
        super().__init__(channels, window, size or _OWN_SIZE.get(architecture), PLAIN if weights is None else weights.statistics)
        self.classes, self.background = classes, int(architecture.startswith(_WITH_BACKGROUND))
        network = built(f"{architecture} of torchvision", build, options, num_classes=classes + self.background)
        network.transform = _Framed()
        if architecture == "ssd300_vgg16":
            _lay_out(network, self.size)
        if weights is not None and alone:
            into_network(_as_classifier(network.backbone), weights.path, left_out=("fc.*", "classifier.*"))
        elif weights is not None:
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


def _builder(architecture: str, backbone: str | None) -> Callable[..., nn.Module]:
    """What builds the detector from its classes and torchvision's own keywords, its weights drawn at random.

    Raises:
        UsageError: there is no such backbone, or the architecture wants its own.
    """
    if backbone is None:
        return functools.partial(torchvision.models.get_model, architecture, weights=None, weights_backbone=None)
    known_name("ResNet of torchvision", backbone, torchvision.models.list_models(torchvision.models, include=_RESNETS))
    if architecture not in _ON_RESNETS:
        raise UsageError(f"backbone = {backbone!r}: {architecture} has its own; {', '.join(_ON_RESNETS)} take another")
    return functools.partial(_ON_RESNETS[architecture], _pyramid(backbone, architecture))


def _weights(architecture: str, backbone: str | None, pretrained: str | None) -> tuple[Found | None, bool]:
    """The weights to start from, and whether they are of the backbone alone.

    Raises:
        UsageError: there are none of that name, or they do not fit the detector.
        EnvironmentFault, DataError: as `medai.weights.find`.
    """
    network = backbone or next(name for name in _BACKBONES if name in architecture)
    known = [member.name for member in torchvision.models.get_model_weights(network)]
    if pretrained != _ALONE and pretrained not in known:
        if backbone is not None and pretrained not in (None, "none"):
            raise UsageError(f"pretrained = {pretrained!r}: the weights of {architecture} do not fit one on {backbone}; its own: {_ALONE}")
        return of_torchvision(architecture, pretrained, besides=(_ALONE, *known)), False
    if architecture.startswith("ssdlite"):
        raise UsageError(f"pretrained = {pretrained!r}: {architecture} is on a smaller {network} than that which is published")
    return of_torchvision(network, _BACKBONES.get(network, "IMAGENET1K_V1") if pretrained == _ALONE else pretrained), True


def _as_classifier(backbone: Any) -> nn.Module:
    """The layers of a detector's backbone that are a classifier's, by torchvision's names for them there."""
    if not hasattr(backbone, "body"):
        # SSD's layers after the fifth stage of VGG are its own.
        return nn.ModuleDict({"features": nn.Sequential(*backbone.features, *backbone.extra[0][:-1])})
    return backbone.body if hasattr(backbone.body, "layer1") else nn.ModuleDict({"features": backbone.body})


def _lay_out(network: Any, size: Size | None) -> None:
    """SSD for another size than its own: default boxes by that size, and last maps that are not empty at a small one."""
    if size != _OWN_SIZE["ssd300_vgg16"]:
        # torchvision states the steps of 300; without, each map shares out the image evenly (Liu et al. 2016, section 2.2).
        network.anchor_generator.steps = None
    for block in network.backbone.extra[-2:]:
        block[2].register_forward_pre_hook(_padded)


def _padded(convolution: Any, given: tuple[torch.Tensor, ...]) -> None:
    convolution.padding = tuple(int(side < 3) for side in given[0].shape[-2:])


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
